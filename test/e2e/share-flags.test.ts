import { describe, expect } from 'vitest';
import type { Rig, RunOptions } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectProblems } from './faults/problem.ts';
import type { RemoteStatus } from './share/project.ts';
import {
  cloneProject,
  commitAll,
  document,
  holds,
  keysOf,
  smallFiles,
  startProject,
  succeed,
} from './share/project.ts';
import { proxiedMinio } from './share/proxied-minio.ts';
import { STORAGES, startStorage } from './share/storage.ts';

const started = proxiedMinio();

/**
 * Tracked files at several depths, a pipeline of two stages, and revisions that others have: the branch `side`, the tag
 * `v1`, and a commit that neither of them has. Each file holds its name, and the revision where it changes.
 */
const FILES = {
  'one/a.csv': 'one/a\n',
  'one/b.txt': 'one/b\n',
  'two.csv': 'two at first\n',
  in: 'in\n',
  'pipeline.yaml': {
    stages: {
      first: { cmd: 'echo first > first; cat in >> first', deps: ['in'], outs: ['first'] },
      second: { cmd: 'echo second > second; cat first >> second', deps: ['first'], outs: ['second'] },
    },
  },
};

async function makeRevisions(rig: Rig): Promise<void> {
  const commit = async (text: string): Promise<void> => {
    await rig.write({ 'two.csv': `two ${text}\n` });
    await succeed(rig, ['add', '-q', 'two.csv']);
    await commitAll(rig, text);
  };
  await succeed(rig, ['add', '-q', 'one/a.csv', 'one/b.txt', 'two.csv']);
  expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
  await commit('at v1');
  await rig.git('tag', 'v1');
  await commit('in between');
  await rig.git('checkout', '-q', '-b', 'side');
  await commit('at side');
  await rig.git('checkout', '-q', 'main');
  await succeed(rig, ['checkout', '-q']);
  await commit('now');
}

/** The paths that a remote lacks, each as often as there are versions of it. */
async function lacking(rig: Rig, args: readonly string[], options: RunOptions): Promise<string[]> {
  const { remotes } = await document<RemoteStatus>(rig, ['status', '-c', ...args], options);
  return remotes.flatMap(({ paths }) => paths.filter((each) => each.new.objects > 0).map(({ path }) => path)).sort();
}

const VERSIONS = (count: number): string[] => Array.from({ length: count }, () => 'two.csv');
const REST = ['first', 'one/a.csv', 'one/b.txt', 'second'];

test('status -c looks at what its targets and flags name, whatever else the remote lacks', async ({ rig }) => {
  await startProject(rig, FILES);
  await makeRevisions(rig);
  const of = (...args: string[]): Promise<string[]> => lacking(rig, args, {});
  expect(await of()).toEqual([...REST, ...VERSIONS(1)]);
  expect(await of('-T')).toEqual([...REST, ...VERSIONS(2)]);
  expect(await of('-a')).toEqual([...REST, ...VERSIONS(2)]);
  expect(await of('-a', '-T')).toEqual([...REST, ...VERSIONS(3)]);
  expect(await of('-A')).toEqual([...REST, ...VERSIONS(4)]);
  expect(await of('-A', 'two.csv')).toEqual(VERSIONS(4));
  expect(await of('-R', 'one')).toEqual(['one/a.csv', 'one/b.txt']);
  expect(await of('--glob', '**/*.csv')).toEqual(['one/a.csv', 'two.csv']);
  expect(await of('second')).toEqual(['second']);
  expect(await of('-d', 'second')).toEqual(['first', 'second']);
  expect(await of('-j', '1')).toEqual([...REST, ...VERSIONS(1)]);
  expectProblems(await rig.pipe(['status', '-c', '-j', '0']), 'PIPE_USAGE');
  expectProblems(await rig.pipe(['status', '-c', '--glob', 'nothing*']), 'PIPE_TARGET_UNKNOWN');
  await succeed(rig, ['push', '-a']);
  expect(await of('-a')).toEqual([]);
  expect(await of('-A')).toEqual(VERSIONS(2));
  await succeed(rig, ['push', '-A']);
  expect(await of('-A')).toEqual([]);
});

test('push, fetch and pull -d take along the outs that their targets are made of', async ({ rig }) => {
  await startProject(rig, FILES);
  await makeRevisions(rig);
  await succeed(rig, ['push', 'second']);
  expect([await holds(rig, 'second\nfirst\nin\n'), await lacking(rig, [], {})]).toEqual([true, ['first', 'one/a.csv', 'one/b.txt', 'two.csv']]); // prettier-ignore
  await succeed(rig, ['push', '-d', 'second']);
  expect(await lacking(rig, [], {})).toEqual(['one/a.csv', 'one/b.txt', 'two.csv']);
  const b = await cloneProject(rig, 'b');
  const files = async (): Promise<string[]> =>
    (await rig.files('../b')).filter((name) => ['first', 'second'].includes(name));
  await succeed(rig, ['fetch', 'second'], b);
  await rig.pipe(['checkout', '--allow-missing'], b);
  expect(await files()).toEqual(['second']);
  await rig.remove('../b/second', '../b/.pipe/cache');
  await succeed(rig, ['fetch', '-d', 'second'], b);
  await rig.pipe(['checkout', '--allow-missing'], b);
  expect(await files()).toEqual(['first', 'second']);
  await rig.remove('../b/first', '../b/second', '../b/.pipe/cache');
  await succeed(rig, ['pull', 'second'], b);
  expect(await files()).toEqual(['second']);
  await succeed(rig, ['pull', '-d', 'second'], b);
  expect(await files()).toEqual(['first', 'second']);
});

/** The paths that a remote has and the cache lacks, each as often as there are versions of it. */
async function notHere(rig: Rig, args: readonly string[], options: RunOptions): Promise<string[]> {
  const { remotes } = await document<RemoteStatus>(rig, ['status', '-c', ...args], options);
  return remotes
    .flatMap(({ paths }) => paths.filter((each) => each.deleted.objects > 0).map(({ path }) => path))
    .sort();
}

test('fetch -R brings what lies below, --glob what fits; fetch and pull -T what tags need, -A what any commit does', async ({
  rig,
}) => {
  await startProject(rig, FILES);
  await makeRevisions(rig);
  await succeed(rig, ['push', '-A']);
  const b = await cloneProject(rig, 'b');
  await rig.run('git', ['branch', 'side', 'origin/side'], b);
  const left = (...args: string[]): Promise<string[]> => notHere(rig, args, b);
  expect(await left('-A')).toEqual([...REST, ...VERSIONS(4)]);
  await succeed(rig, ['fetch', '-R', 'one'], b);
  expect(await left('-A')).toEqual(['first', 'second', ...VERSIONS(4)]);
  await rig.remove('../b/.pipe/cache');
  await succeed(rig, ['fetch', '--glob', '**/*.csv'], b);
  expect(await left('-A')).toEqual(['first', 'one/b.txt', 'second', ...VERSIONS(3)]);
  for (const command of ['fetch', 'pull']) {
    await rig.remove('../b/.pipe/cache');
    await succeed(rig, [command, '-T'], b);
    expect(await left('-T'), command).toEqual([]);
    expect(await left('-a'), command).toEqual(VERSIONS(1));
    expect(await left('-A'), command).toEqual(VERSIONS(2));
    await succeed(rig, [command, '-A'], b);
    expect(await left('-A'), command).toEqual([]);
    // The workspace is that of the commit that is checked out, whatever came with it.
    if (command === 'pull') expect(await rig.read('../b/two.csv')).toBe('two now\n');
  }
});

describe.each(STORAGES)('in %s', (kind) => {
  test('pull -a brings what all branches need, -R what lies below, --glob what fits', async ({ rig }) => {
    const { env, clone } = await startStorage(rig, kind, { minio: started.minio, files: FILES });
    await makeRevisions(rig);
    await succeed(rig, ['push', '-A'], { env });
    const b = await clone('b');
    const files = async (): Promise<string[]> => (await rig.files('../b')).filter((name) => /csv$|txt$/.test(name));
    await succeed(rig, ['pull', '-R', 'one'], b);
    expect(await files()).toEqual(['one/a.csv', 'one/b.txt']);
    await rig.remove('../b/one/a.csv', '../b/one/b.txt');
    await succeed(rig, ['pull', '--glob', '*.csv'], b);
    expect(await files()).toEqual(['two.csv']);
    await rig.run('git', ['branch', 'side', 'origin/side'], b);
    await succeed(rig, ['pull', '-a'], b);
    expect(await rig.read('../b/two.csv')).toBe('two now\n');
    // What other branches need is in the cache by now, and what only tags and commits need is not.
    const without = { ...b, env: { ...b.env, AWS_ENDPOINT_URL: 'http://127.0.0.1:9' } };
    await rig.run('git', ['checkout', '-q', 'side'], b);
    await succeed(rig, ['checkout', '-q'], without);
    expect(await rig.read('../b/two.csv')).toBe('two at side\n');
    await rig.run('git', ['checkout', '-q', 'v1'], b);
    expect((await rig.pipe(['checkout'], without)).code).toBe(1);
    await succeed(rig, ['pull', '-j', '1'], b);
    expect(await rig.read('../b/two.csv')).toBe('two at v1\n');
  });
});

test('no more transfers go at once than -j says', async ({ rig }) => {
  const storage = await startStorage(rig, 'a bucket', {
    minio: started.minio,
    files: Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`data/${at}`, Buffer.alloc(5_000_000, `${at} `)])),
  });
  const { env } = storage;
  await succeed(rig, ['remote', 'modify', '-q', '--local', 'storage', 'endpointurl', started.proxy.url]);
  await succeed(rig, ['add', '-q', 'data']);
  await commitAll(rig);
  const most = async (args: readonly string[], options: RunOptions): Promise<number> => {
    started.proxy.plan(() => 'delay');
    await succeed(rig, args, options);
    return started.proxy.most();
  };
  // An answer that has come counts until its end was noted, beside the next request.
  expect(await most(['status', '-c', '-j', '1'], { env })).toBeLessThanOrEqual(2);
  expect(await most(['push', '-j', '1'], { env })).toBeLessThanOrEqual(2);
  const b = await storage.clone('b');
  await succeed(rig, ['remote', 'modify', '-q', '--local', 'storage', 'endpointurl', started.proxy.url], b);
  expect(await most(['fetch', '-j', '1'], b)).toBeLessThanOrEqual(2);
  await rig.remove('../b/.pipe/cache');
  expect(await most(['pull'], b)).toBeGreaterThan(2);
  const young = ['gc', '-w', '-c', '-f', '-j', '1', '--grace', '0'];
  expect(await most(young, { env })).toBeLessThanOrEqual(2);
});

test('-j counts for what comes from a URL, too', async ({ rig }) => {
  await startProject(rig, smallFiles('../up', 12));
  await started.minio.makeBuckets('raw');
  await started.minio.mc('cp', '-q', '--recursive', `${rig.path('../up')}/`, 't/raw/up/');
  const env = { ...keysOf(started.minio.root), AWS_ENDPOINT_URL: started.proxy.url };
  const most = async (...args: string[]): Promise<number> => {
    started.proxy.plan(() => 'delay');
    await succeed(rig, args, { env });
    return started.proxy.most();
  };
  expect(await most('get-url', 's3://raw/up', 'all')).toBeGreaterThan(2);
  expect(await most('get-url', 's3://raw/up', 'few', '-j', '1')).toBeLessThanOrEqual(2);
  expect(await most('import-url', '-q', 's3://raw/up', '-j', '1')).toBeLessThanOrEqual(2);
  await rig.write({ '../up/new': 'new\n' });
  await started.minio.mc('cp', '-q', rig.path('../up/new'), 't/raw/up/new');
  expect(await most('update', '-q', '-j', '1')).toBeLessThanOrEqual(2);
  await rig.remove('up', '.pipe/cache');
  await succeed(rig, ['remote', 'remove', '-q', 'storage']);
  expect(await most('fetch', '-q', '-j', '1')).toBeLessThanOrEqual(2);
  expect(await rig.exists('.pipe/cache')).toBe(true);
  expectProblems(await rig.pipe(['get-url', 's3://raw/up', '-j', '0'], { env }), 'PIPE_USAGE');
});

test('what comes first is put in place while the rest is on its way', async ({ rig }) => {
  const storage = await startStorage(rig, 'a bucket', {
    minio: started.minio,
    files: { 'first.bin': Buffer.alloc(40_000_000, 'first'), 'second.bin': Buffer.alloc(40_000_000, 'second') },
  });
  await succeed(rig, ['add', '-q', 'first.bin', 'second.bin']);
  await commitAll(rig);
  await succeed(rig, ['push', '-q'], { env: storage.env });
  const [, head = '', rest = ''] = /b3:(..)([0-9a-f]{62})/.exec(await rig.read('second.bin.pipe')) ?? [];
  const b = await storage.clone('b');
  await succeed(rig, ['remote', 'modify', '-q', '--local', 'storage', 'endpointurl', started.proxy.url], b);
  started.proxy.plan(({ method, path }) =>
    method === 'GET' && path.includes(`/loose/${head}/${rest}`) ? 'stall' : undefined,
  );
  const pulling = rig.spawn(['pull'], b);
  await expect.poll(() => rig.exists('../b/first.bin'), { timeout: 60_000 }).toBe(true);
  expect(started.proxy.seen.some(({ fault }) => fault === 'stall')).toBe(true);
  expect(await rig.exists('../b/second.bin')).toBe(false);
  expect((await rig.run('cmp', [rig.path('first.bin'), rig.path('../b/first.bin')])).code).toBe(0);
  pulling.killGroup('SIGINT');
  await pulling.done;
  started.proxy.plan(() => undefined);
  await succeed(rig, ['pull'], b);
  expect((await rig.run('cmp', [rig.path('second.bin'), rig.path('../b/second.bin')])).code).toBe(0);
});
