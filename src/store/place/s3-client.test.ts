import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { FaultPlan, FaultProxy } from '../../../test/rig/fault-proxy.ts';
import { refusal, startFaultProxy } from '../../../test/rig/fault-proxy.ts';
import type { Minio } from '../../../test/rig/s3.ts';
import { startMinio } from '../../../test/rig/s3.ts';
import { temporaryFolder, write } from '../../project/fixture/folder.ts';
import { listed, sourceOf } from './fixture/helpers.ts';
import { signerOf, unsent } from './fixture/unsent.ts';
import type { Place } from './place.ts';
import type { S3Options } from './s3-options.ts';
import { openS3 } from './s3.ts';

let minio: Minio;
let proxy: FaultProxy;
beforeAll(async () => {
  minio = await startMinio();
  await minio.makeBuckets('plain', 'with.dots');
  proxy = await startFaultProxy(minio.url);
});
beforeEach(() => {
  proxy.plan(() => undefined);
});
afterAll(async () => {
  await proxy.stop();
  await minio.stop();
});

const MIB = 1 << 20;
const NONE = '/nonexistent';

function open(options: Partial<S3Options> = {}): Place {
  const files = { credentialPath: NONE, configPath: NONE };
  return openS3({ bucket: 'plain', prefix: 'p', endpoint: proxy.url, env: {}, ...files, ...minio.root, ...options });
}

/** The regions that requests were signed for, each once. */
const regions = (): unknown[] => [
  ...new Set(proxy.seen.map(({ headers }) => signerOf(headers['authorization']).region)),
];

/** Files of AWS with regions of their own. */
function awsFiles(): Pick<S3Options, 'configPath' | 'credentialPath'> {
  const folder = temporaryFolder();
  write(folder, {
    config: '[default]\nregion = ca-west-1\n[profile work]\nregion = eu-south-1\n[profile both]\nregion = eu-south-2\n',
    credentials: '[home]\nregion = sa-east-1\n[both]\nregion = sa-west-1\n',
  });
  return { configPath: `${folder}/config`, credentialPath: `${folder}/credentials` };
}

const BOTH = { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'eu-west-2' };

test.each<[string, string, Partial<S3Options>]>([
  ['of the option', 'eu-west-3', { region: 'eu-west-3', env: BOTH, profile: 'work' }],
  ['of AWS_REGION', 'eu-west-1', { env: BOTH, profile: 'work' }],
  ['of AWS_DEFAULT_REGION', 'eu-west-2', { env: { ...BOTH, AWS_REGION: '' }, profile: 'work' }],
  ['of the profile', 'eu-south-1', { env: { AWS_PROFILE: 'home' }, profile: 'work' }],
  ['of the profile in AWS_PROFILE', 'eu-south-1', { env: { AWS_PROFILE: 'work' } }],
  ['of the profile in the credentials file', 'sa-east-1', { profile: 'home' }],
  ['of the profile in the config file before that', 'eu-south-2', { profile: 'both' }],
  ['of the default profile', 'ca-west-1', {}],
  ['us-east-1', 'us-east-1', { configPath: NONE, credentialPath: NONE }],
])('requests are signed for the region %s, where nothing stronger is said', async (_, region, options) => {
  await open({ ...awsFiles(), ...options }).stat('nothing');
  expect(regions()).toEqual([region]);
});

/** What a server answers that knows the bucket to lie in another region. */
const MOVED = {
  status: 301,
  body: refusal('PermanentRedirect', 'The bucket you are attempting to access must be addressed elsewhere.'),
  headers: { 'x-amz-bucket-region': 'eu-west-1' },
};

const elsewhere: FaultPlan = ({ headers }) =>
  signerOf(headers['authorization']).region === 'eu-west-1' ? undefined : MOVED;

test('where a server says that the bucket lies in another region, it is asked there, whatever it is asked', async () => {
  proxy.plan(elsewhere);
  const place = open({ sizes: { single: MIB, part: 5 * MIB, copy: 5 * MIB } });
  const bytes = randomBytes(6 * MIB);
  expect(await place.now()).toBeGreaterThan(Date.now() - 60_000);
  expect(await place.write('small', [Buffer.from('x')], { ifAbsent: true })).toBe(true);
  await place.writeLarge('large', sourceOf(bytes));
  expect(await place.copy('large', 'copied')).toBe(true);
  expect((await listed(place, '')).map(({ key }) => key)).toEqual(['copied', 'large', 'small']);
  expect((await place.read('small'))?.toString()).toBe('x');
  // Over a connection of its own (DirectHandler).
  expect((await place.read('copied', { offset: 0, length: bytes.length }))?.equals(bytes)).toBe(true);
  await place.remove(['small', 'large', 'copied']);
  expect(await listed(place, '')).toEqual([]);
  expect(regions()).toEqual(['us-east-1', 'eu-west-1']);
});

test('many requests at once are all asked again in the other region', async () => {
  proxy.plan(elsewhere);
  const place = open();
  const keys = Array.from({ length: 100 }, (_, number) => `many/${number}`);
  await Promise.all(keys.map((key) => place.write(key, [Buffer.from(key)])));
  const read = await Promise.all(keys.map(async (key) => (await place.read(key))?.toString()));
  expect(read).toEqual(keys);
});

test('a server that sends on there, too, is not followed for ever', async () => {
  proxy.plan(() => MOVED);
  const hint = expect.stringContaining('region');
  await expect(open().read('small')).rejects.toMatchObject({ problems: [{ code: 'PIPE_REMOTE_FAILED', hint }] });
  expect(proxy.seen).toHaveLength(2);
});

test.each(['plain', 'with.dots'])('with an address of its own, the bucket %s is part of the path', async (bucket) => {
  const place = open({ bucket });
  await place.write('key', [Buffer.from('x')]);
  expect((await place.read('key'))?.toString()).toBe('x');
  expect(proxy.seen.map(({ path }) => path.replace(/\?.*/, ''))).toEqual(Array(2).fill(`/${bucket}/p/key`));
  expect(proxy.seen.map(({ headers }) => headers['host'])).toEqual(Array(2).fill(new URL(proxy.url).host));
});

test.each<[string, Partial<S3Options>]>([
  ['https://plain.s3.eu-west-1.amazonaws.com/key', { bucket: 'plain' }],
  ['http://plain.s3.eu-west-1.amazonaws.com/key', { bucket: 'plain', useSsl: false }],
  ['https://s3.eu-west-1.amazonaws.com/with.dots/key', { bucket: 'with.dots' }],
  ['http://s3.eu-west-1.amazonaws.com/with.dots/key', { bucket: 'with.dots', useSsl: false }],
  ['https://s3.eu-west-1.amazonaws.com/Under_Score/key', { bucket: 'Under_Score' }],
  ['https://s3.eu-west-1.amazonaws.com/plain/key', { endpoint: 's3.eu-west-1.amazonaws.com' }],
])('at Amazon, the bucket is part of the host where the certificates know it there: %s', async (url, options) => {
  const about = { bucket: 'plain', prefix: '', env: {}, region: 'eu-west-1', ...minio.root, ...options };
  expect((await unsent(about)).url).toBe(url);
});
