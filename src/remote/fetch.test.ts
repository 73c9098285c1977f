import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Fetched } from './fetch.ts';
import type { Progressed } from './progressed.ts';
import { fetchRoots } from './fetch.ts';
import type { Files } from './fixture/share.ts';
import { addFolder, blake3, flip, keysIn, machine, manyFiles, pushOptions, temporaryFolder } from './fixture/share.ts';
import { push } from './push.ts';
import { pushed } from './upkeep/fixture/collect.ts';

/** Files that are too large for packs of a store, and go in packs to a remote. */
function middling(count: number): Files {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`m${at}`, randomBytes(100_000)]));
}

/** What comes to a machine with nothing, and what it is told in the end. */
async function fetched(
  folder: string,
  entry: Parameters<typeof fetchRoots>[2]['roots'][number]['entry'],
): Promise<{ readonly came: Fetched; readonly last: Progressed | undefined }> {
  const fresh = machine(folder);
  let last: Progressed | undefined;
  const onProgress = (progress: Progressed): void => {
    last = progress;
  };
  const came = await fetchRoots(fresh.remote, fresh.store, { roots: [{ entry }], onProgress });
  return { came, last };
}

describe('a fetch tells as many objects and bytes as were pushed, and its progress comes to its end', () => {
  test.each([
    ['files that are packed', { ...manyFiles(30), below: manyFiles(5, 'below') }],
    ['files that are packed only there', middling(20)],
    ['large files', { x: randomBytes(5_000_000), y: randomBytes(9_000_000) }],
    ['all of them', { ...manyFiles(30), below: middling(3), x: randomBytes(5_000_000) }],
  ])('%s', async (_, files) => {
    const folder = temporaryFolder();
    const a = machine(folder);
    const entry = await addFolder(a.store, files);
    const { objects, bytes } = await push(a.remote, a.store, pushOptions([{ entry, path: 'data' }]));
    const { came, last } = await fetched(folder, entry);
    expect(came).toMatchObject({ objects, bytes });
    expect(last).toEqual({ objects, bytes, totalObjects: objects, totalBytes: bytes });
  });

  test('a part of a pack', async () => {
    const folder = temporaryFolder();
    const part = middling(4);
    await pushed(machine(folder), { part, other: middling(20) });
    const b = machine(temporaryFolder());
    const entry = await addFolder(b.store, part);
    const { came, last } = await fetched(folder, entry);
    expect(came.objects).toBe(5);
    expect(came.bytes).toBeGreaterThan(400_000);
    expect(last).toMatchObject({ objects: 5, totalObjects: 5, bytes: came.bytes, totalBytes: came.bytes });
  });
});

test.each([
  ['adopted', manyFiles(30), 'content 7 '],
  ['picked from', { ...middling(20), text: 'a text to be found' }, 'a text to be found'],
])('what is wrong in a pack that is %s is not told as come', async (_, files, text) => {
  const folder = temporaryFolder();
  const a = machine(folder);
  const entry = await addFolder(a.store, files);
  const sent = await push(a.remote, a.store, pushOptions([{ entry, path: 'data' }]));
  const [key] = keysIn(folder).filter((each) => each.endsWith('.pack'));
  const pack = (await a.place.read(key!))!;
  flip(join(folder, key!), pack.indexOf(text));
  const { came } = await fetched(folder, entry);
  expect(came.wrong.count).toBe(1);
  expect(came.objects).toBe(sent.objects - 1);
  expect(sent.bytes - came.bytes).toBeGreaterThan(5);
  expect(sent.bytes - came.bytes).toBeLessThan(20);
});

test('what is called a list, and is larger than any, is told as wrong, and does not come', async () => {
  const folder = temporaryFolder();
  const a = machine(folder);
  const large = randomBytes(17 << 20);
  const file = await addFolder(a.store, { large });
  await push(a.remote, a.store, pushOptions([{ entry: file, path: 'data' }]));
  const digest = blake3.hash(large);
  const reads: number[] = [];
  const b = machine(folder, {
    wrap: (place) => ({
      ...place,
      async read(key, range) {
        const bytes = await place.read(key, range);
        if (key.includes('/loose/')) reads.push(bytes?.length ?? 0);
        return bytes;
      },
    }),
  });
  const came = await fetchRoots(b.remote, b.store, { roots: [{ entry: { kind: 'dir', digest, size: 1, files: 1 } }] });
  expect(came).toMatchObject({ objects: 0 });
  expect(came.wrong.count).toBe(1);
  expect(b.store.has(digest)).toBe(false);
  expect(reads.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(16 << 20);
});
