import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import type { Minio, User } from '../rig/s3.ts';
import { startMinio } from '../rig/s3.ts';
import { test } from '../rig/test.ts';
import { runGitHub } from './ci/github.ts';
import { runGitLab } from './ci/gitlab.ts';
import type { CiResult } from './ci/machine.ts';
import { ORIGIN } from './ci/machine.ts';
import type { Machine } from './share/project.ts';
import { bucketProject, commitAll, document, keysOf, smallFiles, succeed } from './share/project.ts';

/** What the files in docs/ci have in them: a key that everybody may read. */
const READER: User = { accessKeyId: 'read-only', secretAccessKey: 'read-only-secret' };

/** For uploads that were interrupted. */
const PARTS = ['s3:ListBucketMultipartUploads', 's3:ListMultipartUploadParts', 's3:AbortMultipartUpload'];

let minio: Minio;
let writer: User;
beforeAll(async () => {
  minio = await startMinio();
  // The rights of a reader and a pusher, as docs/guide/sharing.md has them.
  const reading = ['s3:GetObject', 's3:ListBucket'];
  await minio.addUser(reading, ['ci-*', 'ci-*/*'], READER);
  writer = await minio.addUser([...reading, 's3:PutObject', ...PARTS], ['ci-*', 'ci-*/*']);
}, 120_000);
afterAll(() => minio.stop());

/** Notes that it runs, outside of the project, and wants none of the secrets in its environment. */
function stage(name: string, cmd: string, more: object): object {
  const secrets = ['PIPE_SIGNING_KEY', 'PIPE_WRITE_KEY_ID', 'PIPE_WRITE_SECRET', 'PIPE_COMMENT_TOKEN'];
  return {
    cmd: `echo ${name} >> ../ran && test -z "${secrets.map((each) => `$${each}`).join('')}" && ${cmd}`,
    ...more,
  };
}

/** prepare → train → publish, and measure, which needs nothing of train. */
const STAGES = {
  prepare: stage('prepare', 'cat data/*.txt > prepared', { deps: ['data'], outs: ['prepared'] }),
  train: stage('train', 'cat prepared rate > model && test $(cat rate) != 0 && echo "{\\"score\\": $(cat rate)}" > score.json', {
    deps: ['prepared', 'rate'],
    outs: ['model'],
    metrics: [{ 'score.json': { cache: false } }],
  }), // prettier-ignore
  publish: stage('publish', 'cp model published', { deps: ['model'], outs: ['published'] }),
  measure: stage('measure', 'cat data/1.txt > lines', { deps: ['data'], outs: ['lines'] }),
};

/** Two people with clones of a bare repository, the first of whom ran and pushed everything. */
async function start(rig: Rig, bucket: string): Promise<{ readonly ada: Machine; readonly bob: Machine }> {
  const keys = keysOf(writer);
  await rig.git('init', '-q', '-b', 'main');
  await succeed(rig, ['init', '-q']);
  await bucketProject(rig, minio, bucket);
  await rig.write({ ...smallFiles('data', 20), rate: '1\n', 'pipeline.yaml': { stages: STAGES } });
  await succeed(rig, ['add', 'data'], { env: keys });
  await commitAll(rig, 'before the first run');
  expect((await rig.pipe(['repro', '-q'], { env: keys })).code).toBe(0);
  await commitAll(rig, 'ran');
  await succeed(rig, ['push'], { env: keys });
  await rig.git('init', '-q', '--bare', '-b', 'main', ORIGIN);
  await rig.git('remote', 'add', 'origin', rig.path(ORIGIN));
  await rig.git('push', '-q', '-u', 'origin', 'main');
  await rig.git('clone', '-q', rig.path(ORIGIN), '../bob');
  const env = { ...keys, XDG_CACHE_HOME: rig.path('../cache of bob') };
  await rig.remove('../ran');
  return { ada: { cwd: '.', env: keys }, bob: { cwd: '../bob', env } };
}

/** Changes a file and pushes that, without having run anything. */
async function propose(rig: Rig, { cwd }: Machine, [rate, branch]: readonly [string, string]): Promise<void> {
  await rig.git('-C', cwd, 'checkout', '-q', '-B', branch);
  await rig.write({ [`${cwd}/rate`]: `${rate}\n` });
  await commitAll(rig, `rate ${rate}`, { cwd });
  await rig.git('-C', cwd, 'push', '-q', 'origin', branch);
}

/** The stages that ran since the last time that this was asked. */
async function ran(rig: Rig): Promise<string[]> {
  if (!(await rig.exists('../ran'))) return [];
  const stages = (await rig.read('../ran')).trim().split('\n').sort();
  await rig.remove('../ran');
  return stages;
}

/** What lies in the clone of a job beside what Git put there, and the summary. */
async function downloaded(rig: Rig, { cwd }: CiResult): Promise<string[]> {
  const found = await rig.git('-C', cwd, 'ls-files', '-o', '-x', '.pipe', '-x', 'summary.md');
  return found.split('\n').filter((line) => line !== '').sort(); // prettier-ignore
}

/** Every key of a bucket. */
async function keysIn(bucket: string): Promise<string[]> {
  const lines = (await minio.mc('find', `t/${bucket}`)).trim().split('\n');
  return lines.filter((line) => !line.includes('/leases/')).sort();
}

/** How many objects of the remote a gc that keeps what any commit needs would remove, after a time. */
async function garbage(rig: Rig, person: Machine, grace: string): Promise<number> {
  await rig.git('-C', person.cwd, 'fetch', '-q');
  const args = ['gc', '-A', '-c', '--grace', grace, '--dry'];
  const { remotes } = await document<{ remotes: readonly { objects: number }[] }>(rig, args, person);
  return remotes.reduce((sum, { objects }) => sum + objects, 0);
}

function signingKey(): { readonly pem: string; readonly signer: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(12).toString('base64');
  return { pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), signer: `ed25519:${raw}` };
}

const SERVICES = { GitHub: runGitHub, GitLab: runGitLab };

describe.each(['GitHub', 'GitLab'] as const)('the file for %s', (service) => {
  const run = SERVICES[service];
  const bucketOf = (test: string): string => `ci-${service.toLowerCase()}-${test}`;
  const secrets = (): Record<string, string> => ({
    PIPE_WRITE_KEY_ID: writer.accessKeyId,
    PIPE_WRITE_SECRET: writer.secretAccessKey,
    PIPE_COMMENT_TOKEN: 'token-for-comments',
  });

  test('runs nothing where nothing changed, downloads final outs alone, and pushes nothing', async ({ rig }) => {
    const bucket = bucketOf('unchanged');
    await start(rig, bucket);
    const before = await keysIn(bucket);
    const done = await run(rig, { secrets: secrets() });
    expect(done, done.log).toMatchObject({ ok: true, comment: undefined });
    expect(await ran(rig)).toEqual([]);
    expect(done.summary).toMatch(/^\*\*Everything is up to date\*\*/);
    expect(await downloaded(rig, done)).toEqual(['lines', 'published']);
    expect(await keysIn(bucket)).toEqual(before);
  });

  test('runs of a request what changed and what follows, says so in it, and shares it', async ({ rig }) => {
    const bucket = bucketOf('request');
    const { ada, bob } = await start(rig, bucket);
    await propose(rig, bob, ['2', 'faster']);
    const done = await run(rig, { branch: 'faster', secrets: secrets() });
    expect(done, done.log).toMatchObject({ ok: true });
    expect(await ran(rig)).toEqual(['publish', 'train']);
    expect(await downloaded(rig, done)).toEqual(['lines', 'model', 'prepared', 'published']);
    expect(done.summary).toMatch(/^\*\*Done\*\*/);
    expect(done.summary).toMatch(/\| `train` +\| ran +\|.*\n\| `publish` +\| ran +\|/);
    expect(done.summary).not.toMatch(/`prepare`|`measure`/);
    expect(done.summary).toMatch(/\| Metric \| [0-9a-f]{12} \| now \|/);
    expect(done.summary).toMatch(/\| score +\| 1 +\| 2 +\| \+1 +\|/);
    expect(done.comment?.trim()).toBe(done.summary.trim());

    await rig.git('fetch', '-q');
    await rig.git('checkout', '-q', 'faster');
    await succeed(rig, ['repro', '--pull'], ada);
    expect(await ran(rig)).toEqual([]);
    expect(await rig.read('published')).toMatch(/2\n$/);
  });

  test('shares signed records of the main branch: nobody who trusts them runs it again', async ({ rig }) => {
    const bucket = bucketOf('main');
    const { ada, bob } = await start(rig, bucket);
    const { pem, signer } = signingKey();
    await propose(rig, ada, ['3', 'main']);
    const before = await keysIn(bucket);
    const done = await run(rig, { secrets: { ...secrets(), PIPE_SIGNING_KEY: pem } });
    expect(done, done.log).toMatchObject({ ok: true, comment: undefined });
    expect(await ran(rig)).toEqual(['publish', 'train']);
    const records = (await keysIn(bucket)).filter((key) => key.includes('/v1/runs/') && !before.includes(key));
    expect(records).toHaveLength(2);

    await rig.git('-C', bob.cwd, 'pull', '-q');
    await succeed(rig, ['config', '--global', 'signers.ci', signer], bob);
    // No lock names what CI made: only the grace period keeps it.
    expect(await garbage(rig, bob, '24h')).toBe(0);
    expect(await garbage(rig, bob, '0m')).toBeGreaterThan(0);
    await succeed(rig, ['repro', '--pull'], bob);
    expect(await ran(rig)).toEqual([]);
    expect(await rig.read('../bob/published')).toMatch(/3\n$/);
    // The lock is committed by a person: with it, CI has nothing to do.
    await commitAll(rig, 'lock', { cwd: bob.cwd });
    await rig.git('-C', bob.cwd, 'push', '-q');
    expect(await garbage(rig, bob, '0m')).toBe(0);
    const again = await run(rig, { secrets: secrets() });
    expect(again.summary, again.log).toMatch(/^\*\*Everything is up to date\*\*.* 4 /);
    expect(await ran(rig)).toEqual([]);
  });

  test('runs what a fork proposes with the key for reading, and pushes nothing', async ({ rig }) => {
    const bucket = bucketOf('fork');
    const { bob } = await start(rig, bucket);
    await propose(rig, bob, ['4', 'from-a-fork']);
    const before = await keysIn(bucket);
    const done = await run(rig, { branch: 'from-a-fork', isFork: true, secrets: {} });
    expect(done, done.log).toMatchObject({ ok: true, comment: undefined });
    expect(await ran(rig)).toEqual(['publish', 'train']);
    expect(done.summary).toMatch(/^\*\*Done\*\*/);
    expect(await keysIn(bucket)).toEqual(before);
  });

  test('fails where a stage fails, and says of which and why', async ({ rig }) => {
    const bucket = bucketOf('failing');
    const { bob } = await start(rig, bucket);
    await propose(rig, bob, ['0', 'broken']);
    const before = await keysIn(bucket);
    const done = await run(rig, { branch: 'broken', secrets: secrets() });
    expect(done, done.log).toMatchObject({ ok: false });
    expect(await ran(rig)).toEqual(['train']);
    expect(done.summary).toMatch(/^\*\*Failed\*\*/);
    expect(done.summary).toMatch(/\| `train` \| \*\*failed\*\* \|/);
    expect(done.comment?.trim()).toBe(done.summary.trim());
    expect(await keysIn(bucket)).toEqual(before);
  });
});

test('a merge request of a branch that sees no protected variable of GitLab runs, is commented, and pushes nothing', async ({
  rig,
}) => {
  const bucket = 'ci-gitlab-unprotected';
  const { bob } = await start(rig, bucket);
  await propose(rig, bob, ['5', 'unprotected']);
  const before = await keysIn(bucket);
  // Which variables are protected is what the table in docs/ci/README.md recommends.
  const done = await runGitLab(rig, { branch: 'unprotected', secrets: { PIPE_COMMENT_TOKEN: 'token-for-comments' } });
  expect(done, done.log).toMatchObject({ ok: true });
  expect(await ran(rig)).toEqual(['publish', 'train']);
  expect(done.comment?.trim()).toBe(done.summary.trim());
  expect(await keysIn(bucket)).toEqual(before);
});
