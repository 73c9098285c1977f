import { expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';

async function pipe(rig: Rig, ...args: string[]): Promise<string> {
  const run = await rig.pipe(args);
  expect(run, run.stderr).toMatchObject({ code: 0 });
  return run.stdout;
}

async function refused(rig: Rig, ...args: string[]): Promise<string> {
  const run = await rig.pipe(args);
  expect(run).toMatchObject({ code: 2 });
  return run.stderr;
}

/** Removes from the cache what is no list of a folder. */
async function forgetLarge(rig: Rig): Promise<void> {
  const folder = '.pipe/cache/v1/loose';
  for (const name of await rig.files(folder)) {
    if ((await rig.read(`${folder}/${name}`)).length >= 100_000) await rig.remove(`${folder}/${name}`);
  }
}

const PART = 'PIPE_OUT_PARTIAL  of out, an out of "make", only a part was put in place';

/** A stage that makes a folder `out`, committed twice: with the files `a`, `b` and `c`, and then with other ones. */
async function start(rig: Rig): Promise<void> {
  await rig.git('init', '-q', '-b', 'main');
  await pipe(rig, 'init', '-q');
  await rig.write({
    '.pipeignore': '*.tmp\n',
    'pipeline.yaml': { stages: { make: { cmd: 'sh make.sh', deps: ['make.sh'], outs: ['out'] } } },
  });
  for (const script of ['for i in a b c; do echo 1 > out/$i; done', 'echo 2 > out/c']) {
    await rig.write({ 'make.sh': `mkdir out\n${script}\n` });
    await pipe(rig, 'repro', '-q');
    await rig.git('add', '-A');
    await rig.git('commit', '-q', '-m', script);
  }
}

test('an out of which a checkout was interrupted is not recorded as all there is', async ({ rig }) => {
  await start(rig);
  await rig.git('checkout', '-q', 'HEAD~1');
  // What is no part of the out stands in the way of its first file.
  await rig.write({ 'out/a/x.tmp': '' });
  expect(await refused(rig, 'checkout')).toContain('PIPE_FOLDER_NOT_EMPTY');
  await rig.remove('out/a');
  expect(await rig.files('out')).toEqual(['c']);
  const before = await rig.read('pipeline.lock');
  for (const target of [['make'], ['out'], []]) {
    const stderr = await refused(rig, 'commit', ...target);
    expect(stderr).toContain(PART);
    expect(stderr).toContain('`pipe checkout out` brings the rest');
  }
  expect(await rig.read('pipeline.lock')).toBe(before);
  await pipe(rig, 'checkout', 'out');
  expect(await rig.files('out')).toEqual(['a', 'b', 'c']);
  await rig.remove('out/b');
  expect(await pipe(rig, 'commit', 'make')).toContain('make (1 deleted)');
});

test('a part of an out is not recorded as all there is, unless that is said', async ({ rig }) => {
  await start(rig);
  await rig.git('checkout', '-q', 'HEAD~1');
  await rig.remove('out');
  await pipe(rig, 'checkout', 'out/a');
  await pipe(rig, 'checkout', 'out/b');
  expect(await refused(rig, 'commit')).toContain(PART);
  expect(await pipe(rig, 'commit', '--force', 'make')).toContain('make (1 deleted)');
  await rig.remove('out/b');
  expect(await pipe(rig, 'commit', 'make')).toContain('make (1 deleted)');
});

test('a part that is put in place where all of the out lies leaves it whole', async ({ rig }) => {
  await start(rig);
  await rig.remove('out');
  await rig.git('checkout', '-q', 'HEAD~1');
  await pipe(rig, 'checkout');
  await rig.remove('out/a', 'out/b');
  await pipe(rig, 'checkout', 'out/a');
  expect(await pipe(rig, 'commit', 'make')).toContain('make (1 deleted)');
});

test('a folder that was made anew by hand is all there is', async ({ rig }) => {
  await start(rig);
  await rig.git('checkout', '-q', 'HEAD~1');
  await rig.remove('out');
  await pipe(rig, 'checkout', 'out/a');
  await rig.remove('out');
  await rig.write({ 'out/b': 'mine\n' });
  expect(await pipe(rig, 'commit', 'make')).toContain('make (1 modified, 2 deleted)');
});

test('a folder in place of a file, or the other way round, is recorded though the old bytes are nowhere', async ({
  rig,
}) => {
  await pipe(rig, 'init', '-q', '--no-scm');
  const big = (name: string, bytes: number): string => `head -c ${bytes} /dev/zero > out/${name}`;
  const cmd = ['mkdir -p out/s', big('a', 100_000), big('s/x', 100_001), big('gone', 100_002)].join(' && ');
  await rig.write({ 'pipeline.yaml': { stages: { make: { cmd, outs: ['out'] } } } });
  await pipe(rig, 'repro', '-q');
  await forgetLarge(rig);
  await rig.remove('out/a', 'out/s');
  await rig.write({ 'out/a/y': 'a file in a folder\n', 'out/s': 'a file\n' });
  expect(await pipe(rig, 'commit', 'make')).toContain('make (2 added, 2 deleted)');
  await forgetLarge(rig);
  await rig.remove('out/gone');
  expect(await refused(rig, 'commit', 'make')).toContain('what the lock records of out/gone is not in the cache');
});

test('what a run left in a folder that it keeps is all there is', async ({ rig }) => {
  await start(rig);
  await rig.git('checkout', '-q', 'HEAD~1');
  await rig.write({
    'out/a/x.tmp': '',
    'pipeline.yaml': { stages: { make: { cmd: 'sh make.sh', deps: ['make.sh'], outs: [{ out: { persist: true } }] } } },
  });
  expect(await refused(rig, 'checkout')).toContain('PIPE_FOLDER_NOT_EMPTY');
  await rig.remove('out/a');
  expect(await refused(rig, 'commit')).toContain(PART);
  await rig.write({ 'make.sh': 'echo 3 > out/a; echo 3 > out/d\n' });
  await pipe(rig, 'repro', '-q');
  expect(await rig.files('out')).toEqual(['a', 'c', 'd']);
  await rig.remove('out/d');
  await pipe(rig, 'commit');
  expect(await rig.files('out')).toEqual(['a', 'c']);
});

test('parts that two processes put in place at once are a part still', async ({ rig }) => {
  await start(rig);
  await rig.git('checkout', '-q', 'HEAD~1');
  await rig.remove('out');
  await Promise.all([pipe(rig, 'checkout', 'out/a'), pipe(rig, 'checkout', 'out/b')]);
  expect(await rig.files('out')).toEqual(['a', 'b']);
  expect(await refused(rig, 'commit')).toContain(PART);
});
