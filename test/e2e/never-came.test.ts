import { rename } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import { loadBlake3 } from '../../src/kit/blake3.ts';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectValid } from '../setup/schema.ts';

interface Recorded {
  readonly changes: unknown;
  readonly kept: number;
  readonly behind: readonly string[];
}

async function pipe(rig: Rig, ...args: string[]): Promise<string> {
  const run = await rig.pipe(args);
  expect(run, run.stderr).toMatchObject({ code: 0 });
  return run.stdout;
}

/** What `add` or `commit` says of the one thing it records. */
async function record(rig: Rig, ...args: string[]): Promise<Recorded> {
  const run = await rig.pipe([...args, '--json']);
  expect(run, run.stderr).toMatchObject({ code: 0 });
  const document = run.json<{ added?: Recorded[]; committed?: Recorded[] }>();
  expectValid(document);
  const [each] = document.added ?? document.committed ?? [];
  if (each === undefined) throw new Error('nothing was recorded');
  const { changes, kept, behind } = each;
  return { changes, kept, behind };
}

/** A folder `d` of five files that is tracked and committed. */
async function start(rig: Rig): Promise<void> {
  await rig.git('init', '-q', '-b', 'main');
  await pipe(rig, 'init', '-q');
  await rig.write({ 'd/1': '1\n', 'd/2': '2\n', 'd/3': '3\n', 'd/s/4': '4\n', 'd/s/5': '5\n' });
  await pipe(rig, 'add', 'd');
  await rig.git('add', '-A');
  await rig.git('commit', '-q', '-m', 'one');
}

/** What the pointer records, by checking it out. */
async function recorded(rig: Rig): Promise<string[]> {
  await rig.remove('d');
  await pipe(rig, 'checkout');
  return rig.files('d');
}

const counts = (added: number, modified: number, deleted: number) => ({ added, modified, deleted });
const ALL = ['1', '2', '3', 's/4', 's/5'];

describe.for(['add', 'commit'])('%s', (command) => {
  test('keeps what was never put in place, and says so', async ({ rig }) => {
    await start(rig);
    await rig.remove('d');
    await pipe(rig, 'checkout', 'd/1', 'd/2');
    await rig.remove('d/2');
    await rig.write({ 'd/new': 'new\n' });
    expect(await record(rig, command, 'd')).toEqual({ changes: counts(1, 0, 1), kept: 3, behind: [] });
    expect(await record(rig, command, 'd')).toEqual({ changes: counts(0, 0, 0), kept: 3, behind: [] });
    expect(await pipe(rig, command, 'd')).toContain(
      '3 files that were never checked out stay recorded (`pipe checkout d`)',
    );
    expect(await recorded(rig)).toEqual(['1', '3', 'new', 's/4', 's/5']);
  });

  test('with --force records what lies there and nothing else', async ({ rig }) => {
    await start(rig);
    await rig.remove('d');
    await pipe(rig, 'checkout', 'd/1');
    expect(await record(rig, command, '--force', 'd')).toEqual({ changes: counts(0, 0, 4), kept: 0, behind: [] });
    expect(await recorded(rig)).toEqual(['1']);
  });

  test('keeps what a merge brought and no checkout has put in place', async ({ rig }) => {
    await start(rig);
    await rig.git('checkout', '-q', '-b', 'other');
    await rig.write({ 'd/1': 'theirs\n', 'd/n': 'theirs\n' });
    await rig.remove('d/s/5');
    await pipe(rig, 'add', 'd');
    await rig.git('commit', '-qam', 'theirs');
    await rig.git('checkout', '-q', 'main');
    await pipe(rig, 'checkout');
    await rig.write({ 'd/3': 'mine\n' });
    await rig.git('merge', '-q', 'other');
    const behind = ['d/1', 'd/s'];
    const first = await record(rig, command, 'd');
    expect({ ...first, behind: [...first.behind].sort() }).toEqual({ changes: counts(0, 1, 0), kept: 1, behind });
    await pipe(rig, 'checkout');
    expect([await rig.read('d/1'), await rig.read('d/3')]).toEqual(['theirs\n', 'mine\n']);
    expect(await rig.files('d')).toEqual(['1', '2', '3', 'n', 's/4']);
    expect(await pipe(rig, 'status')).toContain('up to date');
  });

  test('counts what was added, modified and deleted', async ({ rig }) => {
    await start(rig);
    await rig.write({ 'd/1': 'x\n', 'd/a': 'a\n', 'd/s/b': 'b\n' });
    await rig.remove('d/2');
    expect(await pipe(rig, command, 'd')).toMatch(/^d .*\(2 added, 1 modified, 1 deleted\)\n\nFor Git/);
  });

  test.for<[string, (rig: Rig) => Promise<unknown>, string[]]>([
    ['made anew by hand', (rig) => rig.remove('d').then(() => rig.write({ 'd/1': '1\n' })), ['1']],
    ['changed by parts', (rig) => addAndRemovePart(rig), ALL],
    ['partly checked out again', (rig) => checkOutPart(rig), ['1', '2', 's/4', 's/5']],
  ])('takes what is missing for removed in a folder that was %s', async ([, change, files], { rig }) => {
    await start(rig);
    await change(rig);
    expect(await record(rig, command, 'd')).toMatchObject({ kept: 0, behind: [] });
    expect(await recorded(rig)).toEqual(files);
  });

  test('knows a folder that was moved', async ({ rig }) => {
    await start(rig);
    await pipe(rig, 'move', 'd', 'e');
    await rig.remove('e/1');
    expect(await record(rig, command, 'e')).toEqual({ changes: counts(0, 0, 1), kept: 0, behind: [] });
  });
});

async function addAndRemovePart(rig: Rig): Promise<void> {
  await rig.write({ 'd/x': 'x\n' });
  await pipe(rig, 'add', 'd/x');
  await rig.remove('d/x');
}

async function checkOutPart(rig: Rig): Promise<void> {
  await rig.remove('d/2');
  await pipe(rig, 'checkout', 'd/2');
  await rig.remove('d/3');
}

test('a commit of what is frozen says so, and how to let it change', async ({ rig }) => {
  await start(rig);
  await pipe(rig, 'freeze', 'd');
  expect(await pipe(rig, 'commit')).toBe('Everything was recorded already: 1 path.\n');
  await rig.write({ 'd/1': 'changed\n' });
  const told = 'd is frozen, left alone (`pipe unfreeze d.pipe` lets it change)\n';
  expect(await pipe(rig, 'commit')).toBe(told);
  expect(await pipe(rig, 'commit', 'd')).toBe(told);
});

test('a commit of a stage refuses to record a part of an out as the whole', async ({ rig }) => {
  await rig.git('init', '-q', '-b', 'main');
  await pipe(rig, 'init', '-q');
  await pipe(rig, 'remote', 'add', '-q', '-d', 'storage', '../storage');
  const cmd = 'mkdir -p out/s && echo 1 > out/1 && echo 2 > out/2 && echo 3 > out/s/3';
  await rig.write({ 'pipeline.yaml': { stages: { make: { cmd, outs: ['out'] } } } });
  await pipe(rig, 'repro', '-q');
  await pipe(rig, 'push', '-q');
  await rig.remove('out', '.pipe/cache');
  await pipe(rig, 'pull', '-q', 'out/1');
  const before = await rig.read('pipeline.lock');
  expect((await rig.pipe(['commit', 'make'])).stderr).toContain('PIPE_OUT_PARTIAL');
  // Also where it is not known any more what was put in place.
  await rig.remove('.pipe/tmp');
  for (const target of [['make'], []]) {
    const run = await rig.pipe(['commit', ...target]);
    expect(run).toMatchObject({ code: 2 });
    expect(run.stderr).toContain('PIPE_OBJECT_MISSING  what the lock records of out/2 is not in the cache');
    expect(run.stderr).toContain('`pipe fetch make` brings it');
    expect(await rig.read('pipeline.lock')).toBe(before);
  }
  await pipe(rig, 'pull', '-q');
  await rig.remove('out/2');
  expect(await pipe(rig, 'commit', 'make')).toContain('make (1 deleted)');
});

test.for(['add', 'commit'])(
  '%s brings the list of a folder that never came from the remote',
  async (command, { rig }) => {
    await start(rig);
    await pipe(rig, 'remote', 'add', '-q', '-d', 'storage', '../storage');
    await pipe(rig, 'push', '-q');
    await rig.remove('d', '.pipe/cache', '.pipe/tmp');
    await rig.write({ 'd/new': 'new\n' });
    expect(await record(rig, command, 'd')).toEqual({ changes: counts(1, 0, 0), kept: 5, behind: [] });
    await rig.git('checkout', '-q', 'd.pipe');
    await rig.remove('.pipe/cache', '.pipe/tmp', '../storage');
    const run = await rig.pipe([command, 'd']);
    expect(run).toMatchObject({ code: 2 });
    expect(run.stderr).toContain('what d.pipe records of d is not in the cache');
  },
);

test('a folder that is in the place of a file stays, even with --force, until the file can be had', async ({ rig }) => {
  await pipe(rig, 'init', '-q', '--no-scm');
  await rig.write({ 'd/a': 'a\n', 'd/b': 'b\n' });
  await pipe(rig, 'add', '-q', 'd');
  const digest = (await loadBlake3()).hash(Buffer.from('a\n')).slice(3);
  const object = `.pipe/cache/v1/loose/${digest.slice(0, 2)}/${digest.slice(2)}`;
  await rename(rig.path(object), rig.path('aside'));
  await rig.remove('d/a');
  await rig.write({ 'd/a/mine': 'not saved\n', 'd/b': 'changed\n' });
  for (const args of [['--allow-missing'], []]) {
    const run = await rig.pipe(['checkout', '-f', ...args]);
    expect(run.stdout).toContain('d/a');
    expect(await rig.read('d/a/mine')).toBe('not saved\n');
    expect(await rig.read('d/b')).toBe('b\n');
  }
  await rename(rig.path('aside'), rig.path(object));
  await pipe(rig, 'checkout', '-f');
  expect(await rig.read('d/a')).toBe('a\n');
});
