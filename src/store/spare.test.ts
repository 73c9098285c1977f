import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadBlake3 } from '../kit/blake3.ts';
import { temporaryFolder } from '../remote/fixture/share.ts';
import type { LinkType } from './link.ts';
import { Spares } from './spare.ts';

const blake3 = await loadBlake3();
const bytes = randomBytes(300_000);
const digest = blake3.hash(bytes);
const COPY = { types: ['copy'] as const };

/** Spares in a folder of their own, and the paths that they were given. */
function spares({ shared = false } = {}): {
  readonly spares: Spares;
  readonly folder: string;
  readonly paths: string[];
} {
  const folder = temporaryFolder();
  const paths: string[] = [];
  const temporary = (end: string): string => {
    const path = join(folder, `${String(paths.length)}${end}`);
    paths.push(path);
    return path;
  };
  return { spares: new Spares({ layout: { shared }, temporary }), folder, paths };
}

/** Spares of which one is whole. */
async function written(): Promise<ReturnType<typeof spares> & { readonly path: string; readonly target: string }> {
  const made = spares();
  const writing = await made.spares.begin(made.folder, COPY);
  // Pieces come in any order.
  await writing?.write(bytes.subarray(200_000), 200_000);
  await writing?.write(bytes.subarray(0, 200_000), 0);
  await writing?.end(digest);
  return { ...made, path: made.paths[0] ?? '', target: join(made.folder, 'target') };
}

test('a spare becomes the file, and is nothing else any more', async () => {
  const { spares: own, path, target } = await written();
  expect(own.take(digest, target, 0o640)).toBe(true);
  expect(readFileSync(target).equals(bytes)).toBe(true);
  expect(statSync(target)).toMatchObject({ nlink: 1, mode: 0o100640 });
  expect(existsSync(path)).toBe(false);
  expect(own.take(digest, `${target}2`, 0o640)).toBe(false);
});

test.each([
  ['was added to', (path: string) => { appendFileSync(path, 'x'); }], // prettier-ignore
  ['was written over', (path: string) => { writeFileSync(path, randomBytes(bytes.length)); }], // prettier-ignore
  ['was given other times', (path: string) => { utimesSync(path, 1, 1); }], // prettier-ignore
  ['was opened to others', (path: string) => { chmodSync(path, 0o666); }], // prettier-ignore
])('a spare that %s is not believed, and goes', async (_, touch) => {
  const { spares: own, path, target } = await written();
  // The clock of the file system does not tell apart what it does at once.
  const { ctimeMs } = statSync(path);
  do touch(path);
  while (statSync(path).ctimeMs === ctimeMs);
  expect(own.take(digest, target, 0o640)).toBe(false);
  expect([existsSync(path), existsSync(target)]).toEqual([false, false]);
});

test('what lies where a spare is to go stays', async () => {
  const { spares: own, path, target } = await written();
  writeFileSync(target, 'mine');
  expect(() => own.take(digest, target, 0o640)).toThrow('EEXIST');
  expect(readFileSync(target, 'utf8')).toBe('mine');
  expect(existsSync(path)).toBe(false);
});

test('a file that would belong to another group is no spare', async () => {
  const { spares: own, folder } = await written();
  const inside = join(folder, 'of a group');
  mkdirSync(inside);
  chmodSync(inside, 0o2755);
  const { gid } = statSync(inside);
  expect(own.take(digest, join(inside, 'target'), 0o640)).toBe(gid === process.getegid?.());
});

test('what was not right, or that nobody took, is removed', async () => {
  const { spares: own, folder, paths } = await written();
  const wrong = await own.begin(folder, COPY);
  await wrong?.write(bytes, 0);
  await wrong?.end();
  expect(paths.map((path) => existsSync(path))).toEqual([true, false]);
  own.discard();
  expect(paths.map((path) => existsSync(path))).toEqual([false, false]);
});

test('there is none where the workspace lies on another disk', async () => {
  const { spares: own, paths } = spares();
  expect(await own.begin('/proc', COPY)).toBeUndefined();
  expect(paths.filter((path) => existsSync(path))).toEqual([]);
});

test('one that cannot be begun, or written, keeps nobody from anything', async () => {
  const missing = new Spares({ layout: { shared: false }, temporary: (end) => `/nowhere/at all${end}` });
  expect(await missing.begin('/', COPY)).toBeUndefined();
  const { spares: own, folder, paths } = spares();
  const writing = await own.begin(folder, COPY);
  await writing?.end();
  // As on a disk that takes no more: the file is closed.
  await writing?.write(bytes, 0);
  expect(own.take(digest, join(folder, 'target'), 0o644)).toBe(false);
  expect([await own.begin(folder, COPY), paths.filter((path) => existsSync(path))]).toEqual([undefined, []]);
});

test.each([
  ['the workspace gets hard links', { types: ['hardlink', 'copy'] as readonly LinkType[] }, false],
  ['the workspace gets symbolic links', { types: ['reflink', 'symlink', 'copy'] as readonly LinkType[] }, false],
  ['a group shares the store', COPY, true],
])('there is none where %s', async (_, links, shared) => {
  const { spares: own, folder, paths } = spares({ shared });
  expect(await own.begin(folder, links)).toBeUndefined();
  expect(paths.filter((path) => existsSync(path))).toEqual([]);
});
