import { lstat, readFile, rm } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectProblems } from './faults/problem.ts';
import { cacheContent, commit, flip, gc, pipe } from './upkeep/project.ts';

async function start(rig: Rig): Promise<void> {
  await rig.git('init', '-q', '-b', 'main');
  await pipe(rig, 'init', '-q');
}

test.for([['-w'], ['-A']])('gc %j keeps what is staged: the next commit names it', async (scope, { rig }) => {
  await start(rig);
  await rig.write({ f: '1\n' });
  await pipe(rig, 'add', 'f');
  await commit(rig, 'one');
  await rig.write({ f: 'staged\n' });
  await pipe(rig, 'add', 'f');
  await rig.git('add', 'f.pipe');
  for (const text of ['between\n', 'now\n']) {
    await rig.write({ f: text });
    await pipe(rig, 'add', 'f');
  }
  // What only lay in the workspace for a while goes, and so does the first commit's where only the workspace is kept.
  expect(await gc(rig, [...scope, '-f'])).toMatchObject({ objects: scope[0] === '-w' ? 2 : 1 });
  await rig.git('commit', '-q', '-m', 'two');
  await rig.git('checkout', '-q', 'f.pipe');
  await pipe(rig, 'checkout', '--force');
  expect(await rig.read('f')).toBe('staged\n');
});

describe('gc keeps what git stash has put aside', () => {
  test.for([['-w'], ['-A'], ['--rev', 'HEAD']])('with %j, all stashes come back', async (scope, { rig }) => {
    await start(rig);
    await rig.write({ f: '1\n' });
    await pipe(rig, 'add', 'f');
    await commit(rig, 'one');
    await rig.write({ f: '2\n' });
    await pipe(rig, 'add', 'f');
    await rig.git('stash', '-q');
    // Staged, then changed again; and a pointer that Git does not know.
    await rig.write({ f: 'staged\n' });
    await pipe(rig, 'add', 'f');
    await rig.git('add', 'f.pipe');
    await rig.write({ f: '3\n', new: 'new\n' });
    await pipe(rig, 'add', 'f', 'new');
    await rig.git('stash', '-q', '--include-untracked');
    await pipe(rig, 'checkout', '--force');
    await rig.remove('new');
    await rig.write({ f: 'nobody needs this\n' });
    await pipe(rig, 'add', 'f');
    await rig.git('checkout', '-q', 'f.pipe');
    await pipe(rig, 'checkout', '--force');
    const before = await cacheContent(rig);
    expect(await gc(rig, [...scope, '-f'])).toMatchObject({ objects: 1 });
    expect((await cacheContent(rig)).size).toBe(before.size - 1);
    await rig.git('stash', 'pop', '-q', '--index');
    await pipe(rig, 'checkout');
    expect([await rig.read('f'), await rig.read('new')]).toEqual(['3\n', 'new\n']);
    await rig.git('checkout', '-q', 'f.pipe');
    await pipe(rig, 'checkout', '--force');
    expect(await rig.read('f')).toBe('staged\n');
  });
});

test('outside Git there is one problem with what goes by revisions', async ({ rig }) => {
  await pipe(rig, 'init', '-q', '--no-scm');
  const run = await rig.pipe(['gc', '-a', '-f']);
  expectProblems(run, 'PIPE_GIT_MISSING');
  expect(run.stderr).toContain('outside Git');
  expect(run.stderr).toContain('`pipe gc -w`');
  await pipe(rig, 'gc', '-w', '-f');
});

/** A folder of which the cache loses the list, and something that nobody needs. */
async function loseList(rig: Rig): Promise<void> {
  await start(rig);
  await rig.write({ 'd/a': 'a'.repeat(3000), 'd/s/b': 'b'.repeat(3000), x: 'unneeded\n' });
  await pipe(rig, 'add', 'd');
  await pipe(rig, 'add', 'x');
  await pipe(rig, 'remove', 'x');
  await commit(rig, 'one');
  await rm(rig.path(await listOf(rig)));
}

async function listOf(rig: Rig): Promise<string> {
  const hex = /b3:([0-9a-f]{64})/.exec(await rig.read('d.pipe'))?.[1] ?? '';
  return `.pipe/cache/v1/loose/${hex.slice(0, 2)}/${hex.slice(2)}`;
}

describe('a list of a kept folder that is not in the cache', () => {
  test('is made again from the workspace', async ({ rig }) => {
    await loseList(rig);
    expect(await gc(rig, ['-w', '-f'])).toMatchObject({ objects: 1, absent: [] });
    await rig.remove('d');
    await pipe(rig, 'checkout');
    expect(await rig.read('d/s/b')).toBe('b'.repeat(3000));
  });

  test('is made again with those of the folders inside it, level by level', async ({ rig }) => {
    await start(rig);
    const files = { 'd/a': 'a'.repeat(3000), 'd/s/b': 'b'.repeat(3000), 'd/s/t/u/c': 'c'.repeat(3000) };
    await rig.write({ ...files, x: 'unneeded\n' });
    await pipe(rig, 'add', 'd');
    await pipe(rig, 'add', 'x');
    await pipe(rig, 'remove', 'x');
    const kept = new Set([...Object.values(files), 'unneeded\n']);
    const lists = [...(await cacheContent(rig))].filter(([name, bytes]) => name.includes("/loose/") && !kept.has(String(bytes))); // prettier-ignore
    expect(lists).toHaveLength(4);
    for (const [name] of lists) await rm(name);
    expect(await gc(rig, ['-w', '-f'])).toMatchObject({ objects: 1, absent: [] });
    await rig.remove('d');
    await pipe(rig, 'checkout');
    expect(await rig.read('d/s/t/u/c')).toBe(files['d/s/t/u/c']);
  });

  test('stops it where it is nowhere, unless it may be missing', async ({ rig }) => {
    await loseList(rig);
    await rig.write({ 'd/a': 'changed\n' });
    const before = await cacheContent(rig);
    const run = await rig.pipe(['gc', '-w', '-f']);
    expectProblems(run, 'PIPE_OBJECT_MISSING');
    expect(run.stderr).toContain('d (d.pipe in workspace');
    expect(run.stderr).toContain('--allow-missing');
    expect(await cacheContent(rig)).toEqual(before);
    expect((await rig.pipe(['gc', '-w', '--dry'])).stdout).toContain('nothing goes without --allow-missing');
    expect(await gc(rig, ['-w', '-f', '--allow-missing'])).toMatchObject({ absent: ['d'] });
  });

  test('comes from the remote also where wrong bytes of it were set aside', async ({ rig }) => {
    await loseList(rig);
    await rig.write({ 'd/s/b': 'newer\n' });
    const [hex] = /[0-9a-f]{64}/.exec(await rig.read('d.pipe')) ?? [];
    await rig.write({ [`.pipe/cache/v1/quarantine/${hex!}-00000000`]: 'wrong' });
    expectProblems(await rig.pipe(['gc', '-A', '-f']), 'PIPE_OBJECT_MISSING');
    await rig.write({ 'd/s/b': 'b'.repeat(3000) });
    await pipe(rig, 'remote', 'add', '-d', 'storage', '../storage');
    await pipe(rig, 'add', 'd');
    await pipe(rig, 'push', '-A');
    await rm(rig.path(await listOf(rig)));
    await rig.write({ 'd/s/b': 'newer\n' });
    expect(await gc(rig, ['-A', '-f'])).toMatchObject({ absent: [] });
  });

  test('of which a pack is known to hold wrong bytes, and another one right ones, is read there', async ({ rig }) => {
    await start(rig);
    // So many lists that they are packed.
    const names = Array.from({ length: 40 }, (_, at) => `d/${String(at)}/f`);
    await rig.write(Object.fromEntries([...names.map((name) => [name, name]), ['x', 'unneeded\n']]));
    await pipe(rig, 'add', 'd');
    await pipe(rig, 'add', 'x');
    await pipe(rig, 'remove', 'x');
    const packs = [...(await cacheContent(rig))].filter(([path]) => path.endsWith('.pack'));
    const [path, bytes] = packs.find(([, each]) => each.includes('"f"')) ?? packs[0]!;
    await flip(path, bytes.indexOf('"f"'));
    await rig.remove('d');
    // Finds out, and notes it.
    await rig.pipe(['checkout']);
    await rig.write(Object.fromEntries(names.map((name) => [name, name])));
    await pipe(rig, 'add', 'd');
    expect(await gc(rig, ['-w', '-f'])).toMatchObject({ absent: [] });
    await rig.remove('d');
    await pipe(rig, 'checkout');
    expect(await rig.read('d/39/f')).toBe('d/39/f');
  });

  test('does not matter where nothing would go', async ({ rig }) => {
    await start(rig);
    await rig.write({ 'd/a': 'a\n' });
    await pipe(rig, 'add', 'd');
    await commit(rig, 'one');
    await rig.remove('d', '.pipe/cache');
    expect(await gc(rig, ['-A', '-f'])).toMatchObject({ objects: 0, absent: ['d'] });
  });

  test('comes from the remote, without any files', async ({ rig }) => {
    await start(rig);
    await pipe(rig, 'remote', 'add', '-d', 'storage', '../storage');
    await rig.write({ 'd/a': 'old\n', 'd/s/b': 'old b\n' });
    await pipe(rig, 'add', 'd');
    await commit(rig, 'old');
    await rig.remove('d/s');
    await rig.write({ 'd/a': 'new\n' });
    await pipe(rig, 'add', 'd');
    await commit(rig, 'new');
    await pipe(rig, 'push', '-A');
    await rig.remove('.pipe/cache');
    await pipe(rig, 'pull');
    await rig.write({ x: 'unneeded\n' });
    await pipe(rig, 'add', 'x');
    await pipe(rig, 'remove', 'x');
    expect(await gc(rig, ['-A', '-f'])).toMatchObject({ objects: 1, absent: [] });
    const contents = [...(await cacheContent(rig)).values()].map(String);
    expect(contents.some((text) => text.startsWith('old'))).toBe(false);
    // A remote that is away is named with what it would have.
    await rig.git('commit', '-q', '--allow-empty', '-m', 'more');
    await rig.remove('.pipe/cache', '../storage');
    await rig.write({ x: 'unneeded\n' });
    await pipe(rig, 'add', 'x');
    await pipe(rig, 'remove', 'x');
    const run = await rig.pipe(['gc', '-A', '-f']);
    expect(run.code).not.toBe(0);
    expect(run.stderr).toContain('PIPE_OBJECT_MISSING');
  });
});

test('of a cache that others may use, the question says so and what was never of this project', async ({ rig }) => {
  await start(rig);
  await pipe(rig, 'cache', 'dir', '../../shared');
  await rig.write({ x: 'of this project\n', '../other/.keep': '' });
  await pipe(rig, 'add', 'x');
  const other = { cwd: '../other' };
  await rig.pipe(['init', '-q', '--no-scm'], other);
  await rig.pipe(['cache', 'dir', '../../shared'], other);
  await rig.write({ '../other/y': 'of another\n' });
  expect(await rig.pipe(['add', 'y'], other)).toMatchObject({ code: 0 });
  const asked = rig.terminal(['gc', '-w']);
  await asked.shows(/Other projects may use [^]*1 object \([^]*never recorded[^]*Remove 1 object/);
  asked.type('n\n');
  expect(await asked.done).toBe(0);
  expect(await rig.pipe(['gc', '-w', '-f', '--projects', '../other'])).toMatchObject({
    stdout: 'Everything in the cache is needed.\n',
  });
  expect(await readFile(rig.path('../other/y'), 'utf8')).toBe('of another\n');
});

test('gc leaves what tells that files of a folder are older than their record', async ({ rig }) => {
  await start(rig);
  await rig.write({ 'd/a': '1\n', 'd/s/b': '1\n' });
  await pipe(rig, 'add', 'd');
  await commit(rig, 'one');
  await rig.write({ 'd/a': '2\n', 'd/s/b': '2\n' });
  await pipe(rig, 'add', 'd');
  await commit(rig, 'two');
  await rig.git('checkout', '-q', 'HEAD^', 'd.pipe');
  await pipe(rig, 'checkout');
  await rig.git('checkout', '-q', 'HEAD', 'd.pipe');
  await gc(rig, ['-w', '-f']);
  await rig.write({ 'd/s/c': 'new\n' });
  const added = await rig.pipe(['add', 'd']);
  expect(added, added.stderr).toMatchObject({ code: 0 });
  await rig.remove('d');
  await pipe(rig, 'checkout');
  expect([await rig.read('d/a'), await rig.read('d/s/b'), await rig.read('d/s/c')]).toEqual(['2\n', '2\n', 'new\n']);
});

test('gc leaves no link behind that leads nowhere, also where nothing tracks what it stands for', async ({ rig }) => {
  await start(rig);
  await pipe(rig, 'config', 'cache.type', 'symlink,copy');
  await rig.write({ a: 'a'.repeat(100_000) });
  await pipe(rig, 'add', 'a');
  await commit(rig, 'main');
  await rig.git('switch', '-q', '-c', 'x');
  await rig.write({ 'y.csv': 'y'.repeat(100_000) });
  await pipe(rig, 'add', 'y.csv');
  await commit(rig, 'x');
  expect((await lstat(rig.path('y.csv'))).isSymbolicLink()).toBe(true);
  await rig.git('switch', '-q', 'main');
  expect(await gc(rig, ['-w', '-f'])).toMatchObject({ objects: 1 });
  expect((await lstat(rig.path('y.csv'))).isSymbolicLink()).toBe(false);
  expect(await rig.read('y.csv')).toBe('y'.repeat(100_000));
  expect((await lstat(rig.path('a'))).isSymbolicLink()).toBe(true);
});
