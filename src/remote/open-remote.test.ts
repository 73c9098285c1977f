import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { FaultProxy } from '../../test/rig/fault-proxy.ts';
import { startFaultProxy } from '../../test/rig/fault-proxy.ts';
import type { Minio } from '../../test/rig/s3.ts';
import { startMinio } from '../../test/rig/s3.ts';
import { openConfig } from '../project/config.ts';
import { temporaryFolder, write } from '../project/fixture/folder.ts';
import type { RemoteOptionName } from '../project/option.ts';
import { signerOf } from '../store/place/fixture/unsent.ts';
import type { Place } from '../store/place/place.ts';
import { openRemote } from './open-remote.ts';

// What of the configuration arrives at the server of a bucket.

let minio: Minio;
let proxy: FaultProxy;
beforeAll(async () => {
  minio = await startMinio();
  await minio.makeBuckets('wired');
  proxy = await startFaultProxy(minio.url);
});
beforeEach(() => {
  proxy.plan(() => undefined);
});
afterAll(async () => {
  await proxy.stop();
  await minio.stop();
});

type Options = Partial<Record<RemoteOptionName, string | number | boolean | undefined>>;

/** A remote with these options, opened as commands do. */
async function open(options: Options, jobs?: number): Promise<Place> {
  const root = temporaryFolder();
  const pipeDir = join(root, '.pipe');
  const env = {
    PATH: process.env['PATH'],
    HOME: join(root, 'home'),
    XDG_CONFIG_HOME: join(root, 'xdg'),
    PIPE_SYSTEM_CONFIG_DIR: join(root, 'etc'),
  };
  const { accessKeyId: access_key_id, secretAccessKey: secret_access_key } = minio.root;
  const all = { url: 's3://wired/below/it', endpointurl: proxy.url, access_key_id, secret_access_key, ...options };
  write(pipeDir, { 'config.local.yaml': JSON.stringify({ remote: { r: all } }) });
  const { place } = await openRemote({ pipeDir, config: openConfig({ root, pipeDir, env }) }, { env, name: 'r', jobs });
  onTestFinished(() => {
    place.close();
  });
  return place;
}

/** Writes an object; what the server was told with it. */
async function told(options: Options): Promise<FaultProxy['seen'][number]> {
  await (await open(options)).write('key', [Buffer.from('x')]);
  return proxy.seen[0]!;
}

const NO_KEYS = { access_key_id: undefined, secret_access_key: undefined };

const refused = (code: string, hint = ''): unknown =>
  expect.objectContaining({ problems: [expect.objectContaining({ code, hint: expect.stringContaining(hint) })] });

test('objects lie in the bucket of the url, below its prefix', async () => {
  expect((await told({})).path).toMatch(/^\/wired\/below\/it\/key\b/);
});

test('the region signs requests, as do the keys', async () => {
  const { headers } = await told({ region: 'eu-west-3' });
  expect(signerOf(headers['authorization'])).toEqual({ key: minio.root.accessKeyId, region: 'eu-west-3' });
});

test.each<[Options, Record<string, string | undefined>]>([
  [{ acl: 'bucket-owner-read' }, { 'x-amz-acl': 'bucket-owner-read' }],
  [{ sse: 'AES256' }, { 'x-amz-server-side-encryption': 'AES256' }],
  [
    { sse: 'aws:kms', sse_kms_key_id: 'test-key' },
    { 'x-amz-server-side-encryption': 'aws:kms', 'x-amz-server-side-encryption-aws-kms-key-id': 'test-key' },
  ],
  [{}, {}],
])('what is written goes with %j', async (options, wanted) => {
  const { headers } = await told(options);
  const names = ['x-amz-acl', 'x-amz-server-side-encryption', 'x-amz-server-side-encryption-aws-kms-key-id'];
  const given = Object.fromEntries(names.flatMap((name) => (name in headers ? [[name, headers[name]]] : [])));
  expect(given).toEqual(wanted);
});

test('keys that hold for a time go with their token', async () => {
  const user = await minio.addUser(['s3:PutObject'], ['wired/*']);
  const { accessKeyId, secretAccessKey, sessionToken } = await minio.assumeRole(user);
  const keys = { access_key_id: accessKeyId, secret_access_key: secretAccessKey, session_token: sessionToken };
  expect((await told(keys)).headers['x-amz-security-token']).toBe(sessionToken);
});

test('without a login nothing is signed', async () => {
  const place = await open({ ...NO_KEYS, allow_anonymous_login: true });
  await expect(place.read('key')).rejects.toEqual(refused('PIPE_REMOTE_DENIED'));
  expect(proxy.seen[0]!.headers['authorization']).toBeUndefined();
});

test('keys and region are those of the profile, in the files that are named', async () => {
  const { accessKeyId, secretAccessKey } = minio.root;
  const keys = `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
  const folder = temporaryFolder();
  write(folder, {
    config: `[profile work]\nregion = eu-north-1\n[profile whole]\nregion = eu-north-2\n${keys}`,
    credentials: `[default]\naws_access_key_id = nobody\naws_secret_access_key = nothing\n[work]\n${keys}`,
  });
  const [configpath, credentialpath] = [join(folder, 'config'), join(folder, 'credentials')];
  const work = await told({ ...NO_KEYS, profile: 'work', configpath, credentialpath });
  expect(signerOf(work.headers['authorization'])).toEqual({ key: accessKeyId, region: 'eu-north-1' });
  proxy.plan(() => undefined);
  const whole = await told({ ...NO_KEYS, profile: 'whole', configpath });
  expect(signerOf(whole.headers['authorization'])).toEqual({ key: accessKeyId, region: 'eu-north-2' });
});

test('an address without a scheme is asked over TLS, unless use_ssl is false', async () => {
  const { host } = new URL(proxy.url);
  expect((await told({ endpointurl: host, use_ssl: false })).headers['host']).toBe(host);
  const safe = await open({ endpointurl: host });
  await expect(safe.read('key')).rejects.toEqual(refused('PIPE_REMOTE_UNREACHABLE', 'http://'));
});

test('ssl_verify names the certificates to trust, or trusts any; else a server with one of its own is refused', async () => {
  const folder = temporaryFolder();
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', [...made, ...subject, '-keyout', key, '-out', cert], { stdio: 'pipe' });
  const safe = await startFaultProxy(minio.url, { key: readFileSync(key), cert: readFileSync(cert) });
  onTestFinished(() => safe.stop());
  const endpointurl = safe.url;
  await expect((await open({ endpointurl })).read('key')).rejects.toEqual(
    refused('PIPE_REMOTE_UNREACHABLE', 'pipe remote modify r ssl_verify'),
  );
  expect(safe.seen).toEqual([]);
  const bytes = Buffer.alloc(300_000, 'a');
  for (const ssl_verify of [cert, 'false']) {
    const place = await open({ endpointurl, ssl_verify });
    await place.write('safe', [bytes]);
    expect((await place.read('safe'))?.equals(bytes), ssl_verify).toBe(true);
    // Over a connection of its own (DirectHandler).
    expect((await place.read('safe', { offset: 0, length: 300_000 }))?.equals(bytes), ssl_verify).toBe(true);
  }
});

/** Reads in both ways that there are: over Node.js' own client, and over a connection of its own. */
async function readBoth(place: Place): Promise<void> {
  const silent = refused('PIPE_REMOTE_UNREACHABLE');
  const reads = [place.read('key'), place.read('key', { offset: 0, length: 1 << 20 })];
  for (const read of reads) read.catch(() => undefined);
  for (const read of reads) await expect(read).rejects.toEqual(silent);
}

// Without the option, a test of these takes more than its time.
const SOON = 30_000;

test(
  'after read_timeout nobody waits for an answer any longer',
  async () => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    await readBoth(await open({ endpointurl: `http://127.0.0.1:${port}`, read_timeout: 1 }));
    // Each was tried twice.
    expect(sockets.size).toBe(4);
  },
  SOON,
);

/** Listens, and never takes a connection; ends by itself in the end. */
const DEAF = `
const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  require('node:fs').writeSync(1, String(server.address().port));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 120_000);
});`;

/** The port of a server whose queue is full: whoever calls it hears nothing, not even that there is a connection. */
async function fullPort(): Promise<number> {
  const child = spawn(process.execPath, ['-e', DEAF], { stdio: ['ignore', 'pipe', 'inherit'] });
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    child.kill('SIGKILL');
  });
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(text.toString());
  for (let isFull = false; !isFull;) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    sockets.push(socket);
    isFull = await Promise.race([once(socket, 'connect').then(() => false), setTimeout(500, true)]);
  }
  return port;
}

test(
  'after connect_timeout nobody waits for a connection any longer',
  async () => {
    const endpointurl = `http://127.0.0.1:${await fullPort()}`;
    await readBoth(await open({ endpointurl, connect_timeout: 1 }));
  },
  SOON,
);

test('so many requests go out at once as jobs says, and who opens the remote may say it stronger', async () => {
  for (const { jobs, stronger, most } of [
    { jobs: 3, stronger: undefined, most: 3 },
    { jobs: 9, stronger: 2, most: 2 },
  ]) {
    let answer = (): void => undefined;
    const after = new Promise<void>((resolve) => {
      answer = resolve;
    });
    // The first ones stay open until as many as may have come, and for a while in which more could come.
    proxy.plan((_, number) => {
      if (number + 1 === most) void setTimeout(300).then(answer);
      return { status: 200, body: '', headers: { etag: '"e"' }, after };
    });
    const place = await open({ jobs }, stronger);
    expect(place.concurrency).toBe(most);
    await Promise.all(Array.from({ length: 12 }, (__, number) => place.write(`many/${number}`, [])));
    expect(proxy.most()).toBe(most);
    expect(proxy.seen).toHaveLength(12);
  }
});
