import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PipeError } from '../problem/problem.ts';
import { hexOf } from '../store/layout.ts';
import type { Machine } from './fixture/share.ts';
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

test('the workspace has its file from what came, not from the store', async () => {
  const on = machine(temporaryFolder());
  const bytes = randomBytes(3 * PIECE + 5);
  const digest = digestOfRaw(blake3.raw(bytes));
  await on.place.write(KEY, [bytes]);
  const object: LargeObject = { digest: blake3.raw(bytes), size: bytes.length, key: KEY, offset: 0 };
  const beginSpare = (): ReturnType<typeof on.store.spares.begin> =>
    on.store.spares.begin(on.store.layout.root, { types: ['copy'] });
  expect(await receiveLarge(on.remote, on.store, { object, beginSpare })).toBe(true);
  rmSync(on.store.layout.loose(digest));
  writeFileSync(on.store.layout.loose(digest), 'other bytes');
  const target = join(temporaryFolder(), 'target');
  expect(await on.store.extract(digest, target, { mode: 0o644 })).toBe(true);
  expect(readFileSync(target).equals(bytes)).toBe(true);
  expect(readdirSync(on.store.layout.tmp)).toEqual([]);
});

test('of wrong bytes there is no second copy', async () => {
  const on = machine(temporaryFolder());
  const bytes = randomBytes(3 * PIECE + 5);
  await on.place.write(KEY, [bytes]);
  const object: LargeObject = { digest: randomBytes(32), size: bytes.length, key: KEY, offset: 0 };
  const beginSpare = (): ReturnType<typeof on.store.spares.begin> =>
    on.store.spares.begin(on.store.layout.root, { types: ['copy'] });
  expect(await receiveLarge(on.remote, on.store, { object, beginSpare })).toBe(false);
  expect(readdirSync(on.store.layout.tmp)).toEqual([]);
});

/** A large object on a machine whose place can be told to fail, and what is asked of it. */
async function largeObject(): Promise<{
  readonly on: Machine;
  readonly object: LargeObject;
  /** Bytes that are asked for by a try that breaks off at an offset. */
  readonly receive: (breakAt?: number) => Promise<{ readonly asked: number; readonly isRight: boolean | undefined }>;
  readonly left: string;
}> {
  const on = machine(temporaryFolder());
  const bytes = randomBytes(6 * PIECE + 5);
  const digest = blake3.raw(bytes);
  await on.place.write(KEY, [bytes]);
  const object: LargeObject = { digest, size: bytes.length, key: KEY, offset: 0 };
  const left = join(on.store.layout.tmp, `${hexOf(digestOfRaw(digest))}.partial`);
  const receive = async (breakAt = Infinity) => {
    let asked = 0;
    const read: typeof on.place.read = async (key, range) => {
      if (range === undefined || !('offset' in range)) throw new Error('no range');
      if (range.offset >= breakAt) throw new PipeError({ code: 'PIPE_REMOTE_UNREACHABLE', message: 'broken off' });
      asked += range.length;
      return on.place.read(key, range);
    };
    const remote = { ...on.remote, place: { ...on.place, read } };
    const isRight = await receiveLarge(remote, on.store, { object }).catch((error: unknown) => {
      expect(error).toBeInstanceOf(PipeError);
      return undefined;
    });
    return { asked, isRight };
  };
  return { on, object, receive, left };
}

describe('a download that was interrupted', () => {
  test('goes on where it stopped', async () => {
    const { on, object, receive, left } = await largeObject();
    expect((await receive(2 * PIECE)).isRight).toBeUndefined();
    expect(existsSync(left)).toBe(true);
    expect((await receive(4 * PIECE)).asked).toBe(2 * PIECE);
    expect(await receive()).toEqual({ asked: object.size - 4 * PIECE, isRight: true });
    expect(on.store.has(digestOfRaw(object.digest))).toBe(true);
    expect(readdirSync(on.store.layout.tmp)).toEqual([]);
  });

  test.each([
    ['other bytes', (size: number) => Buffer.alloc(size - 10, 'x')],
    ['too many bytes', (size: number) => Buffer.alloc(size + 10)],
    ['an empty file', () => Buffer.alloc(0)],
  ])('and left %s is not believed', async (_, content) => {
    const { on, object, receive, left } = await largeObject();
    mkdirSync(on.store.layout.tmp, { recursive: true });
    writeFileSync(left, content(object.size));
    const { asked, isRight } = await receive();
    expect(isRight).toBe(true);
    expect(asked).toBeGreaterThanOrEqual(object.size);
    expect(on.store.digestOf(on.store.layout.loose(digestOfRaw(object.digest)))).toBe(digestOfRaw(object.digest));
    expect(readdirSync(on.store.layout.tmp)).toEqual([]);
  });

  test('twice at once uses what was left once', async () => {
    const { object, receive } = await largeObject();
    await receive(3 * PIECE);
    const both = await Promise.all([receive(), receive()]);
    expect(both.map(({ isRight }) => isRight)).toEqual([true, true]);
    expect(both.map(({ asked }) => asked).sort((a, b) => a - b)).toEqual([object.size - 3 * PIECE, object.size]);
  });
});
