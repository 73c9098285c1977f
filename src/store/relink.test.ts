import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fingerprintPath } from '../fingerprint/file.ts';
import type { StatIndex } from '../index/stat-index.ts';
import { openStatIndex } from '../index/stat-index.ts';
import { loadBlake3 } from '../kit/blake3.ts';
import { loadXxh64Raw } from '../kit/xxhash.ts';
import { storeSink } from '../run/sink.ts';
import { storeLayout } from './layout.ts';
import { linkTrust } from './link.ts';
import { ObjectStore } from './object-store.ts';
import { relink } from './relink.ts';
import type { Entry } from './tree.ts';

const blake3 = await loadBlake3();
const checksum = await loadXxh64Raw();
const A = 'a'.repeat(100_000);
const B = 'b'.repeat(100_000);
let root: string;
let index: StatIndex;
let store: ObjectStore;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pipe-relink-'));
  index = openStatIndex(join(root, 'files.idx'), root, checksum);
  store = new ObjectStore(storeLayout(join(root, 'cache')), blake3, () => undefined);
  store.trust = linkTrust(openStatIndex(join(root, 'objects.idx'), root, checksum));
  mkdirSync(join(root, 'd'));
  for (const name of ['1', '2']) writeFileSync(join(root, 'd', name), A + name);
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

async function walk(path: string): Promise<Entry> {
  const writer = store.writer();
  const options = { root, index, blake3, ignored: () => false, now: Date.now, looseFolder: store.layout.looseFolder };
  const entry = await fingerprintPath(path, { follow: false, sink: storeSink(writer) }, options);
  await writer.finish();
  if (entry === undefined) throw new Error('nothing there');
  return entry;
}

function link(path: string, entry: Entry, types: readonly ('hardlink' | 'symlink' | 'copy')[]): Promise<number> {
  return relink(store, entry, { target: join(root, path), memory: { index, path, now: Date.now }, links: { types } });
}

test.each(['hardlink', 'symlink'] as const)(
  'each file becomes a %s once, and leaves nothing beside it',
  async (type) => {
    const entry = await walk('d');
    expect(await link('d', entry, [type])).toBe(2);
    expect(readFileSync(join(root, 'd/1'), 'utf8')).toBe(`${A}1`);
    expect(await link('d', entry, [type])).toBe(0);
    expect(readdirSync(join(root, 'd'))).toEqual(['1', '2']);
    expect(await walk('d')).toEqual(entry);
  },
);

test('nothing is linked where copies are wanted first', async () => {
  expect(await link('d', await walk('d'), ['copy', 'hardlink'])).toBe(0);
});

test.each([['d'], ['d/1']])('a file that changed since %s was walked stays as it is', async (path) => {
  const entry = await walk(path);
  const { atime, mtime } = lstatSync(join(root, 'd/1'));
  // Of the same size, and as old as before: only its bytes tell.
  writeFileSync(join(root, 'd/1'), `${B}1`);
  utimesSync(join(root, 'd/1'), atime, mtime);
  expect(await link(path, entry, ['hardlink'])).toBe(path === 'd' ? 1 : 0);
  expect([readFileSync(join(root, 'd/1'), 'utf8'), lstatSync(join(root, 'd/1')).nlink]).toEqual([`${B}1`, 1]);
  expect(readdirSync(join(root, 'd'))).toEqual(['1', '2']);
});

test('a file is not linked to an object of wrong bytes', async () => {
  const entry = await walk('d/1');
  rmSync(store.layout.loose(entry.digest), { force: true });
  writeFileSync(store.layout.loose(entry.digest), B);
  expect(await link('d/1', entry, ['hardlink'])).toBe(0);
  expect(readFileSync(join(root, 'd/1'), 'utf8')).toBe(`${A}1`);
  expect(store.has(entry.digest)).toBe(false);
});
