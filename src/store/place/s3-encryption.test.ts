import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { FaultProxy } from '../../../test/rig/fault-proxy.ts';
import { startFaultProxy } from '../../../test/rig/fault-proxy.ts';
import type { Minio } from '../../../test/rig/s3.ts';
import { startMinio } from '../../../test/rig/s3.ts';
import { isAbort } from '../../kit/abort.ts';
import { listed, sourceOf } from './fixture/helpers.ts';
import type { Place } from './place.ts';
import { openS3 } from './s3.ts';

// Where the server encrypts with keys of its own, ETags are no MD5 of anything that is known here.

const MIB = 1 << 20;
const PART = 5 * MIB;
const bytes = randomBytes(4 * PART + 17);

let minio: Minio;
let proxy: FaultProxy;
beforeAll(async () => {
  minio = await startMinio();
  await minio.makeBuckets('encrypted');
  proxy = await startFaultProxy(minio.url);
}, 120_000);
beforeEach(() => {
  proxy.plan(() => undefined);
});
afterAll(async () => {
  await proxy.stop();
  await minio.stop();
});

const open = (signal?: AbortSignal): Place =>
  openS3({
    bucket: 'encrypted',
    prefix: 'p',
    endpoint: proxy.url,
    env: {},
    ...minio.root,
    sse: 'aws:kms',
    sseKmsKeyId: 'test-key',
    sizes: { single: PART, part: PART, inFlight: 3 * PART, copy: 6 * MIB },
    pauseMs: 1,
    signal,
  });

const isEncrypted = async (key: string): Promise<boolean> =>
  /aws:kms|SSE-KMS/i.test(await minio.mc('stat', '--json', `t/encrypted/p/${key}`));

test('objects are encrypted with a key of the key service, whatever way they come there', async () => {
  const place = open();
  await place.write('small', [Buffer.from('x')]);
  expect(await place.write('small', [Buffer.from('y')], { ifAbsent: true })).toBe(false);
  await place.writeLarge('large', sourceOf(bytes));
  expect(await place.copy('small', 'copied')).toBe(true);
  expect(await place.copy('large', 'copied in parts')).toBe(true);
  for (const key of ['small', 'large', 'copied', 'copied in parts']) expect(await isEncrypted(key), key).toBe(true);
  expect((await place.read('small'))?.toString()).toBe('x');
  expect((await place.read('copied in parts'))?.equals(bytes)).toBe(true);
  expect(await place.stat('large')).toMatchObject({ size: bytes.length });
  expect((await listed(place, '')).map(({ size }) => size)).toEqual([1, bytes.length, bytes.length, 1]);
});

test('an interrupted upload is ended with the right bytes, whether or not its parts can be told', async () => {
  const stop = new AbortController();
  let parts = 0;
  proxy.plan(({ path }) => {
    if (path.includes('partNumber=') && (parts += 1) === 3) stop.abort('SIGINT');
    return undefined;
  });
  await expect(open(stop.signal).writeLarge('resumed', sourceOf(bytes))).rejects.toSatisfy(isAbort);
  proxy.plan(() => undefined);
  const place = open();
  await place.writeLarge('resumed', sourceOf(bytes));
  expect((await place.read('resumed'))?.equals(bytes)).toBe(true);
  expect(await isEncrypted('resumed')).toBe(true);
  expect(await place.unfinished()).toEqual([]);
});

test.each(['large', 'copied'])('of what is %s the last answer may be lost', async (what) => {
  const place = open();
  await place.writeLarge('from', sourceOf(bytes));
  let isLost = false;
  proxy.plan(({ method, path }) => {
    if (isLost || method !== 'POST' || !path.includes('uploadId=')) return undefined;
    isLost = true;
    return 'lose';
  });
  if (what === 'large') await place.writeLarge('lost', sourceOf(bytes));
  else expect(await place.copy('from', 'lost copy')).toBe(true);
  expect(isLost).toBe(true);
  const key = what === 'large' ? 'lost' : 'lost copy';
  expect((await place.read(key))?.equals(bytes)).toBe(true);
  expect(await place.unfinished()).toEqual([]);
});
