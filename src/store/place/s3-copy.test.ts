import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { FaultPlan, FaultProxy } from '../../../test/rig/fault-proxy.ts';
import { refusal, startFaultProxy } from '../../../test/rig/fault-proxy.ts';
import type { Minio } from '../../../test/rig/s3.ts';
import { startMinio } from '../../../test/rig/s3.ts';
import { isAbort } from '../../kit/abort.ts';
import type { Place } from './place.ts';
import { openS3 } from './s3.ts';

const MIB = 1 << 20;
const bytes = randomBytes(17 * MIB);

let minio: Minio;
let proxy: FaultProxy;
beforeAll(async () => {
  minio = await startMinio();
  await minio.makeBuckets('copies');
  proxy = await startFaultProxy(minio.url);
  await open().write('from', [bytes]);
});
beforeEach(() => {
  proxy.plan(() => undefined);
});
afterAll(async () => {
  await proxy.stop();
  await minio.stop();
});

function open(signal?: AbortSignal): Place {
  const options = { bucket: 'copies', prefix: '', endpoint: proxy.url, env: {}, ...minio.root, pauseMs: 1, signal };
  return openS3({ ...options, sizes: { copy: 6 * MIB } });
}

type Asked = Parameters<FaultPlan>[0];

const isPart = ({ path }: Asked): boolean => path.includes('partNumber=');
const isEnd = ({ method, path }: Asked): boolean => method === 'POST' && path.includes('uploadId=');
const isBegin = ({ method, path }: Asked): boolean => method === 'POST' && path.includes('uploads');
const unfinished = async (): Promise<string> => minio.mc('ls', '--incomplete', '--recursive', 't/copies');

test('a copy in parts whose last answer was lost is there, and is not made again', async () => {
  let isLost = false;
  proxy.plan((seen) => {
    if (isLost || !isEnd(seen)) return undefined;
    isLost = true;
    return 'lose';
  });
  const place = open();
  expect(await place.copy('from', 'lost')).toBe(true);
  expect(isLost).toBe(true);
  expect(proxy.seen.filter(isPart)).toHaveLength(3);
  expect((await place.read('lost'))?.equals(bytes)).toBe(true);
});

test.for([
  ['and is not there', isEnd, 1],
  ['while its parts are copied', isPart, 2],
] as const)('a copy whose upload has gone, %s, is made anew', async ([when, isMeant, nth]) => {
  let meant = 0;
  proxy.plan((seen) => {
    if (!isMeant(seen) || (meant += 1) !== nth) return undefined;
    return { status: 404, body: refusal('NoSuchUpload') };
  });
  const place = open();
  expect(await place.copy('from', when)).toBe(true);
  expect(proxy.seen.filter(isBegin)).toHaveLength(2);
  expect((await place.read(when))?.equals(bytes)).toBe(true);
  await place.abandon(await place.unfinished());
});

test('after a part that fails no other is begun', async () => {
  proxy.plan((seen) => (isPart(seen) ? { status: 403, body: refusal('AccessDenied') } : undefined));
  const options = { bucket: 'copies', prefix: '', endpoint: proxy.url, env: {}, ...minio.root, pauseMs: 1 };
  const place = openS3({ ...options, jobs: 1, sizes: { copy: 1 * MIB } });
  await expect(place.copy('from', 'denied')).rejects.toMatchObject({ problems: [{ code: 'PIPE_REMOTE_DENIED' }] });
  expect(proxy.seen.filter(isPart).length).toBeLessThan(17);
});

test('a copy whose upload always goes is given up', async () => {
  proxy.plan((seen) => (isEnd(seen) ? { status: 404, body: refusal('NoSuchUpload') } : undefined));
  await expect(open().copy('from', 'never')).rejects.toMatchObject({ problems: [{ code: 'PIPE_REMOTE_FAILED' }] });
  expect(proxy.seen.filter(isBegin)).toHaveLength(3);
  proxy.plan(() => undefined);
  await open().abandon(await open().unfinished());
});

test('a copy that is stopped in the middle leaves no parts that nobody sees but on the bill', async () => {
  const stop = new AbortController();
  proxy.plan((seen) => {
    if (isPart(seen)) stop.abort('SIGINT');
    return undefined;
  });
  await expect(open(stop.signal).copy('from', 'stopped')).rejects.toSatisfy(isAbort);
  expect(proxy.seen.some(isPart)).toBe(true);
  expect(await unfinished()).toBe('');
  expect(await open().stat('stopped')).toBeUndefined();
});
