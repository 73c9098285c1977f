import { expect } from 'vitest';
import { test } from '../rig/test.ts';

test('a linked worktree restores what the main one computed, and keeps index and temporary files apart', async ({
  rig,
}) => {
  await rig.git('init', '-q');
  await rig.write({
    'pipeline.yaml': { stages: { copy: { cmd: 'cp in out', deps: ['in'], outs: ['out'] } } },
    in: '1\n',
  });
  await rig.pipe(['init']);
  await rig.pipe(['repro']);
  await rig.git('add', '-A');
  await rig.git('commit', '-q', '-m', 'x');
  await rig.git('worktree', 'add', '-q', '../linked');
  const cwd = '../linked';
  expect((await rig.pipe(['cache', 'dir'], { cwd })).stdout).toBe(`${rig.path('.pipe/cache')}\n`);
  expect((await rig.pipe(['status'], { cwd })).stdout).toContain('copy: will be restored');
  expect(await rig.pipe(['repro'], { cwd })).toMatchObject({ code: 0 });
  expect(await rig.read('../linked/out')).toBe('1\n');
  expect(await rig.exists('../linked/.pipe/cache')).toBe(false);
  expect(await rig.exists('../linked/.pipe/tmp')).toBe(true);

  await rig.write({ '../linked/in': '2\n' });
  const runs = await Promise.all([rig.pipe(['repro'], { cwd }), rig.pipe(['repro', '-f'])]);
  expect(runs.map(({ code, stderr }) => ({ code, stderr }))).toEqual([0, 0].map((code) => ({ code, stderr: '' })));
  expect([await rig.read('out'), await rig.read('../linked/out')]).toEqual(['1\n', '2\n']);
  await rig.write({ in: '2\n' });
  expect((await rig.pipe(['status'])).stdout).toContain('copy: will be restored');
  expect(await rig.files('.pipe/tmp/journal').catch(() => [])).toEqual([]);
});

test('a linked worktree with a cache.dir of its own uses that', async ({ rig }) => {
  await rig.git('init', '-q');
  await rig.pipe(['init']);
  await rig.git('add', '-A');
  await rig.git('commit', '-q', '-m', 'x');
  await rig.git('worktree', 'add', '-q', '../linked');
  await rig.pipe(['cache', 'dir', '--local', '../mine'], { cwd: '../linked' });
  expect((await rig.pipe(['cache', 'dir'], { cwd: '../linked' })).stdout).toBe(`${rig.path('../mine')}\n`);
  expect((await rig.pipe(['cache', 'dir'])).stdout).toBe(`${rig.path('.pipe/cache')}\n`);
});

test('a submodule shares one cache with its checkout in the main worktree, and gc keeps what either needs', async ({
  rig,
}) => {
  const git = async (cwd: string, ...args: string[]): Promise<void> => {
    const done = await rig.run('git', ['-c', 'protocol.file.allow=always', ...args], { cwd });
    expect(done, done.stderr).toMatchObject({ code: 0 });
  };
  await rig.write({ '../data/a.txt': 'a\n' });
  await git('../data', 'init', '-q');
  expect(await rig.pipe(['init'], { cwd: '../data' })).toMatchObject({ code: 0 });
  await rig.pipe(['add', 'a.txt'], { cwd: '../data' });
  await git('../data', 'add', '-A');
  await git('../data', 'commit', '-q', '-m', 'x');
  await rig.git('init', '-q');
  await git('.', 'submodule', '--quiet', 'add', rig.path('../data'), 'deep/data');
  await rig.git('commit', '-q', '-m', 'x');
  await rig.git('worktree', 'add', '-q', '../linked');
  await git('../linked', 'submodule', '--quiet', 'update', '--init');
  const [main, linked] = [{ cwd: 'deep/data' }, { cwd: '../linked/deep/data' }];
  expect((await rig.pipe(['cache', 'dir'], linked)).stdout).toBe(`${rig.path('deep/data/.pipe/cache')}\n`);
  await rig.write({ '../linked/deep/data/b.txt': 'b\n' });
  await rig.pipe(['add', 'b.txt'], linked);
  expect(await rig.pipe(['gc', '-w', '-f'], main)).toMatchObject({ code: 0 });
  await rig.remove('../linked/deep/data/b.txt');
  expect(await rig.pipe(['checkout', 'b.txt'], linked)).toMatchObject({ code: 0 });
  expect(await rig.read('../linked/deep/data/b.txt')).toBe('b\n');
});
