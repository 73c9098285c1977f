import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { FaultPlan, FaultProxy } from '../../../test/rig/fault-proxy.ts';
import { refusal, seededFaults, startFaultProxy } from '../../../test/rig/fault-proxy.ts';
import type { Minio } from '../../../test/rig/s3.ts';
import { startMinio } from '../../../test/rig/s3.ts';
import { listed, sourceOf } from './fixture/helpers.ts';
import type { S3Options } from './s3-options.ts';
import { openS3 } from './s3.ts';

const MIB = 1 << 20;

/** S3 takes no smaller parts. */
const SMALL = { single: 5 * MIB, part: 5 * MIB, inFlight: 20 * MIB, copy: 6 * MIB };

let minio: Minio;
let proxy: FaultProxy;
beforeAll(async () => {
  minio = await startMinio();
  await minio.makeBuckets('faults');
  proxy = await startFaultProxy(minio.url);
});
afterEach(() => {
  vi.useRealTimers();
  proxy.plan(() => undefined);
});
afterAll(async () => {
  await proxy.stop();
  await minio.stop();
});

const open = (options: Partial<S3Options> = {}) =>
  openS3({
    bucket: 'faults',
    prefix: '',
    endpoint: proxy.url,
    env: {},
    ...minio.root,
    sizes: SMALL,
    pauseMs: 1,
    ...options,
  });

/** A fault for the first request that fits, and none for the others. */
const once = (
  fault: ReturnType<FaultPlan>,
  fits: (seen: Parameters<FaultPlan>[0]) => boolean = () => true,
): FaultPlan => {
  let isDone = false;
  return (seen) => {
    if (isDone || !fits(seen)) return undefined;
    isDone = true;
    return fault;
  };
};

describe('a place heals through faults', () => {
  const large = randomBytes(17 * MIB);

  test.each(Array.from({ length: 20 }, (_, seed) => seed))('seed %i', async (seed) => {
    const place = open();
    const at = (key: string): string => `seed/${String(seed)}/${key}`;
    proxy.plan(seededFaults(seed, 0.3));
    await Promise.all(
      Array.from({ length: 20 }, (_, each) => place.write(at(`w/${String(each)}`), [Buffer.from([each])])),
    );
    expect(await place.write(at('first'), [Buffer.from('one')], { ifAbsent: true })).toBe(true);
    expect(await place.write(at('first'), [Buffer.from('two')], { ifAbsent: true })).toBe(false);
    expect((await place.read(at('first')))?.toString()).toBe('one');
    await place.writeLarge(at('large'), sourceOf(large));
    expect(await place.copy(at('large'), at('copied'))).toBe(true);
    expect((await place.read(at('copied')))?.equals(large)).toBe(true);
    expect((await place.read(at('large'), { last: 6 * MIB }))?.equals(large.subarray(-6 * MIB))).toBe(true);
    await place.remove(Array.from({ length: 19 }, (_, each) => at(`w/${String(each)}`)));
    const keys = (await listed(place, at(''))).map(({ key, size }) => [key, size]);
    expect(keys).toEqual([
      [at('copied'), large.length],
      [at('first'), 3],
      [at('large'), large.length],
      [at('w/19'), 1],
    ]);
    expect(proxy.seen.filter(({ fault }) => fault !== undefined).length).toBeGreaterThan(5);
    place.close();
    proxy.plan(() => undefined);
    await open().remove(keys.map(([key]) => String(key)));
  });
});

test('an answer that breaks off is gone on with where it broke', async () => {
  const place = open();
  const bytes = randomBytes(3 * MIB);
  await place.write('broken', [bytes]);
  proxy.plan(once('truncate'));
  expect((await place.read('broken'))?.equals(bytes)).toBe(true);
  const [first, second] = proxy.seen;
  expect(first?.headers['range']).toBeUndefined();
  const from = Number(/^bytes=(\d+)-3145727$/.exec(String(second?.headers['range']))?.[1]);
  expect(from).toBeGreaterThan(0);
  expect(second?.headers['if-match']).toBeDefined();
  proxy.plan(once('truncate'));
  const part = await place.read('broken', { offset: MIB, length: MIB });
  expect(part?.equals(bytes.subarray(MIB, 2 * MIB))).toBe(true);
  expect(proxy.seen).toHaveLength(2);
});

test('an object that is replaced while an answer breaks off is read from its beginning', async () => {
  const place = open();
  const [before, after] = [Buffer.alloc(2 * MIB, 'a'), Buffer.alloc(2 * MIB, 'b')];
  await place.write('changing', [before]);
  const writer = openS3({ bucket: 'faults', prefix: '', endpoint: minio.url, env: {}, ...minio.root });
  proxy.plan((_, number) => (number === 0 ? 'truncate' : undefined));
  const reading = place.read('changing');
  await vi.waitFor(() => {
    expect(proxy.seen.length).toBeGreaterThan(0);
  });
  await writer.write('changing', [after]);
  const read = await reading;
  // Which of them depends on who is first; never the beginning of one and the end of the other.
  expect(read?.equals(after) === true || read?.equals(before) === true).toBe(true);
});

test('bytes that come to harm on their way up are refused by the server, and sent again', async () => {
  const place = open();
  for (const size of [1, 1000, 4 * MIB]) {
    const bytes = randomBytes(size);
    proxy.plan(once('corrupt-up'));
    expect(await place.write('harmed', [bytes])).toBe(true);
    expect(proxy.seen.map(({ fault }) => fault)).toEqual(['corrupt-up', undefined]);
    expect((await place.read('harmed'))?.equals(bytes)).toBe(true);
  }
  const large = randomBytes(11 * MIB);
  proxy.plan(once('corrupt-up', ({ path }) => path.includes('partNumber=2')));
  await place.writeLarge('harmed', sourceOf(large));
  expect((await place.read('harmed'))?.equals(large)).toBe(true);
});

test('who wrote first is told so, also when the answer was lost', async () => {
  const place = open();
  proxy.plan(once('lose'));
  expect(await place.write('lost/answer', [Buffer.from('x')], { ifAbsent: true })).toBe(true);
  proxy.plan(once('lose'));
  expect(await place.write('lost/answer', [Buffer.from('x')], { ifAbsent: true })).toBe(false);
});

test('an upload whose last answer was lost is not made again', async () => {
  const place = open();
  const bytes = randomBytes(12 * MIB);
  proxy.plan(once('lose', ({ method, path }) => method === 'POST' && path.includes('uploadId=')));
  await place.writeLarge('lost/large', sourceOf(bytes));
  expect(proxy.seen.filter(({ path }) => path.includes('partNumber='))).toHaveLength(3);
  expect((await place.read('lost/large'))?.equals(bytes)).toBe(true);
});

test('a server that never has time is given up, after a bounded number of tries', async () => {
  const place = open();
  proxy.plan(() => '503');
  const told = place.write('busy', [Buffer.from('x')]);
  await expect(told).rejects.toMatchObject({
    problems: [{ code: 'PIPE_REMOTE_FAILED', hint: expect.stringContaining('later') }],
  });
  expect(proxy.seen).toHaveLength(8);
});

test('a server that is not there is given up soon, one that answered before gets more time', async () => {
  const gone = await startFaultProxy(minio.url);
  const place = open({ endpoint: gone.url });
  await place.write('there', []);
  await gone.stop();
  const unreachable = {
    problems: [{ code: 'PIPE_REMOTE_UNREACHABLE', message: expect.stringContaining('nothing listens') }],
  };
  await expect(place.write('there', [])).rejects.toMatchObject(unreachable);
  await expect(open({ endpoint: gone.url }).read('there')).rejects.toMatchObject(unreachable);
  const nowhere = open({ endpoint: 'http://no-such-host.invalid' });
  await expect(nowhere.read('x')).rejects.toMatchObject({ problems: [{ code: 'PIPE_REMOTE_UNREACHABLE' }] });
});

test('a server that falls silent is asked again', async () => {
  const place = open({ readTimeout: 1 });
  await place.write('silent', [Buffer.from('x')]);
  proxy.plan(once('stall'));
  expect((await place.read('silent'))?.toString()).toBe('x');
  expect(proxy.seen.map(({ fault }) => fault)).toEqual(['stall', undefined]);
});

test('a clock that is an hour wrong is put right by what the server tells', async () => {
  const place = open();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3600_000 });
  expect(await place.write('skewed', [Buffer.from('x')])).toBe(true);
  expect((await place.read('skewed'))?.toString()).toBe('x');
  expect(Math.abs((await place.now()) - (Date.now() - 3600_000))).toBeLessThan(10_000);
});

test.each([
  ['RequestTimeTooSkewed', 403, 'PIPE_REMOTE_SKEW', 'timedatectl'],
  ['ExpiredToken', 400, 'PIPE_REMOTE_EXPIRED', 'sso login'],
  ['SignatureDoesNotMatch', 403, 'PIPE_REMOTE_CREDENTIALS', 'secret key'],
  ['AccessDenied', 403, 'PIPE_REMOTE_DENIED', 'policy'],
  ['NoSuchBucket', 404, 'PIPE_REMOTE_NO_BUCKET', 'make the bucket'],
  ['NotImplemented', 501, 'PIPE_REMOTE_FAILED', 'lacks a part of S3'],
  ['AuthorizationHeaderMalformed', 400, 'PIPE_REMOTE_FAILED', 'region eu-west-1'],
])('%s is said in words, with what to do', async (...[name, status, code, hint]) => {
  const place = open({ remote: 'origin' });
  proxy.plan(() => ({ status, body: refusal(name, "the region is wrong; expecting 'eu-west-1'\n\u001b[31m") }));
  const problems = [{ code, hint: expect.stringContaining(hint), message: expect.not.stringContaining('\n') }];
  await expect(place.write('x', [])).rejects.toMatchObject({ problems });
  await expect(place.stat('x').then(() => place.read('x'))).rejects.toMatchObject({ problems: [{ code }] });
});

test('a server cannot make us show a secret', async () => {
  const { accessKeyId, secretAccessKey } = minio.root;
  proxy.plan(() => ({ status: 400, body: refusal('Odd', `you sent ${secretAccessKey} to https://ann:pw@host/`) }));
  const shown = await open()
    .write('x', [])
    .catch((error: unknown) => String(error));
  expect(shown).toContain('you sent ***');
  expect(shown).not.toContain(secretAccessKey);
  expect(shown).not.toContain('pw@');
  expect(shown).not.toContain(accessKeyId);
});

test('no more calls go out than were allowed', async () => {
  const place = open({ jobs: 3 });
  await Promise.all(
    Array.from({ length: 40 }, (_, each) => place.write(`limited/${String(each)}`, [randomBytes(1000)])),
  );
  expect(proxy.most()).toBeLessThanOrEqual(3);
});

test('many objects are removed with one request for a thousand', async () => {
  const place = open();
  proxy.plan(() => undefined);
  await place.remove(Array.from({ length: 2500 }, (_, each) => `none/${String(each)}`));
  expect(proxy.seen.map(({ method, path }) => [method, path.includes('delete')])).toEqual([
    ['POST', true],
    ['POST', true],
    ['POST', true],
  ]);
  expect(proxy.seen.every(({ headers }) => headers['content-md5'] !== undefined)).toBe(true);
  expect(Object.keys(proxy.seen[0]?.headers ?? {}).filter((name) => name.includes('checksum'))).toEqual([]);
});

test('a server that removes one object at a time is asked to', async () => {
  const place = open();
  for (const key of ['single/1', 'single/2']) await place.write(key, []);
  proxy.plan(({ method }) => (method === 'POST' ? { status: 501, body: refusal('NotImplemented') } : undefined));
  await place.remove(['single/1', 'single/2', 'single/3']);
  expect(await listed(place, 'single/')).toEqual([]);
});

test('a server that sends more than was asked for is not believed', async () => {
  const place = open();
  await place.write('much', [randomBytes(1000)]);
  const headers = { 'content-range': 'bytes 0-999/1000', 'content-length': '1000' };
  proxy.plan(() => ({ status: 206, body: 'x'.repeat(1000), headers }));
  await expect(place.read('much', { offset: 0, length: 10 })).rejects.toThrow('more bytes than');
  for (const more of [{}, { 'content-length': '10' }]) {
    proxy.plan(() => ({ status: 200, body: '0123456789', headers: more }));
    expect((await place.read('much', { offset: 2, length: 3 }))?.toString()).toBe('234');
    expect((await place.read('much', { last: 3 }))?.toString()).toBe('789');
    expect((await place.read('much'))?.toString()).toBe('0123456789');
  }
});
