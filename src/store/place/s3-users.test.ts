import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Minio, User } from '../../../test/rig/s3.ts';
import { startMinio } from '../../../test/rig/s3.ts';
import { listed } from './fixture/helpers.ts';
import type { Place } from './place.ts';
import type { S3Options } from './s3-options.ts';
import { openS3 } from './s3.ts';

let minio: Minio;
let folder: string;
beforeAll(async () => {
  minio = await startMinio();
  await minio.makeBuckets('users', 'public');
  folder = mkdtempSync(join(tmpdir(), 'pipe-users-'));
  await open(minio.root).write('there', [Buffer.from('x')]);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await minio.stop();
});

const open = (options: Partial<S3Options> & Partial<User>): Place =>
  openS3({ bucket: 'users', prefix: 'p', remote: 'origin', endpoint: minio.url, env: {}, ...options });

const refused = (code: string, hint = ''): unknown =>
  expect.objectContaining({ problems: [expect.objectContaining({ code, hint: expect.stringContaining(hint) })] });

test('who may only read is told so when writing, and reads', async () => {
  const place = open(await minio.addUser(['s3:GetObject', 's3:ListBucket'], ['users', 'users/*']));
  expect((await place.read('there'))?.toString()).toBe('x');
  expect(await listed(place, '')).toHaveLength(1);
  expect(await place.read('nothing')).toBeUndefined();
  const denied = refused('PIPE_REMOTE_DENIED', 'policy');
  await expect(place.write('new', [])).rejects.toEqual(denied);
  await expect(place.write('new', [], { ifAbsent: true })).rejects.toEqual(denied);
  await expect(place.remove(['there'])).rejects.toEqual(denied);
  await expect(place.remove(['there', 'there2'])).rejects.toEqual(denied);
  await expect(place.copy('there', 'new')).rejects.toEqual(denied);
  expect(await place.now()).toBeGreaterThan(Date.now() - 60_000);
});

test('who may only put writes, and is told what is not allowed', async () => {
  const place = open(await minio.addUser(['s3:PutObject'], ['users/*']));
  expect(await place.write('put/only', [Buffer.from('x')])).toBe(true);
  const denied = refused('PIPE_REMOTE_DENIED', 'policy');
  await expect(listed(place, '')).rejects.toEqual(denied);
  await expect(place.read('there')).rejects.toEqual(denied);
  await expect(place.stat('there')).rejects.toEqual(denied);
  await expect(place.stat('nothing')).rejects.toThrow('does not allow to look at nothing');
});

test('credentials that are not there, not known or wrong are told apart from those without rights', async () => {
  const env = { HOME: folder };
  const missing = refused('PIPE_REMOTE_CREDENTIALS', 'AWS_ACCESS_KEY_ID');
  await expect(
    open({ env, credentialPath: join(folder, 'none'), configPath: join(folder, 'none') }).read('there'),
  ).rejects.toEqual(missing);
  await expect(open({ env, profile: 'nobody' }).read('there')).rejects.toEqual(missing);
  const wrong = refused('PIPE_REMOTE_CREDENTIALS', 'secret key');
  const secretAccessKey = 'not-the-secret-of-anybody';
  await expect(open({ ...minio.root, secretAccessKey }).read('there')).rejects.toEqual(wrong);
  await expect(open({ ...minio.root, secretAccessKey }).stat('there')).rejects.toEqual(wrong);
  await expect(open({ ...minio.root, secretAccessKey }).read('there')).rejects.not.toThrow(secretAccessKey);
  await expect(open({ accessKeyId: 'nobody', secretAccessKey }).read('there')).rejects.toEqual(wrong);
});

test('credentials come from the environment, or from a profile in AWS files', async () => {
  const { accessKeyId, secretAccessKey } = minio.root;
  const env = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  expect((await open({ env }).read('there'))?.toString()).toBe('x');
  const file = join(folder, 'credentials');
  const keys = (key: string): string => `aws_access_key_id = ${key}\naws_secret_access_key = ${secretAccessKey}\n`;
  writeFileSync(file, `[default]\n${keys('nobody')}\n[work]\n${keys(accessKeyId)}`);
  const files = { credentialPath: file, configPath: join(folder, 'config') };
  expect((await open({ ...files, profile: 'work' }).read('there'))?.toString()).toBe('x');
  expect((await open({ ...files, env: { AWS_PROFILE: 'work' } }).read('there'))?.toString()).toBe('x');
  // A profile that is named is stronger than the environment.
  const nobody = { AWS_ACCESS_KEY_ID: 'nobody', AWS_SECRET_ACCESS_KEY: 'nothing' };
  expect((await open({ ...files, profile: 'work', env: nobody }).read('there'))?.toString()).toBe('x');
  await expect(open({ ...files }).read('there')).rejects.toEqual(refused('PIPE_REMOTE_CREDENTIALS'));
  expect(
    (await open({ endpoint: undefined, env: { ...env, AWS_ENDPOINT_URL: minio.url } }).read('there'))?.toString(),
  ).toBe('x');
});

test('keys that were given out for a time need the token that goes with them, from the options or the environment', async () => {
  const user = await minio.addUser(['s3:GetObject', 's3:ListBucket'], ['users', 'users/*']);
  const { accessKeyId, secretAccessKey, sessionToken } = await minio.assumeRole(user);
  expect((await open({ accessKeyId, secretAccessKey, sessionToken }).read('there'))?.toString()).toBe('x');
  const env = {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  };
  const place = open({ env });
  expect((await place.read('there'))?.toString()).toBe('x');
  await expect(place.write('new', [])).rejects.toEqual(refused('PIPE_REMOTE_DENIED', 'policy'));
  for (const token of [undefined, 'opaque', `${sessionToken.slice(0, -4)}AAAA`]) {
    const wrong = open({ accessKeyId, secretAccessKey, sessionToken: token });
    await expect(wrong.read('there')).rejects.toEqual(refused('PIPE_REMOTE_CREDENTIALS', 'may have expired'));
    await expect(wrong.read('there')).rejects.not.toThrow(sessionToken.slice(0, 40));
  }
});

test('keys whose time is over are told as expired, though the server only says that their token is not valid', async () => {
  const keys = await minio.assumeRole(await minio.addUser(['s3:GetObject'], ['users/*']));
  const place = open(minio.expired(keys));
  const expired = refused('PIPE_REMOTE_EXPIRED', 'get new ones');
  await expect(place.read('there')).rejects.toEqual(expired);
  await expect(place.stat('there')).rejects.toEqual(expired);
  await expect(place.write('new', [])).rejects.toEqual(expired);
});

test('a bucket that is open to all is read without credentials', async () => {
  await minio.mc('anonymous', 'set', 'download', 't/public');
  await open({ ...minio.root, bucket: 'public' }).write('open', [Buffer.from('to all')]);
  const place = open({ bucket: 'public', isAnonymous: true });
  expect((await place.read('open'))?.toString()).toBe('to all');
  await expect(place.write('new', [])).rejects.toEqual(refused('PIPE_REMOTE_DENIED'));
});

test('a bucket that is not there is not made', async () => {
  const place = open({ ...minio.root, bucket: 'missing' });
  const noBucket = refused('PIPE_REMOTE_NO_BUCKET', 'make the bucket');
  await expect(listed(place, '')).rejects.toEqual(noBucket);
  await expect(place.write('x', [])).rejects.toEqual(noBucket);
  await expect(place.read('x')).rejects.toEqual(noBucket);
});

test('objects are encrypted by the server where that is asked for', async () => {
  const place = open({ ...minio.root, sse: 'AES256', sizes: { single: 1000, part: 5 << 20, copy: 5 << 20 } });
  const bytes = Buffer.alloc(6 << 20, 'a');
  await place.write('encrypted/small', [Buffer.from('x')]);
  await place.writeLarge('encrypted/large', {
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
    check: () => Promise.resolve(),
  });
  await place.copy('encrypted/large', 'encrypted/copied');
  for (const key of ['small', 'large', 'copied']) {
    const told = await minio.mc('stat', '--json', `t/users/p/encrypted/${key}`);
    expect(told).toContain('AES256');
  }
  expect((await place.read('encrypted/copied'))?.equals(bytes)).toBe(true);
});

test('a server with a certificate of its own is trusted when its authority is named', async () => {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', [...made, ...subject, '-keyout', key, '-out', certificate], { stdio: 'pipe' });
  const { hostname, port } = new URL(minio.url);
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (incoming, answer) => {
    const { method, url: path, headers } = incoming;
    const out = request({ hostname, port, method, path, headers, setHost: false }, (real) => {
      answer.writeHead(real.statusCode ?? 500, real.headers);
      real.pipe(answer);
    });
    incoming.pipe(out);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const secure = { ...minio.root, endpoint: address };
  try {
    const untrusted = refused('PIPE_REMOTE_UNREACHABLE', 'ssl_verify');
    await expect(open(secure).read('there')).rejects.toEqual(untrusted);
    for (const trust of [{ sslVerify: certificate }, { sslVerify: 'false' }, { env: { AWS_CA_BUNDLE: certificate } }]) {
      expect((await open({ ...secure, ...trust }).read('there'))?.toString()).toBe('x');
    }
    const plain = open({ ...minio.root, endpoint: `https://${new URL(minio.url).host}` });
    await expect(plain.read('there')).rejects.toEqual(refused('PIPE_REMOTE_UNREACHABLE', 'http://'));
    expect(() => open({ ...secure, sslVerify: join(folder, 'none.pem') })).toThrow('none.pem');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('an address that makes no sense is refused, and what it holds is not shown', async () => {
  expect(() => open({ ...minio.root, endpoint: 'ftp://ann:pw@host' })).toThrow('endpointurl is not the address');
  const gone = open({ ...minio.root, endpoint: 'http://ann:hunter2@127.0.0.1:9' });
  const shown = await gone.read('x').catch((error: unknown) => String(error));
  expect(shown).toContain('127.0.0.1:9');
  expect(shown).not.toContain('hunter2');
});
