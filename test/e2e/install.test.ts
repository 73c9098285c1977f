import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectValid } from '../setup/schema.ts';

const STAGE = { stages: { copy: { cmd: 'cp in out', deps: ['in'], outs: ['out'] } } };

async function project(rig: Rig): Promise<void> {
  await rig.git('init', '-q');
  await rig.write({ 'pipeline.yaml': STAGE, in: '1\n' });
  await rig.pipe(['init']);
  await rig.git('add', '-A');
  await rig.git('commit', '-q', '-m', 'start');
}

/** A `pipe` that is found first and notes what it is called with; returns what it noted so far. */
async function spy(rig: Rig): Promise<{ env: Record<string, string>; calls: () => Promise<string[]> }> {
  const folder = rig.path('../spy');
  await mkdir(folder);
  const script = [
    '#!/bin/sh',
    'state=$(git rev-parse --git-path rebase-merge)',
    `echo "$* $(test -d "$state" && echo rebasing)" >> ${folder}/calls`,
    '',
  ];
  await writeFile(join(folder, 'pipe'), script.join('\n'));
  await chmod(join(folder, 'pipe'), 0o755);
  const env = { PATH: `${folder}:${String(rig.env['PATH'])}` };
  return { env, calls: async () => (await rig.read(join(folder, 'calls'))).trimEnd().split(/ *\n/) };
}

test('after install a commit shows the status, and undo ends that', async ({ rig }) => {
  await project(rig);
  const installed = await rig.pipe(['install', '--json']);
  expect(installed).toMatchObject({ code: 0, stderr: '' });
  expectValid(JSON.parse(installed.stdout));
  await rig.git('add', '-A');
  const commit = await rig.run('git', ['commit', '-q', '-m', 'attributes']);
  expect(commit.code).toBe(0);
  expect(commit.stdout + commit.stderr).toContain('copy: will run');
  expect((await rig.pipe(['install'])).stdout).toBe('Everything is in place already.\n');
  expect(await rig.pipe(['install', '--undo'])).toMatchObject({ code: 0 });
  expect(await rig.git('commit', '-q', '--allow-empty', '-m', 'silent')).toBe('');
});

test('hooks are silent without pipe and without a project', async ({ rig }) => {
  await project(rig);
  await rig.pipe(['install']);
  const env = { PATH: [...new Set([await folderOf(rig, 'git'), await folderOf(rig, 'sh')])].join(':') };
  expect(await rig.run('git', ['commit', '-q', '--allow-empty', '-m', 'x'], { env })).toMatchObject({
    code: 0,
    stdout: '',
    stderr: '',
  });
  await rig.git('switch', '-q', '--orphan', 'empty');
  await rig.remove('.pipe');
  expect(await rig.run('git', ['commit', '-q', '--allow-empty', '-m', 'x'])).toMatchObject({
    code: 0,
    stdout: '',
    stderr: '',
  });
});

test('hooks are called with what Git says, in every worktree, and a rebase is told from a switch', async ({ rig }) => {
  await project(rig);
  const { env, calls } = await spy(rig);
  await rig.git('worktree', 'add', '-q', '../linked');
  expect((await rig.pipe(['install'], { cwd: '../linked' })).code).toBe(0);
  const start = await rig.git('rev-parse', 'HEAD');
  const run = async (...args: string[]) => {
    expect(await rig.run('git', args, { env })).toMatchObject({ code: 0 });
  };
  await run('commit', '-q', '--allow-empty', '-m', 'ours');
  const ours = await rig.git('rev-parse', 'HEAD');
  await run('switch', '-q', '-c', 'other', start);
  await run('commit', '-q', '--allow-empty', '-m', 'theirs');
  await run('rebase', '-q', 'main');
  await rig.git('init', '-q', '--bare', '../remote.git');
  await run('push', '-q', '../remote.git', 'main');
  expect(await calls()).toEqual([
    'git-hook pre-commit',
    `git-hook post-checkout ${ours} ${start} 1`,
    'git-hook pre-commit',
    expect.stringMatching(new RegExp(`^git-hook post-checkout \\w+ ${ours} 1 rebasing$`)),
    'git-hook pre-push ../remote.git ../remote.git',
  ]);
});

test('a merge and a pull put data in place', async ({ rig }) => {
  await project(rig);
  await rig.write({ 'data.csv': 'one\n' });
  await rig.pipe(['add', 'data.csv']);
  await rig.pipe(['install']);
  const commit = async (message: string) => {
    await rig.git('add', '-A');
    await rig.git('commit', '-q', '-m', message);
  };
  await commit('one');
  for (const [branch, text] of [
    ['fast', 'two\n'],
    ['squashed', 'three\n'],
  ] as const) {
    await rig.git('switch', '-q', '-c', branch);
    await rig.write({ 'data.csv': text });
    await rig.pipe(['add', 'data.csv']);
    await commit(branch);
  }
  await rig.git('switch', '-q', 'main');
  expect(await rig.read('data.csv')).toBe('one\n');
  const merged = await rig.run('git', ['pull', '-q', '--ff-only', '.', 'fast']);
  expect(merged, merged.stderr).toMatchObject({ code: 0 });
  expect(await rig.read('data.csv')).toBe('two\n');
  await rig.git('merge', '-q', '--squash', 'squashed');
  expect(await rig.read('data.csv')).toBe('three\n');
  expect((await rig.pipe(['install', '--undo'])).stdout).toContain('.git/hooks/post-merge\n');
});

test('a merge of data that nobody has fetched succeeds', async ({ rig }) => {
  await project(rig);
  await rig.write({ 'data.csv': 'one\n' });
  await rig.pipe(['add', 'data.csv']);
  await rig.pipe(['install']);
  await rig.git('add', '-A');
  await rig.git('commit', '-q', '-m', 'one');
  await rig.git('switch', '-q', '-c', 'other');
  const pointer = await rig.read('data.csv.pipe');
  await rig.write({ 'data.csv.pipe': pointer.replace(/b3:[0-9a-f]{8}/, 'b3:00000000') });
  await rig.git('commit', '-q', '-a', '-m', 'nowhere');
  await rig.git('switch', '-q', 'main');
  const merged = await rig.run('git', ['merge', '-q', 'other']);
  expect(merged, merged.stderr).toMatchObject({ code: 0 });
});

test('a hook of somebody else stays, and --force adds to it', async ({ rig }) => {
  await project(rig);
  await rig.write({ '.git/hooks/pre-commit': '#!/bin/sh\necho mine\nexit 0\n' });
  await chmod(rig.path('.git/hooks/pre-commit'), 0o755);
  const refused = await rig.pipe(['install']);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('pipe install --force') });
  expect(await rig.exists('.git/hooks/pre-push')).toBe(false);
  expect(await rig.pipe(['install', '--force'])).toMatchObject({ code: 0 });
  const { stdout, stderr } = await rig.run('git', ['commit', '-q', '--allow-empty', '-m', 'x']);
  expect(stdout + stderr).toMatch(/copy: will run[^]*mine/);
});

test('hooks serve the projects below the root of the work tree that they were installed for', async ({ rig }) => {
  await rig.git('init', '-q');
  await rig.write({ 'a/pipeline.yaml': STAGE, 'b/pipeline.yaml': STAGE, 'a/in': '', 'b/in': '' });
  for (const name of ['a', 'b']) expect(await rig.pipe(['init', '--subdir'], { cwd: name })).toMatchObject({ code: 0 });
  await rig.pipe(['install'], { cwd: 'b' });
  const { stdout, stderr } = await rig.run('git', ['commit', '-q', '--allow-empty', '-m', 'x']);
  expect((stdout + stderr).match(/copy: will run/g)).toHaveLength(1);
});

async function folderOf(rig: Rig, command: string): Promise<string> {
  const { stdout } = await rig.run('sh', ['-c', `command -v ${command}`]);
  return join(stdout.trim(), '..');
}
