import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { FaultProxy, Seen } from '../../../test/rig/fault-proxy.ts';
import { startFaultProxy } from '../../../test/rig/fault-proxy.ts';
import type { Minio } from '../../../test/rig/s3.ts';
import { startMinio } from '../../../test/rig/s3.ts';
import { isAbort } from '../../kit/abort.ts';
import { listed, sourceOf } from './fixture/helpers.ts';
import type { LargeSource } from './place.ts';
import { openS3 } from './s3.ts';

const MIB = 1 << 20;
const PART = 5 * MIB;
const bytes = randomBytes(8 * PART + 17);

let minio: Minio;
let proxy: FaultProxy;
beforeAll(async () => {
  minio = await startMinio();
  await minio.makeBuckets('uploads');
  proxy = await startFaultProxy(minio.url);
});
beforeEach(() => {
  proxy.plan(() => undefined);
});
afterAll(async () => {
  await proxy.stop();
  await minio.stop();
});

const open = (signal?: AbortSignal) =>
  openS3({
    bucket: 'uploads',
    prefix: 'deep down',
    endpoint: proxy.url,
    env: {},
    ...minio.root,
    sizes: { single: PART, part: PART, inFlight: 3 * PART },
    pauseMs: 1,
    signal,
  });

const parts = (): Seen[] => proxy.seen.filter(({ method, path }) => method === 'PUT' && path.includes('partNumber='));
const unfinished = async (): Promise<number> => {
  const found = await minio.mc('ls', '--incomplete', '--recursive', 't/uploads');
  return found.split('\n').filter((line) => line !== '').length;
};

/** Interrupts an upload after some of its parts. */
async function interrupted(key: string, source: LargeSource): Promise<void> {
  const controller = new AbortController();
  const place = open(controller.signal);
  proxy.plan(() => {
    if (parts().length >= 4) controller.abort('SIGINT');
    return undefined;
  });
  await expect(place.writeLarge(key, source)).rejects.toSatisfy(isAbort);
  place.close();
  proxy.plan(() => undefined);
}

test('an interrupted upload goes on where it was: parts that arrived do not go again', async () => {
  await interrupted('odd key+%', sourceOf(bytes));
  expect(await unfinished()).toBe(1);
  const place = open();
  await place.writeLarge('odd key+%', sourceOf(bytes));
  expect(parts().length).toBeGreaterThan(0);
  expect(parts().length).toBeLessThan(7);
  expect((await place.read('odd key+%'))?.equals(bytes)).toBe(true);
  expect(await unfinished()).toBe(0);
});

test('an interrupted upload is found, and can be given up', async () => {
  await interrupted('given up', sourceOf(bytes));
  const place = open();
  const found = await place.unfinished();
  expect(found).toMatchObject([{ name: 'given up' }]);
  expect(Math.abs(found[0]!.at - (await place.now()))).toBeLessThan(60_000);
  await place.abandon(found);
  await place.abandon(found);
  expect(await place.unfinished()).toEqual([]);
  expect(await unfinished()).toBe(0);
});

test('parts of other bytes do not count, whatever their size', async () => {
  await interrupted('other', sourceOf(randomBytes(bytes.length)));
  const place = open();
  await place.writeLarge('other', sourceOf(bytes));
  // One of the interrupted upload may still be on its way.
  expect(new Set(parts().map(({ path }) => /partNumber=(\d+)/.exec(path)?.[1])).size).toBe(9);
  expect((await place.read('other'))?.equals(bytes)).toBe(true);
});

test('an upload that its source gives up leaves no parts that nobody sees but on the bill', async () => {
  const place = open();
  const check = (): Promise<void> => Promise.reject(new Error('wrong bytes'));
  await expect(place.writeLarge('given', { ...sourceOf(bytes), check })).rejects.toThrow('wrong bytes');
  const short = { ...sourceOf(bytes), read: () => Promise.resolve(Buffer.alloc(3)) };
  await expect(place.writeLarge('given', short)).rejects.toThrow('3 bytes instead of');
  expect(await unfinished()).toBe(0);
  expect(await listed(place, 'given')).toEqual([]);
});

test('an upload that somebody else ends meanwhile is made anew', async () => {
  const place = open();
  let isEnded = false;
  const source = sourceOf(bytes);
  const read: LargeSource['read'] = async (offset, length) => {
    if (offset === 6 * PART && !isEnded) {
      isEnded = true;
      await minio.mc('rm', '--incomplete', '--recursive', '--force', 't/uploads/deep down/');
    }
    return source.read(offset, length);
  };
  await place.writeLarge('ended', { ...source, read });
  expect(isEnded).toBe(true);
  expect((await place.read('ended'))?.equals(bytes)).toBe(true);
});

test('of two who upload the same at once, both succeed', async () => {
  await interrupted('both', sourceOf(bytes));
  const places = [open(), open(), open()];
  await Promise.all(places.map((place) => place.writeLarge('both', sourceOf(bytes))));
  expect((await places[0]?.read('both'))?.equals(bytes)).toBe(true);
});

test('of eight who upload the same at once, each of whom may end the upload of another, all succeed', async () => {
  const places = Array.from({ length: 8 }, () => open());
  for (let round = 0; round < 3; round += 1) {
    const key = `crowd${round}`;
    await Promise.all(places.map((place) => place.writeLarge(key, sourceOf(bytes))));
    expect((await places[0]?.read(key))?.equals(bytes)).toBe(true);
  }
});

test('an upload that somebody else ends again and again is made in the end', async () => {
  const place = open();
  let ends = 0;
  const source = sourceOf(bytes);
  const read: LargeSource['read'] = async (offset, length) => {
    if (offset === 6 * PART && ends < 3) {
      ends += 1;
      await place.abandon(await place.unfinished());
    }
    return source.read(offset, length);
  };
  await place.writeLarge('ended often', { ...source, read });
  expect(ends).toBe(3);
  expect((await place.read('ended often'))?.equals(bytes)).toBe(true);
});

test('memory is bounded, however many objects are uploaded at once', async () => {
  const place = open();
  let [held, most] = [0, 0];
  const source = (): LargeSource => {
    const plain = sourceOf(bytes);
    return {
      ...plain,
      read: async (offset, length) => {
        held += 1;
        most = Math.max(most, held - parts().length);
        return plain.read(offset, length);
      },
    };
  };
  await Promise.all(['m/1', 'm/2', 'm/3'].map((key) => place.writeLarge(key, source())));
  // Three parts fit. A part counts here until the proxy has noted it, which may be after its answer has come; without a
  // bound there would be a dozen.
  expect(most).toBeLessThanOrEqual(6);
  for (const key of ['m/1', 'm/2', 'm/3']) expect((await place.read(key))?.equals(bytes)).toBe(true);
});

test('who may not look for uploads uploads all the same', async () => {
  const user = await minio.addUser(['s3:PutObject'], ['uploads/*']);
  const place = openS3({
    bucket: 'uploads',
    prefix: '',
    endpoint: proxy.url,
    env: {},
    ...user,
    sizes: { single: PART, part: PART },
  });
  await place.writeLarge('blind', sourceOf(bytes));
  expect(parts()).toHaveLength(9);
});
