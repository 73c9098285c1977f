import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectValid } from '../setup/schema.ts';

const D = 'd is recorded with 999 bytes in 7 files, and its digest stands for 6 bytes in 3 files';
const F = 'f is recorded with 999 bytes, and its digest stands for 4 bytes';
const HINTS = [
  'write `size: 6` and `files: 3` into d.pipe, or let `pipe commit d` do it, which records what lies there',
  'write `size: 4` into f.pipe, or let `pipe commit f` do it, which records what lies there',
];

/** A folder `d` and a file `f`, committed and pushed, of which the pointers say another size than they have. */
async function start(rig: Rig): Promise<void> {
  await rig.git('init', '-q', '-b', 'main');
  await pipe(rig, 'init', '-q');
  await pipe(rig, 'remote', 'add', '-q', '-d', 'storage', '../storage');
  await rig.write({ 'd/1': '1\n', 'd/2': '2\n', 'd/s/3': '3\n', f: 'big\n' });
  await pipe(rig, 'add', 'd', 'f');
  await rig.git('add', '-A');
  await rig.git('commit', '-q', '-m', 'one');
  await pipe(rig, 'push', '-q');
  await misstate(rig);
}

async function misstate(rig: Rig): Promise<void> {
  for (const file of ['d.pipe', 'f.pipe']) {
    const text = await rig.read(file);
    await rig.write({ [file]: text.replace(/size: \d+/, 'size: 999').replace(/files: \d+/, 'files: 7') });
  }
}

async function pipe(rig: Rig, ...args: string[]): Promise<string> {
  const run = await rig.pipe(args);
  expect(run, run.stderr).toMatchObject({ code: 0 });
  return run.stdout;
}

describe('a pointer with another size than its digest stands for', () => {
  test.for([
    ['status'],
    ['status', '-c'],
    ['data', 'status'],
    ['checkout'],
    ['fetch'],
    ['pull'],
    ['push'],
    ['gc', '-w', '-f'],
  ])('is one problem for %s', async (args, { rig }) => {
    await start(rig);
    const run = await rig.pipe(args);
    expect(run).toMatchObject({ code: 2 });
    for (const told of ['PIPE_POINTER_SIZE', D, F, ...HINTS]) expect(run.stderr).toContain(told);
    expect(await rig.files('d')).toEqual(['1', '2', 's/3']);
  });

  test.for([['diff'], ['du'], ['fsck']])('is the same problem beside what %s finds', async (args, { rig }) => {
    await start(rig);
    const run = await rig.pipe(args);
    for (const told of [D, F, ...HINTS]) expect(run.stdout).toContain(told);
    const document = (await rig.pipe([...args, '--json'])).json<{ problems: { code: string; hint: string }[] }>();
    expectValid(document);
    expect(document.problems.map(({ code, hint }) => [code, hint])).toEqual(
      HINTS.map((hint) => ['PIPE_POINTER_SIZE', hint]),
    );
  });

  test('is put right by a commit, whether or not the data is in the workspace', async ({ rig }) => {
    await start(rig);
    await pipe(rig, 'commit', 'd', 'f');
    expect(await rig.git('diff', '--stat', '--', '*.pipe')).toBe('');
    await misstate(rig);
    await rig.remove('d', 'f');
    await pipe(rig, 'commit', 'd', 'f');
    expect(await rig.git('diff', '--stat', '--', '*.pipe')).toBe('');
    await pipe(rig, 'checkout');
    await misstate(rig);
    await rig.write({ 'd/new': 'new\n' });
    await pipe(rig, 'add', 'd/new');
    await pipe(rig, 'commit', 'f');
    expect(await pipe(rig, 'status')).toContain('up to date');
    expect(await rig.read('d.pipe')).toContain('size: 10\n    files: 4');
  });

  test('is told of when a folder came from a remote', async ({ rig }) => {
    await start(rig);
    await rig.remove('.pipe/cache', 'd', 'f');
    const run = await rig.pipe(['pull', 'd']);
    expect(run).toMatchObject({ code: 2 });
    expect(run.stderr).toContain(D);
  });

  test('in an old revision stands in nobody’s way', async ({ rig }) => {
    await start(rig);
    await rig.git('commit', '-qam', 'wrong');
    await pipe(rig, 'commit', 'd', 'f');
    await rig.git('commit', '-qam', 'right');
    expect(await pipe(rig, 'diff', 'HEAD~1', 'HEAD')).toBe('Nothing changed.\n');
    expect(await pipe(rig, 'du', '-s', '--rev', 'HEAD~1')).toContain('10 bytes');
    await pipe(rig, 'gc', '-A', '-f');
    await pipe(rig, 'push', '-A');
    expect(await pipe(rig, 'fsck')).toContain('All is well');
  });
});

describe('a lock with another size than the digest of an out stands for', () => {
  const TOLD = 'out is recorded in its lock with 999 bytes in 7 files, and its digest stands for 4 bytes in 2 files, which counts'; // prettier-ignore

  async function make(rig: Rig): Promise<void> {
    await rig.git('init', '-q', '-b', 'main');
    await pipe(rig, 'init', '-q');
    await pipe(rig, 'remote', 'add', '-q', '-d', 'storage', '../storage');
    const cmd = 'mkdir out && echo 1 > out/1 && echo 2 > out/2';
    await rig.write({ 'pipeline.yaml': { stages: { make: { cmd, outs: ['out'] } } } });
    await pipe(rig, 'repro', '-q');
    await pipe(rig, 'push', '-q');
    await rig.git('add', '-A');
    await rig.git('commit', '-q', '-m', 'one');
    const text = await rig.read('pipeline.lock');
    await rig.write({ 'pipeline.lock': text.replace('"files":2', '"files":7').replace(/"size":\d+/, '"size":999') });
  }

  test.for([['diff'], ['du'], ['fsck'], ['gc', '-w', '-f'], ['data', 'status'], ['checkout']])(
    'is told once by %s, and the digest counts',
    async (args, { rig }) => {
      await make(rig);
      await rig.remove('out');
      const run = await rig.pipe(args);
      expect(run, run.stderr).toMatchObject({ code: 0 });
      expect(run.stderr.split(TOLD)).toHaveLength(2);
      expect(run.stderr).toContain('hint: `pipe commit out` puts the lock right');
      expect((await rig.pipe(['-q', ...args])).stderr).toBe('');
      await pipe(rig, 'checkout', '-q');
      expect(await rig.files('out')).toEqual(['1', '2']);
    },
  );

  test('is put right by a commit, and keeps nobody from sharing it', async ({ rig }) => {
    await make(rig);
    expect(await pipe(rig, 'status')).toContain('up to date');
    expect(await pipe(rig, 'push')).toContain('in storage already');
    await rig.remove('out', '.pipe/cache');
    await pipe(rig, 'pull');
    expect(await rig.files('out')).toEqual(['1', '2']);
    await pipe(rig, 'commit', 'out');
    expect(await rig.read('pipeline.lock')).toMatch(/"files":2,"path":"out","size":4\b/);
    expect((await rig.pipe(['checkout'])).stderr).toBe('');
  });
});
