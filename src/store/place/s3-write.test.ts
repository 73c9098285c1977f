import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { FaultProxy, Seen } from '../../../test/rig/fault-proxy.ts';
import { startFaultProxy } from '../../../test/rig/fault-proxy.ts';
import type { Minio } from '../../../test/rig/s3.ts';
import { startMinio } from '../../../test/rig/s3.ts';
import { sourceOf } from './fixture/helpers.ts';
import type { S3Options } from './s3-options.ts';
import { openS3 } from './s3.ts';

const MIB = 1 << 20;

let minio: Minio;
let proxy: FaultProxy;
beforeAll(async () => {
  minio = await startMinio();
  await minio.makeBuckets('written');
  proxy = await startFaultProxy(minio.url);
});
beforeEach(() => {
  proxy.plan(() => undefined);
});
afterAll(async () => {
  await proxy.stop();
  await minio.stop();
});

/** Makes objects in every way there is. */
async function writeAll(options: Partial<S3Options>): Promise<void> {
  const sizes = { single: MIB, part: 5 * MIB, copy: 5 * MIB };
  const place = openS3({ bucket: 'written', prefix: '', endpoint: proxy.url, env: {}, sizes, ...minio.root, ...options }); // prettier-ignore
  await place.write('small', [Buffer.from('x')]);
  await place.write('absent', [Buffer.from('x')], { ifAbsent: true });
  await place.writeLarge('single', sourceOf(randomBytes(MIB)));
  await place.writeLarge('parts', sourceOf(randomBytes(6 * MIB)));
  await place.copy('small', 'copied');
  await place.copy('parts', 'copied-parts');
  place.close();
}

const aclOf = ({ headers }: Seen): unknown => headers['x-amz-acl'];

test('the access policy goes with each object once: a small one, a large one, one in parts, and copies of them', async () => {
  await writeAll({ acl: 'bucket-owner-full-control' });
  const told = proxy.seen.filter((seen) => aclOf(seen) !== undefined);
  const queries = (path: string): string => path.replace(/^\/written\//, '').replace(/[?&]x-id=\w+/, '');
  expect(told.map(({ method, path }) => `${method} ${queries(path)}`)).toEqual([
    'PUT small',
    'PUT absent',
    'PUT single',
    'POST parts?uploads=',
    'PUT copied',
    'POST copied-parts?uploads=',
  ]);
  expect(new Set(told.map(aclOf))).toEqual(new Set(['bucket-owner-full-control']));
  for (const key of ['small', 'single', 'parts', 'copied', 'copied-parts']) {
    expect(await minio.mc('stat', `t/written/${key}`), key).toContain(key);
  }
});

test('without one, the server is told none', async () => {
  await writeAll({});
  expect(proxy.seen.length).toBeGreaterThan(10);
  expect(proxy.seen.map(aclOf).filter((acl) => acl !== undefined)).toEqual([]);
});
