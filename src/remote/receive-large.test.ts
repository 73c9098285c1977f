import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { blake3, machine, temporaryFolder } from './fixture/share.ts';
import { PIECE } from './read-object.ts';
import type { LargeObject } from './receive-large.ts';
import { isLargeRight, receiveLarge } from './receive-large.ts';
import { digestOfRaw } from '../kit/digest.ts';

const KEY = 'v1/loose/aa/bb';

test.each([2 ** 40, 2 ** 53])(
  'of an object that says to have %d bytes little is asked for after the first piece that is not there',
  async (size) => {
    const on = machine(temporaryFolder());
    let reads = 0;
    const read = (): Promise<undefined> => {
      reads += 1;
      return Promise.resolve(undefined);
    };
    const remote = { ...on.remote, place: { ...on.place, read } };
    const object: LargeObject = { digest: randomBytes(32), size, key: KEY, offset: 0 };
    expect(await receiveLarge(remote, on.store, { object })).toBe(false);
    expect(await isLargeRight(remote, object, () => undefined)).toBe(false);
    expect(reads).toBeLessThanOrEqual(40);
  },
);

test('an object of many pieces arrives, whatever the order in which they come', async () => {
  const on = machine(temporaryFolder());
  const bytes = Buffer.alloc(20 * PIECE + 5, 'some bytes that are not the same in each piece');
  const digest = blake3.raw(bytes);
  await on.place.write(KEY, [bytes]);
  const read: typeof on.place.read = async (key, range) => {
    const found = await on.place.read(key, range);
    // Every other piece comes later than the one behind it.
    if (range !== undefined && 'offset' in range && (range.offset / PIECE) % 2 === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    return found;
  };
  const remote = { ...on.remote, place: { ...on.place, read } };
  const object: LargeObject = { digest, size: bytes.length, key: KEY, offset: 0 };
  expect(await receiveLarge(remote, on.store, { object })).toBe(true);
  expect(on.store.has(digestOfRaw(digest))).toBe(true);
});
