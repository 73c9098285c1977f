import { lstat, readlink } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { does, project, save } from './data/commands.ts';
import { contents } from './faults/contents.ts';
import { withDisk } from './faults/disk.ts';
import { expectProblems } from './faults/problem.ts';

const LARGE = 'x'.repeat(100_000);

/** Two versions of a folder and a file, each committed; the first one lies in the workspace. */
async function twoVersions(rig: Rig): Promise<void> {
  await project(rig);
  const small = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`data/${at}`, `${at}\n`]));
  await rig.write({ ...small, 'data/sub/large': LARGE, one: 'one\n' });
  await does(rig, 'add', 'data', 'one');
  await save(rig, '1');
  await rig.git('checkout', '-q', '-b', 'second');
  await rig.write({ 'data/3': 'three\n', 'data/sub/large': `${LARGE}y`, one: 'two\n' });
  await does(rig, 'add', 'data', 'one');
  await save(rig, '2');
  await rig.git('checkout', '-q', 'main');
  await does(rig, 'checkout');
}

const LOOKS = [['status'], ['data', 'status'], ['diff', 'main', 'second'], ['du'], ['fsck'], ['gc', '-w', '--dry'], ['check-ignore', 'one']]; // prettier-ignore

async function looksWork(rig: Rig): Promise<void> {
  for (const args of LOOKS) {
    const run = await rig.pipe(args);
    expect([args, run.stderr, run.code === 0 || args[0] === 'check-ignore']).toEqual([args, '', true]);
  }
}

/** Each says in one problem that the disk is read-only, and changes nothing. */
async function allRefuse(rig: Rig, commands: readonly (readonly string[])[]): Promise<void> {
  const before = await contents(rig);
  for (const args of commands) {
    const run = await rig.pipe(args);
    expect(run.stderr, args.join(' ')).toMatch(
      /^PIPE_(?:SYSTEM|FILE_WRITE|STORE_WRITE) {2}.*read-only\n {2}hint: .*\n$/,
    );
    expect(run.code).toBe(2);
    expect(await contents(rig), args.join(' ')).toEqual(before);
  }
}

describe.concurrent('with a cache that can only be read', () => {
  test.for(['copy', 'hardlink,symlink', 'reflink,copy'])(
    'everything can be looked at and checked out (%s)',
    async (type, { rig }) => {
      // prettier-ignore
      await withDisk(rig, { folder: '.pipe/cache' }, async (disk) => {
      await twoVersions(rig);
      await rig.pipe(['config', 'cache.type', type]);
      await disk.readOnly();
      await looksWork(rig);
      await rig.git('checkout', '-q', 'second');
      await does(rig, 'checkout');
      expect([await rig.read('data/3'), await rig.read('one')]).toEqual(['three\n', 'two\n']);
      await rig.remove('data');
      await does(rig, 'checkout');
      expect(await rig.read('data/sub/large')).toBe(`${LARGE}y`);
      if (type.includes('symlink')) expect(await readlink(rig.path('data/sub/large'))).toContain('/v1/loose/');
      // What is there already needs no place.
      expect(await does(rig, 'add', 'one')).toMatchObject({ added: [{ state: 'unchanged' }] });
      await does(rig, 'checkout', '--relink');
      expect(await does(rig, 'unprotect', 'data')).toBeDefined();
      expect((await lstat(rig.path('data/sub/large'))).isFile()).toBe(true);
      await does(rig, 'move', 'one', 'moved');
      await does(rig, 'remove', 'moved', '--outs');
    });
    },
  );

  test('storing and collecting is one problem each, and loses nothing', async ({ rig }) => {
    await withDisk(rig, { folder: '.pipe/cache' }, async (disk) => {
      await twoVersions(rig);
      await rig.write({ new: 'new\n', 'data/new': 'new too\n', large: `${LARGE}z` });
      await disk.readOnly();
      await allRefuse(rig, [
        ...[['add', 'new'], ['add', 'large'], ['add', 'data'], ['add', 'data/new'], ['commit']],
        ...[['move', 'data/sub', 'data/other'], ['remove', '-f', 'data/4'], ['gc', '-w', '-f'], ['gc', '-w', '-f', '--trash', '1']], // prettier-ignore
        ...[
          ['gc', '--undo'],
          ['fsck', '--repair'],
        ],
      ]);
    });
  });
});

test('on a disk that can only be read everything can be looked at; to change something is one problem', async ({
  rig,
}) => {
  // prettier-ignore
  await withDisk(rig, { folder: '.', size: '16m' }, async (disk) => {
    await twoVersions(rig);
    await rig.write({ new: 'new\n' });
    await disk.readOnly();
    await looksWork(rig);
    await allRefuse(rig, [
      ...[['add', 'new'], ['add', 'data'], ['commit'], ['checkout', '-f'], ['checkout', '--relink'], ['unprotect', 'data']],
      ...[['move', 'one', 'two'], ['move', 'data/sub', 'data/other'], ['remove', 'one'], ['remove', '--outs', 'data']],
      ...[['remove', 'data/4'], ['gc', '-w', '-f'], ['fsck', '--repair']],
    ]);
  });
});

describe('with a folder on a disk of its own', () => {
  test('that can only be read, what lies there is stored, and stays', async ({ rig }) => {
    await withDisk(rig, { folder: 'data' }, async (disk) => {
      await twoVersions(rig);
      await rig.write({ 'data/new': 'new\n' });
      await disk.readOnly();
      await looksWork(rig);
      await does(rig, 'add', 'data');
      await does(rig, 'commit');
      expect(await does(rig, 'checkout', '-f')).toMatchObject({ modified: 0 });
      await allRefuse(rig, [
        ['remove', 'data/4'],
        ['remove', '--outs', 'data'],
      ]);
      // Its new place is recorded first: the same command ends it.
      expect((await rig.pipe(['move', 'data/sub', 'data/other'])).stderr).toContain('read-only');
      expect(await rig.read('data/sub/large')).toBe(LARGE);
      await disk.writable();
      await does(rig, 'move', 'data/sub', 'data/other');
      expect(await rig.read('data/other/large')).toBe(LARGE);
      expect(await does(rig, 'checkout')).toMatchObject({ added: 0, modified: 0, deleted: 0 });
      await disk.readOnly();
      await rig.git('checkout', '-q', '-f', 'second');
      await allRefuse(rig, [
        ['checkout', '-f'],
        ['checkout', '--relink', '-f'],
      ]);
      await disk.writable();
      await does(rig, 'checkout', '-f');
      expect(await rig.read('data/sub/large')).toBe(`${LARGE}y`);
    });
  });

  test('data is moved there and back, with its links and modes, or not at all', async ({ rig }) => {
    await project(rig);
    await withDisk(rig, { folder: 'other' }, async (disk) => {
      await rig.write({ 'data/a/large': LARGE, 'data/run': '#!/bin/sh\n' });
      await rig.run('sh', ['-c', 'chmod 755 data/run; ln -s a/large data/link; mkdir data/empty']);
      await does(rig, 'add', 'data');
      await disk.fill();
      expectProblems(await rig.pipe(['move', 'data', 'other/data']), 'PIPE_FILE_WRITE');
      expect(await rig.read('data/a/large')).toBe(LARGE);
      await disk.free();
      await does(rig, 'move', 'data', 'other/data');
      expect(await rig.files('other')).toEqual(['.gitignore', 'data.pipe', 'data/a/large', 'data/link', 'data/run']);
      expect(await readlink(rig.path('other/data/link'))).toBe('a/large');
      expect(await rig.exists('data')).toBe(false);
      expect(await does(rig, 'checkout')).toMatchObject({ paths: [{ path: 'other/data', state: 'unchanged' }] });
      await does(rig, 'move', 'other/data/a', 'other/data/b');
      await does(rig, 'move', 'other/data', 'back');
      expect(await rig.files('back')).toEqual(['b/large', 'link', 'run']);
      expect((await lstat(rig.path('back/run'))).mode & 0o777).toBe(0o755);
      expect(await rig.exists('other/data')).toBe(false);
      expect(await does(rig, 'checkout')).toMatchObject({ paths: [{ path: 'back', state: 'unchanged' }] });
    });
  });
});
