import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FaultProxy, Seen } from '../../../test/rig/fault-proxy.ts';
import { startFaultProxy } from '../../../test/rig/fault-proxy.ts';
import type { Minio } from '../../../test/rig/s3.ts';
import { startMinio } from '../../../test/rig/s3.ts';
import { listed, sourceOf } from './fixture/helpers.ts';
import { openS3 } from './s3.ts';

const MIB = 1 << 20;

let minio: Minio;
let proxy: FaultProxy;
beforeAll(async () => {
  minio = await startMinio();
  await minio.makeBuckets('plain');
  proxy = await startFaultProxy(minio.url);
}, 120_000);
afterAll(async () => {
  await proxy.stop();
  await minio.stop();
});

/** What a request asks for. */
function kindOf({ method, path, headers }: Seen): string {
  const { pathname, searchParams } = new URL(path, 'http://server');
  const isOfBucket = pathname.split('/').filter(Boolean).length === 1;
  if (searchParams.has('partNumber')) return headers['x-amz-copy-source'] === undefined ? 'part' : 'copied part';
  if (searchParams.has('uploads')) return method === 'POST' ? 'create' : 'uploads';
  if (searchParams.has('uploadId')) return { POST: 'complete', GET: 'parts', DELETE: 'abandon' }[method] ?? method;
  if (searchParams.has('delete')) return 'remove many';
  if (isOfBucket) return method === 'GET' ? 'list' : method;
  if (headers['x-amz-copy-source'] !== undefined) return 'copy';
  if (headers['if-none-match'] !== undefined) return 'put if absent';
  return headers['range'] === undefined ? method : `${method} of a range`;
}

test('no request needs a server that knows newer checksums', async () => {
  const sizes = { single: 5 * MIB, part: 5 * MIB, copy: 6 * MIB };
  const place = openS3({ bucket: 'plain', prefix: 'p', endpoint: proxy.url, env: {}, ...minio.root, sizes });
  const large = randomBytes(11 * MIB);
  proxy.plan(() => undefined);
  await place.now();
  await place.write('small', [Buffer.from('x')]);
  await place.write('first', [Buffer.from('x')], { ifAbsent: true });
  await place.writeLarge('large', sourceOf(large));
  expect(await place.copy('small', 'copied')).toBe(true);
  expect(await place.copy('large', 'copied in parts')).toBe(true);
  expect((await place.read('copied in parts'))?.equals(large)).toBe(true);
  expect(await place.read('small', { offset: 0, length: 1 })).toEqual(Buffer.from('x'));
  await place.stat('small');
  expect(await listed(place, '')).toHaveLength(5);
  const check = (): Promise<void> => Promise.reject(new Error('given up'));
  await expect(place.writeLarge('never', { ...sourceOf(large), check })).rejects.toThrow('given up');
  await place.unfinished();
  await place.remove(['small']);
  await place.remove(['first', 'copied']);
  place.close();

  expect([...new Set(proxy.seen.map(kindOf))].sort()).toEqual([
    'DELETE', 'GET', 'GET of a range', 'HEAD', 'PUT', 'abandon', 'complete', 'copied part', 'copy', 'create', 'list',
    'part', 'put if absent', 'remove many', 'uploads',
  ]); // prettier-ignore
  for (const each of proxy.seen) {
    const names = Object.keys(each.headers);
    const newer = /^x-amz-(?:checksum-|sdk-checksum-|trailer$|decoded-content-length$)|^(?:trailer|expect)$/;
    expect(names.filter((name) => newer.test(name)), kindOf(each)).toEqual([]); // prettier-ignore
    expect(String(each.headers['content-encoding'] ?? ''), kindOf(each)).not.toContain('aws-chunked');
    expect(String(each.headers['x-amz-content-sha256']), kindOf(each)).not.toMatch(/STREAMING|TRAILER/);
  }
});
