import { utimes } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import type { Minio } from '../rig/s3.ts';
import { startMinio } from '../rig/s3.ts';
import { refusal, startFaultProxy } from '../rig/fault-proxy.ts';
import { test } from '../rig/test.ts';
import { expectValid } from '../setup/schema.ts';
import { expectProblems } from './faults/problem.ts';
import { REMOTE, bucketProject, cloneProject, keysOf, remoteFiles, succeed } from './share/project.ts';
import { STORAGES } from './share/storage.ts';
import type { GcDocument } from './upkeep/project.ts';
import { cacheContent, gc, makeBranches, makeFor, startProject } from './upkeep/project.ts';

let minio: Minio;
beforeAll(async () => {
  minio = await startMinio();
}, 120_000);
afterAll(() => minio.stop());

/** Gives a project a folder as its remote. */
async function withFolder(rig: Rig): Promise<{ readonly env: Record<string, string> }> {
  await succeed(rig, ['remote', 'add', '-q', '-d', 'storage', rig.path(REMOTE)]);
  return { env: {} };
}

/** A project with a remote, which is a folder, and its first number pushed. */
async function startShared(rig: Rig): Promise<void> {
  await startProject(rig);
  await withFolder(rig);
  await rig.git('add', '-A');
  await rig.git('commit', '-q', '-m', 'remote');
  await succeed(rig, ['push']);
}

/** Makes everything in the remote two days old. */
async function age(rig: Rig): Promise<void> {
  const then = new Date(Date.now() - 2 * 86_400_000);
  for (const key of (await remoteFiles(rig)).keys()) await utimes(rig.path(REMOTE, key), then, then);
}

/** What a remote holds, but for leases. */
async function content(rig: Rig): Promise<Map<string, Buffer>> {
  return new Map([...(await remoteFiles(rig))].filter(([key]) => !key.includes('/leases/')));
}

/** The revisions of which a machine with nothing gets everything. */
async function complete(rig: Rig, revisions: readonly string[], keys: Record<string, string> = {}): Promise<string[]> {
  const clone = await cloneProject(rig, `fresh${Math.random()}`);
  const fresh = { ...clone, env: { ...clone.env, ...keys } };
  const found: string[] = [];
  for (const revision of revisions) {
    await rig.run('git', ['checkout', '-q', revision], fresh);
    if ((await rig.pipe(['fetch'], fresh)).code === 0) found.push(revision);
  }
  await rig.remove(fresh.cwd);
  return found;
}

function remoteOf({ remotes }: GcDocument): NonNullable<GcDocument['remotes']>[number] {
  return remotes![0]!;
}

test('scopes keep what their branches and tags need, and nothing else; undo brings it back', async ({ rig }) => {
  await startShared(rig);
  await rig.git('tag', 'one');
  await makeFor(rig, 2);
  await rig.git('checkout', '-q', '-b', 'side');
  await makeFor(rig, 3);
  await rig.git('checkout', '-q', 'main');
  await succeed(rig, ['repro', '-q']);
  await succeed(rig, ['push', '-A']);
  await age(rig);
  const revisions = ['one', 'main', 'side'];
  const whole = await content(rig);
  const tomorrow = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10);
  for (const [args, kept] of [
    [['-A'], revisions],
    [
      ['-T', '-j', '1'],
      ['one', 'main'],
    ],
    [
      ['--rev', 'side', '-r', 'storage'],
      ['main', 'side'],
    ],
    [['-a'], ['main', 'side']],
    [
      ['-a', '-n', '2'],
      ['one', 'main', 'side'],
    ],
    [['--date', '2000-01-01'], revisions],
    [['--date', tomorrow], ['main']],
    [['-w'], ['main']],
  ] as const) {
    const dry = await gc(rig, [...args, '-c', '--dry']);
    expect(await content(rig)).toEqual(whole);
    const done = await gc(rig, [...args, '-c', '-f', '--trash', '1']);
    const { objects, bytes, runs } = remoteOf(done);
    expect(remoteOf(dry), args.join(' ')).toMatchObject({ objects, bytes, runs });
    expect(objects > 0).toBe(kept.length < revisions.length);
    expect(await complete(rig, revisions), args.join(' ')).toEqual(kept);
    const undone = await succeed(rig, ['gc', '--undo', '-c']);
    expect(undone.stdout).toMatch(
      objects > 0 ? /Brought back \d+ files.* of storage at / : /trash of storage is empty/,
    );
    expect(await complete(rig, revisions), args.join(' ')).toEqual(revisions);
    await age(rig);
    for (const [key, bytesOf] of await content(rig)) if (whole.has(key)) expect(bytesOf).toEqual(whole.get(key));
    await succeed(rig, ['push', '-A']);
    await age(rig);
    whole.clear();
    for (const [key, each] of await content(rig)) whole.set(key, each);
  }
}, 240_000);

test('a dry run names files and what would be free, and writes nothing', async ({ rig }) => {
  await startShared(rig);
  await rig.git('checkout', '-q', '-b', 'side');
  await makeFor(rig, 2);
  await succeed(rig, ['push']);
  await rig.git('checkout', '-q', 'main');
  await succeed(rig, ['repro', '-q']);
  await age(rig);
  const before = await remoteFiles(rig);
  // Also where no list is at hand.
  await rig.remove('.pipe/cache');
  await succeed(rig, ['pull']);
  const { names = [], objects, bytes, runs } = remoteOf(await gc(rig, ['-w', '-c', '--dry']));
  expect([objects > 18, bytes > 100_000, runs]).toEqual([true, true, 1]);
  expect(names.map(({ path, from, revisions }) => [path, from, ...revisions])).toEqual([
    ['large', 'pipeline.lock:make', 'side'],
    ['data', 'pipeline.lock:make', 'side'],
  ]);
  const files = names.find(({ path }) => path === 'data')?.files.map(({ path }) => path);
  expect(files).toContain('data/7');
  expect(files).not.toContain('data/sub/same');
  const told = await succeed(rig, ['gc', '-w', '-c', '--dry']);
  expect(told.stdout).toMatch(/Would remove \d+ objects and 1 run record \(.*\) from storage:\n {2}large \(pipeline/);
  expect(await remoteFiles(rig)).toEqual(before);
});

test('what was pushed lately stays, unless somebody says how long', async ({ rig }) => {
  await startShared(rig);
  await makeFor(rig, 2);
  await succeed(rig, ['push']);
  expect(remoteOf(await gc(rig, ['-w', '-c', '-f']))).toMatchObject({ objects: 0, runs: 0 });
  expect((await rig.pipe(['gc', '-w', '-c', '-f'])).stdout).toContain('since they were pushed lately (--grace)');
  expect(remoteOf(await gc(rig, ['-w', '-c', '-f', '--grace', '0'])).objects).toBeGreaterThan(18);
  expect(await complete(rig, ['HEAD'])).toEqual(['HEAD']);
  expectProblems(await rig.pipe(['gc', '-w', '-c', '-f', '--grace', 'week']), 'PIPE_USAGE');
  expectProblems(await rig.pipe(['gc', '-w', '-f', '--grace', '1h']), 'PIPE_USAGE');
  expectProblems(await rig.pipe(['gc', '-w', '-c', '--not-in-remote', '-f']), 'PIPE_USAGE');
  expectProblems(await rig.pipe(['gc', '-w', '-r', 'storag', '-f']), 'PIPE_REMOTE_UNKNOWN');
});

test('it asks for the cache and for the remote', async ({ rig }) => {
  await startShared(rig);
  await makeFor(rig, 2);
  await succeed(rig, ['push']);
  await age(rig);
  const [cache, remote] = [await cacheContent(rig), await content(rig)];
  const terminal = rig.terminal(['gc', '-w', '-c']);
  await terminal.shows(/Remove .* for good\? \[y\/N\]/);
  terminal.type('n\n');
  await terminal.shows(/Remove .* from storage for good\? \[y\/N\]/);
  expect(terminal.screen().join('\n')).toMatch(
    / {2}\S+ \(pipeline\.lock:\w+ in [\w, ]+\): .*B\n(?: {2}.*\n)*Remove .* from storage/,
  );
  terminal.type('y\n');
  expect(await terminal.done).toBe(0);
  expect(await cacheContent(rig)).toEqual(cache);
  expect((await content(rig)).size).toBeLessThan(remote.size);
});

test.for(STORAGES)('--not-in-remote leaves in the cache what %s lacks, and the lists', async (kind, { rig }) => {
  await startProject(rig);
  const { env } = kind === 'a folder' ? await withFolder(rig) : await bucketProject(rig, minio, 'released');
  await succeed(rig, ['push'], { env });
  await rig.write({ 'mine.txt': 'not pushed' });
  await succeed(rig, ['add', 'mine.txt']);
  const { names } = await gc(rig, ['-w', '--not-in-remote', '--dry'], { env });
  expect(names?.map(({ path }) => path).sort()).toEqual(['data', 'large']);
  await gc(rig, ['-w', '--not-in-remote', '-f'], { env });
  const status = await rig.pipe(['status', '-c', '--json'], { env });
  const { remotes } = status.json<{
    remotes: { paths: { path: string; deleted: { objects: number }; new: { objects: number } }[] }[];
  }>();
  const paths = remotes[0]!.paths.map(({ path, deleted, new: added }) => [path, added.objects, deleted.objects]);
  expect(Object.fromEntries(paths.map(([path, ...counts]) => [path, counts]))).toEqual({
    data: [0, 19],
    large: [0, 1],
    'mine.txt': [1, 0],
  });
  await rig.remove('data', 'large');
  await succeed(rig, ['pull'], { env });
  expect(await rig.read('data/sub/same')).toBe('same\n');
});

describe('in a bucket', () => {
  test('what nobody needs goes, and comes back from the trash', async ({ rig }) => {
    await startProject(rig);
    const { env } = await bucketProject(rig, minio, 'collected');
    await rig.write({ big: Buffer.alloc(6_000_000, 'big ') });
    await succeed(rig, ['add', 'big']);
    await makeFor(rig, 2);
    await succeed(rig, ['push', '-A'], { env });
    await rig.write({ big: 'small' });
    await succeed(rig, ['add', 'big']);
    const { objects, bytes } = remoteOf(await gc(rig, ['-w', '-c', '-f', '--grace', '0', '--trash', '2'], { env }));
    expect([objects > 18, bytes > 6_000_000]).toEqual([true, true]);
    const listed = await minio.mc('ls', '--recursive', 't/collected');
    expect(listed).not.toMatch(/where\/v1\/(?:loose|tombstones)\//);
    expect(listed).toMatch(/v1\/trash\/\d+T\d+Z\+2\/loose\//);
    await succeed(rig, ['push'], { env });
    expect((await succeed(rig, ['gc', '--undo', '-c'], { env })).stdout).toContain('of storage');
    expect(await minio.mc('ls', '--recursive', 't/collected')).toMatch(/where\/v1\/loose\//);
  });

  test('scopes keep what their branches and tags need there, too', async ({ rig }) => {
    await startProject(rig);
    const { env } = await bucketProject(rig, minio, 'scopes');
    await rig.git('add', '-A');
    await rig.git('commit', '-q', '-m', 'remote');
    await makeBranches(rig);
    await succeed(rig, ['repro', '-q']);
    await succeed(rig, ['push', '-A'], { env });
    // The branch is there once it was checked out.
    const revisions = ['one', 'main', 'side', 'side~1'];
    const free = ['-c', '-f', '--grace', '0', '-j', '3'];
    const tomorrow = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10);
    for (const [args, kept] of [
      [['-A'], revisions],
      [['--date', '2000-01-01'], revisions],
      [['-a', '-n', '2', '-T'], revisions],
      [
        ['-a', '-T'],
        ['one', 'main', 'side'],
      ],
      [
        ['-a', '--rev', 'one'],
        ['one', 'main', 'side'],
      ],
      [['-a'], ['main', 'side']],
      [
        ['--rev', 'side'],
        ['main', 'side'],
      ],
      [['--date', tomorrow], ['main']],
    ] as const) {
      await gc(rig, [...args, ...free], { env });
      expect(await complete(rig, revisions, env), args.join(' ')).toEqual(kept);
    }
  }, 120_000);

  test('who may not remove things is told so once, and nothing is touched', async ({ rig }) => {
    await startProject(rig);
    const { env } = await bucketProject(rig, minio, 'writers');
    await succeed(rig, ['push'], { env });
    await makeFor(rig, 2);
    const user = await minio.addUser(
      ['s3:GetObject', 's3:ListBucket', 's3:PutObject', 's3:AbortMultipartUpload'],
      ['writers', 'writers/*'],
    );
    const writer = { env: keysOf(user) };
    const before = await minio.mc('ls', '--recursive', 't/writers');
    const refused = await rig.pipe(['gc', '-w', '-c', '-f', '--grace', '0'], writer);
    expectProblems(refused, 'PIPE_REMOTE_DENIED');
    expect(refused.stderr.match(/PIPE_REMOTE_DENIED/g)).toHaveLength(1);
    expect(refused.stderr).toContain('remove');
    expect(await minio.mc('ls', '--recursive', 't/writers')).toBe(before);
    // Pushing is no matter of removing, however often it is done.
    for (let at = 0; at < 20; at += 1) {
      await rig.write({ file: `push ${at}` });
      await succeed(rig, ['add', '-q', 'file'], writer);
      await succeed(rig, ['push', '-q'], writer);
    }
  });
});

test('nothing goes from the cache where the remote cannot be collected', async ({ rig }) => {
  await startShared(rig);
  await makeFor(rig, 2);
  await rig.run('mv', [REMOTE, `${REMOTE}-away`]);
  await rig.write({ [REMOTE]: 'no folder' });
  const run = await rig.pipe(['gc', '-w', '-c', '-f']);
  expect({ code: run.code, stdout: run.stdout }).toEqual({ code: 2, stdout: '' });
  expect(run.stderr).toContain('PIPE_REMOTE_');
  await rig.run('rm', [REMOTE]);
  await rig.run('mv', [`${REMOTE}-away`, REMOTE]);
  expect((await succeed(rig, ['gc', '-w', '-c', '-f'])).stdout).toMatch(/^Removed [1-9]\d* objects/);
});

test('what went from the cache is told, whatever becomes of the remote afterwards', async ({ rig }) => {
  await startProject(rig);
  const { env } = await bucketProject(rig, minio, 'fails-later');
  await makeFor(rig, 2);
  await succeed(rig, ['push', '-q'], { env });
  await makeFor(rig, 3);
  const proxy = await startFaultProxy(minio.url);
  try {
    await succeed(rig, ['remote', 'modify', '-q', '--local', 'storage', 'endpointurl', proxy.url]);
    // Leases and tombstones, with which a collection begins, can be had.
    proxy.plan(({ path }) => (path.includes('packs') ? { status: 403, body: refusal('AccessDenied') } : undefined));
    const run = await rig.pipe(['gc', '-w', '-c', '-f', '--json'], { env });
    expect(run.code, run.stderr).toBe(2);
    const document = run.json<GcDocument & { readonly problems: readonly { readonly code: string }[] }>();
    expectValid(document);
    expect(document.objects).toBeGreaterThan(0);
    expect(document).toMatchObject({ remotes: [], problems: [{ code: 'PIPE_REMOTE_DENIED' }] });
    await makeFor(rig, 4);
    const text = await rig.pipe(['gc', '-w', '-c', '-f'], { env });
    expect(text.code).toBe(2);
    expect(text.stdout).toContain('Removed ');
    expect(text.stderr).toContain('PIPE_REMOTE_DENIED');
  } finally {
    await proxy.stop();
  }
});
