import { afterAll, beforeAll, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import type { Minio, User } from '../rig/s3.ts';
import { startMinio } from '../rig/s3.ts';
import { test } from '../rig/test.ts';
import { expectProblems } from './faults/problem.ts';
import { runAndKill } from './faults/kill.ts';
import type { FetchDocument, Machine, PushDocument, RemoteStatus } from './share/project.ts';
import { bucketProject, cloneProject, commitAll, document, keysOf, smallFiles, succeed } from './share/project.ts';

let minio: Minio;
beforeAll(async () => {
  minio = await startMinio();
}, 120_000);
afterAll(() => minio.stop());

/** A project with a bucket of its own. */
async function startProject(rig: Rig, bucket: string): Promise<{ env: Record<string, string> }> {
  await rig.git('init', '-q', '-b', 'main');
  await succeed(rig, ['init', '-q']);
  return bucketProject(rig, minio, bucket);
}

async function cloneWith(rig: Rig, name: string, user: User = minio.root): Promise<Machine> {
  const clone = await cloneProject(rig, name);
  return { ...clone, env: { ...clone.env, ...keysOf(user) } };
}

test('two clones share data through a bucket', async ({ rig }) => {
  const { env } = await startProject(rig, 'share');
  await rig.write({
    ...smallFiles('data', 3_000),
    'data/mid': Buffer.alloc(1_000_000, 'm'),
    'data/large': Buffer.alloc(40_000_000, 'large '),
  });
  await succeed(rig, ['add', 'data']);
  await commitAll(rig);
  const pushed = await document<PushDocument>(rig, ['push'], { env });
  expect(pushed.remotes[0]).toMatchObject({ large: 1, missing: [] });
  expect(await document<PushDocument>(rig, ['push'], { env })).toMatchObject({ remotes: [{ objects: 0 }] });
  const b = await cloneWith(rig, 'b');
  await succeed(rig, ['pull'], b);
  expect((await rig.run('diff', ['-r', rig.path('data'), rig.path('../b/data')])).stdout).toBe('');
  expect((await document<RemoteStatus>(rig, ['status', '-c'], b)).upToDate).toBe(true);

  const packs = (await minio.mc('ls', '--recursive', 't/share/some/where/v1/packs')).trim().split('\n');
  const [name = ''] = packs[0]!.split(' ').slice(-1);
  await minio.mc('rm', `t/share/some/where/v1/packs/${name}`);
  await rig.remove('../b/.pipe/cache');
  const lacking = await document<FetchDocument>(rig, ['fetch'], { ...b, code: 1 });
  expect(lacking.remotes[0]!.absent.length).toBeGreaterThan(0);
  await succeed(rig, ['push'], { env });
  await succeed(rig, ['fetch'], b);
});

test('a push that is killed is ended by the next one', async ({ rig }) => {
  const { env } = await startProject(rig, 'killed');
  await rig.write({ ...smallFiles('data', 2_000), 'data/large': Buffer.alloc(80_000_000, 'large ') });
  await succeed(rig, ['add', 'data']);
  await commitAll(rig);
  for (const delayMs of [300, 450, 600]) await runAndKill(rig, ['push'], { env, moment: { events: 0, delayMs } });
  await succeed(rig, ['push'], { env });
  const b = await cloneWith(rig, 'b');
  await succeed(rig, ['pull'], b);
  expect((await rig.run('diff', ['-r', rig.path('data'), rig.path('../b/data')])).stdout).toBe('');
});

test('who may only read pulls, and is told that pushing is denied if there is anything to push', async ({ rig }) => {
  const { env } = await startProject(rig, 'readers');
  await rig.write(smallFiles('data', 50));
  await succeed(rig, ['add', 'data']);
  await commitAll(rig);
  await succeed(rig, ['push'], { env });
  const reader = await minio.addUser(['s3:GetObject', 's3:ListBucket'], ['readers', 'readers/*']);
  const b = await cloneWith(rig, 'b', reader);
  await succeed(rig, ['pull'], b);
  await succeed(rig, ['status', '-c'], b);
  expect((await succeed(rig, ['push'], b)).stdout).toBe('Everything is in storage already: 51 objects.\n');
  await succeed(rig, ['push', '--verify'], b);
  await rig.write({ '../b/more': 'more' });
  await succeed(rig, ['add', 'more'], b);
  const denied = await rig.pipe(['push'], b);
  expectProblems(denied, 'PIPE_REMOTE_DENIED');
  expect(denied.stderr).toContain('pushing needs the rights to list, to get and to put');
  expect(denied.stderr).not.toContain(reader.secretAccessKey);
});

test('who may put but neither list nor get is refused before anything is sent', async ({ rig }) => {
  await startProject(rig, 'droppers');
  await rig.write(smallFiles('data', 50));
  await succeed(rig, ['add', 'data']);
  const dropper = await minio.addUser(['s3:PutObject'], ['droppers/*']);
  const user = { env: keysOf(dropper) };
  for (const args of [['push'], ['push', '--dry'], ['status', '-c'], ['gc', '-w', '-c', '-f']]) {
    const denied = await rig.pipe(args, user);
    expectProblems(denied, 'PIPE_REMOTE_DENIED');
    if (args[0] === 'push') expect(denied.stderr).toContain('pushing needs the rights to list, to get and to put');
  }
  expect(await minio.mc('ls', '--recursive', 't/droppers')).toBe('');
  // All that asks nothing of the remote goes on.
  await succeed(rig, ['repro', '-q']);
  await succeed(rig, ['fsck']);
  await succeed(rig, ['pull', '-q'], user);
  await rig.remove('.pipe/cache');
  expectProblems(await rig.pipe(['pull'], user), 'PIPE_REMOTE_DENIED');
});

test('keys may stand in AWS’ own files, and who has none is told so', async ({ rig }) => {
  const { env } = await startProject(rig, 'files');
  await rig.write({ 'data/a': 'a\n' });
  await succeed(rig, ['add', 'data']);
  await commitAll(rig);
  await succeed(rig, ['push'], { env });
  const { cwd, env: own } = await cloneProject(rig, 'b');
  for (const args of [['pull'], ['push'], ['status', '-c']]) {
    expectProblems(await rig.pipe(args, { cwd, env: own }), 'PIPE_REMOTE_CREDENTIALS');
  }
  const { accessKeyId, secretAccessKey } = minio.root;
  const keys = `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
  await rig.write({ '../keys': `[default]\naws_access_key_id = nobody\naws_secret_access_key = x\n[work]\n${keys}` });
  await succeed(rig, ['remote', 'modify', '--local', 'storage', 'credentialpath', rig.path('../keys')], { cwd });
  await succeed(rig, ['remote', 'modify', '--local', 'storage', 'profile', 'work'], { cwd });
  await succeed(rig, ['pull'], { cwd, env: own });
  expect(await rig.read('../b/data/a')).toBe('a\n');
});

test('eight push at once into one bucket', async ({ rig }) => {
  const { env } = await startProject(rig, 'crowd');
  await rig.write({ ...smallFiles('data', 500), 'data/large': Buffer.alloc(12_000_000, 'l') });
  await succeed(rig, ['add', 'data']);
  await commitAll(rig);
  const machines = [];
  for (let at = 0; at < 4; at += 1) {
    const machine = await cloneWith(rig, `m${at}`);
    await rig.write({
      ...smallFiles(`${machine.cwd}/data`, 500),
      [`${machine.cwd}/data/large`]: Buffer.alloc(12_000_000, 'l'),
      ...smallFiles(`${machine.cwd}/own`, 60, String(at)),
    });
    await succeed(rig, ['add', 'data', 'own'], machine);
    machines.push(machine);
  }
  const runs = [...machines, ...machines].map((machine) => rig.pipe(['push'], machine));
  runs.push(rig.pipe(['push'], { env }));
  for (const run of await Promise.all(runs)) expect(run, run.stderr).toMatchObject({ code: 0, stderr: '' });
  for (const [at, machine] of machines.entries()) {
    await rig.remove(`${machine.cwd}/.pipe/cache`, `${machine.cwd}/own`);
    await succeed(rig, ['pull'], machine);
    expect(await rig.read(`${machine.cwd}/own/7.txt`)).toBe(`file 7 ${at}\n`);
  }
});

test('keys that hold for a time come from the environment, or with their token from the options', async ({ rig }) => {
  const { env } = await startProject(rig, 'tokens');
  await rig.write(smallFiles('data', 20));
  await succeed(rig, ['add', 'data']);
  await commitAll(rig);
  await succeed(rig, ['push'], { env });
  const user = await minio.addUser(['s3:GetObject', 's3:ListBucket'], ['tokens', 'tokens/*']);
  const given = await minio.assumeRole(user);
  const { sessionToken, ...keys } = given;
  const b = await cloneProject(rig, 'b');
  const withToken = { ...b, env: { ...b.env, ...keysOf(keys), AWS_SESSION_TOKEN: sessionToken } };
  await succeed(rig, ['pull'], withToken);
  expect(await rig.read('../b/data/7.txt')).toBe('file 7 \n');
  const denied = await rig.pipe(['status', '-c'], { ...b, env: { ...b.env, ...keysOf(keys) } });
  expectProblems(denied, 'PIPE_REMOTE_CREDENTIALS');
  const over = minio.expired(given).sessionToken;
  const expired = await rig.pipe(['status', '-c'], {
    ...b,
    env: { ...b.env, ...keysOf(keys), AWS_SESSION_TOKEN: over },
  });
  expectProblems(expired, 'PIPE_REMOTE_EXPIRED');
  expect(expired.stderr).not.toContain(over);
  for (const [option, value] of [
    ['access_key_id', keys.accessKeyId],
    ['secret_access_key', keys.secretAccessKey],
    ['session_token', sessionToken],
  ] as const)
    await succeed(rig, ['remote', 'modify', '-q', '--local', 'storage', option, value], b);
  await succeed(rig, ['status', '-c'], b);
  const refused = await rig.pipe(['remote', 'modify', 'storage', 'session_token', sessionToken], b);
  expect(refused.code).toBe(2);
  expect(refused.stderr).not.toContain(sessionToken);
  expect(await rig.run('grep', ['-r', sessionToken, '.pipe/config.yaml'], b)).toMatchObject({ code: 1 });
});
