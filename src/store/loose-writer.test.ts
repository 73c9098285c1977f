import { randomBytes } from 'node:crypto';
import { chmodSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadBlake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { temporaryFolder } from '../remote/fixture/share.ts';
import { isMarked } from './object-mark.ts';
import { openStore } from './store.fixture.ts';

const blake3 = await loadBlake3();
const SIZE = 100_000;

/** Objects that get a file each, and their digests. */
function objects(count: number): { readonly bytes: Buffer; readonly raw: Buffer }[] {
  return Array.from({ length: count }, () => {
    const bytes = randomBytes(SIZE);
    return { bytes, raw: blake3.raw(bytes) };
  });
}

test('nothing that was added is there before it is on the disk, and then all of it is', async () => {
  const folder = temporaryFolder();
  const store = openStore(folder, blake3);
  const writer = store.writer();
  const all = objects(20);
  for (const [at, { bytes, raw }] of all.entries()) {
    const file = join(folder, String(at));
    writeFileSync(file, bytes, { mode: 0o640 });
    expect(await writer.addFile(file)).toBe(blake3.hash(bytes));
    expect(writer.has(raw)).toBe(true);
  }
  expect(all.filter(({ raw }) => openStore(folder, blake3).hasRaw(raw))).toEqual([]);
  await writer.finish();
  for (const { bytes } of all) {
    const digest = blake3.hash(bytes);
    expect(openStore(folder, blake3).read(digest)?.equals(bytes)).toBe(true);
    const stat = statSync(store.layout.loose(digest));
    expect([stat.mode & 0o777, isMarked(digest, stat)]).toEqual([0o444, true]);
  }
  expect(readdirSync(store.layout.tmp)).toEqual([]);
});

test('several may wait for the disk at once, while more is added', async () => {
  const folder = temporaryFolder();
  const store = openStore(folder, blake3);
  const writer = store.writer();
  const all = objects(60);
  const waits = all.map(({ bytes, raw }, at) => {
    writer.addLooseNow(raw, bytes);
    return at % 7 === 0 ? writer.finish() : undefined;
  });
  await Promise.all([...waits, writer.finish()]);
  expect(all.filter(({ raw }) => !openStore(folder, blake3).hasRaw(raw))).toEqual([]);
  expect(readdirSync(store.layout.tmp)).toEqual([]);
});

test('what is added twice is stored once', async () => {
  const folder = temporaryFolder();
  const store = openStore(folder, blake3);
  const writer = store.writer();
  const [{ bytes, raw }] = objects(1) as [{ bytes: Buffer; raw: Buffer }];
  for (let time = 0; time < 3; time += 1) writer.addLooseNow(raw, bytes);
  writeFileSync(join(folder, 'same'), bytes);
  await writer.addFile(join(folder, 'same'));
  expect(readdirSync(store.layout.tmp)).toHaveLength(1);
  await writer.finish();
  expect(store.read(blake3.hash(bytes))?.equals(bytes)).toBe(true);
});

test('what is given up, even while it is waited for, leaves nothing behind', async () => {
  const folder = temporaryFolder();
  const store = openStore(folder, blake3);
  const writer = store.writer();
  const all = objects(30);
  for (const { bytes, raw } of all) writer.addLooseNow(raw, bytes);
  const waiting = writer.finish();
  writer.discard();
  await expect(waiting).rejects.toThrow();
  expect(readdirSync(store.layout.tmp)).toEqual([]);
  expect(all.filter(({ raw }) => openStore(folder, blake3).hasRaw(raw))).toEqual([]);
});

test('a wrong object gives way to the right one', async () => {
  const folder = temporaryFolder();
  const damaged: Digest[] = [];
  const store = openStore(folder, blake3);
  const [{ bytes, raw }] = objects(1) as [{ bytes: Buffer; raw: Buffer }];
  const digest = blake3.hash(bytes);
  const writer = store.writer();
  writer.addLooseNow(raw, bytes);
  await writer.finish();
  const path = store.layout.loose(digest);
  const { atime, mtime } = statSync(path);
  writeFileSync(join(folder, 'right'), bytes);
  chmodSync(path, 0o644);
  writeFileSync(path, randomBytes(SIZE));
  utimesSync(path, atime, mtime);
  const again = openStore(folder, blake3, damaged);
  const second = again.writer();
  await second.addFile(join(folder, 'right'));
  await second.finish();
  expect(openStore(folder, blake3).read(digest)?.equals(bytes)).toBe(true);
  expect(damaged).toEqual([digest]);
});
