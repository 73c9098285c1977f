import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Fault } from '../rig/fault-proxy.ts';
import { refusal } from '../rig/fault-proxy.ts';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import type { WebServer } from '../rig/web-server.ts';
import { startWebServer } from '../rig/web-server.ts';
import { expectProblems } from './faults/problem.ts';
import { proxiedMinio } from './share/proxied-minio.ts';
import type { FetchDocument } from './share/project.ts';
import { bucketProject, commitAll, document, startProject, succeed } from './share/project.ts';

const servers = proxiedMinio();
let web: WebServer;
beforeAll(async () => {
  web = await startWebServer();
});
afterAll(() => web.close());

/** A remote that fails at once. */
const REFUSED: Fault = { status: 403, body: refusal('AccessDenied') };

type Fetched = FetchDocument & {
  readonly remotes: readonly { readonly problems?: readonly { readonly code: string }[] }[];
};

/** A project whose data are pushed to a bucket that is asked through the proxy. */
async function startPushed(rig: Rig, bucket: string): Promise<{ readonly env: Record<string, string> }> {
  const { minio, proxy } = servers;
  proxy.plan(() => undefined);
  await rig.git('init', '-q', '-b', 'main');
  await succeed(rig, ['init', '-q']);
  const { env } = await bucketProject(rig, minio, bucket);
  await succeed(rig, ['remote', 'modify', '-q', 'storage', 'endpointurl', proxy.url]);
  await succeed(rig, ['remote', 'modify', '-q', 'storage', 'connect_timeout', '1']);
  await rig.write({ 'data/a': 'a\n', 'data/b': 'b\n', 'labels.csv': 'labels\n', 'other.csv': 'other\n' });
  await succeed(rig, ['add', '-q', 'data', 'labels.csv', 'other.csv']);
  await commitAll(rig);
  await succeed(rig, ['push', '-q'], { env });
  return { env };
}

/** Takes an object out of the cache, which others keep. */
async function loseFromCache(rig: Rig, path: string): Promise<void> {
  await rm(rig.path('.pipe/cache'), { recursive: true });
  const others = ['data/a', 'data/b', 'labels.csv', 'other.csv'].filter((each) => each !== path);
  for (const each of others.filter((name) => !name.startsWith('data/'))) await succeed(rig, ['commit', '-q', each]);
  if (!path.startsWith('data/')) await succeed(rig, ['commit', '-q', 'data']);
}

test('what the cache has is put in place without a word to the remote', async ({ rig }) => {
  const { env } = await startPushed(rig, 'cached');
  const { proxy } = servers;
  for (const args of [['pull'], ['pull', 'data/a'], ['pull', '--dry'], ['fetch']]) {
    await rig.remove('data', 'labels.csv', 'other.csv');
    proxy.plan(() => REFUSED);
    const { stdout } = await succeed(rig, args, { env });
    expect([args, proxy.seen.length]).toEqual([args, 0]);
    expect(stdout).toContain('Everything is in the cache already: nothing to get from storage.');
    expect(await rig.exists('data/a')).toBe(args[0] === 'pull' && args[1] !== '--dry');
  }
  const pulled = await document<Fetched>(rig, ['pull'], { env });
  expect(pulled.remotes).toMatchObject([{ name: 'storage', place: 's3://cached/some/where', objects: 0, absent: [] }]);
  await succeed(rig, ['remote', 'remove', 'storage']);
  await rig.remove('data', 'labels.csv');
  await succeed(rig, ['pull', 'data', 'labels.csv']);
  expect([await rig.read('data/b'), await rig.read('labels.csv')]).toEqual(['b\n', 'labels\n']);
});

test('where the remote fails, what the cache has is put in place, and the rest is named with its problem', async ({
  rig,
}) => {
  const { env } = await startPushed(rig, 'failing');
  const { proxy } = servers;
  await loseFromCache(rig, 'other.csv');
  await rig.remove('data', 'labels.csv', 'other.csv');
  proxy.plan(() => REFUSED);
  const run = await rig.pipe(['pull'], { env });
  expect(run.code, run.stderr).toBe(1);
  expect(run.stdout).toContain('Not in the cache, and storage failed (6 bytes):\n  other.csv\n');
  expect(run.stderr).toMatch(/^PIPE_REMOTE_/);
  expect([await rig.read('data/a'), await rig.read('labels.csv')]).toEqual(['a\n', 'labels\n']);
  expect(await rig.exists('other.csv')).toBe(false);
  // A flag for what a remote lacks is none for one that fails.
  for (const args of [['pull', '--allow-missing'], ['fetch'], ['fetch', '--dry']]) {
    const told = await document<Fetched>(rig, args, { env, code: 1 });
    expect(told.remotes).toMatchObject([{ absent: [{ path: 'other.csv', size: 6 }] }]);
    expect(told.remotes[0]!.problems?.[0]?.code).toMatch(/^PIPE_REMOTE_/);
  }
  // Of what is asked for nothing is here.
  const none = await rig.pipe(['pull', 'other.csv'], { env });
  expect(none.code).toBe(2);
  expect(none.stderr).toMatch(/^PIPE_REMOTE_/);
  proxy.plan(() => undefined);
  await succeed(rig, ['pull'], { env });
  expect(await rig.read('other.csv')).toBe('other\n');
});

test('of a folder that the cache has in part, a remote that fails leaves that part', async ({ rig }) => {
  const { env } = await startPushed(rig, 'parts');
  const { proxy } = servers;
  await rm(rig.path('.pipe/cache'), { recursive: true });
  await succeed(rig, ['pull', '-q', 'data/a'], { env });
  await rig.remove('data');
  proxy.plan(() => 'drop');
  const run = await rig.pipe(['pull', 'data'], { env });
  expect(run.code, run.stderr).toBe(1);
  expect(run.stdout).toContain('  data/b\n');
  expect(await rig.files('data')).toEqual(['a']);
});

test('only what is missing is asked of a remote, and one that fails keeps nothing from coming from another', async ({
  rig,
}) => {
  const { env } = await startPushed(rig, 'several');
  const { proxy } = servers;
  await rig.write({ far: 'far\n' });
  await succeed(rig, ['add', '-q', 'far']);
  await succeed(rig, ['remote', 'add', '-q', 'disk', rig.path('../disk')]);
  await rig.write({ 'far.pipe': `${await rig.read('far.pipe')}    remote: disk\n` });
  await succeed(rig, ['push', '-q'], { env });
  await rm(rig.path('.pipe/cache'), { recursive: true });
  await rig.remove('data', 'labels.csv', 'other.csv', 'far');
  proxy.plan(() => REFUSED);
  const run = await rig.pipe(['pull'], { env });
  expect(run.code, run.stderr).toBe(1);
  expect(run.stdout).toContain('Fetched 1 object, 4 bytes from disk.');
  expect(await rig.read('far')).toBe('far\n');
});

test('whether a remote that fails has run records is told to be unknown, also by a dry run', async ({ rig }) => {
  const { env } = await startPushed(rig, 'records');
  servers.proxy.plan(() => REFUSED);
  for (const flags of [[], ['--dry']]) {
    const run = await rig.pipe(['fetch', '--run-cache', ...flags], { env });
    expect(run.code, run.stdout).toBe(1);
    expect(run.stderr).toContain('PIPE_REMOTE_DENIED');
    expect(run.stdout).not.toContain('There is nothing to fetch');
  }
});

test('what a remote that fails does not give comes from where it was imported', async ({ rig }) => {
  const { env } = await startPushed(rig, 'imported');
  const { proxy } = servers;
  web.files.set('/in', { body: Buffer.from('in\n'), etag: '"in"' });
  await succeed(rig, ['import-url', '-q', `${web.url}/in`]);
  await rm(rig.path('.pipe/cache'), { recursive: true });
  await rig.remove('in');
  proxy.plan(() => REFUSED);
  expect((await succeed(rig, ['pull', 'in'], { env })).stdout).toContain(`of in from ${web.url}/in.`);
  expect(await rig.read('in')).toBe('in\n');
});

test('a remote that cannot be opened keeps nothing back that the cache has', async ({ rig }) => {
  await startProject(rig, { a: 'a\n', b: 'b\n' });
  await succeed(rig, ['add', '-q', 'a', 'b']);
  await succeed(rig, ['remote', 'modify', '-q', 'storage', 'url', 's3://bucket/x']);
  await succeed(rig, ['remote', 'modify', '-q', 'storage', 'endpointurl', 'https://${NOWHERE}']);
  await rig.remove('a', 'b');
  await succeed(rig, ['pull', '-q', 'a']);
  expect(await rig.read('a')).toBe('a\n');
  await rm(rig.path('.pipe/cache'), { recursive: true });
  await succeed(rig, ['commit', '-q', 'a']);
  const pulled = await document<Fetched>(rig, ['pull'], { code: 1 });
  expect(pulled.remotes).toMatchObject([{ name: 'storage', place: null, absent: [{ path: 'b' }] }]);
  expectProblems(await rig.pipe(['pull', 'b']), 'PIPE_ENV_REFUSED');
});
