import { expect } from 'vitest';
import { startGitServer } from '../rig/git-server.ts';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectProblems } from './faults/problem.ts';
import { commitAll, document, keysOf, startProject, succeed } from './share/project.ts';
import { proxiedMinio } from './share/proxied-minio.ts';
import { gitThere, REGISTRY, startRegistry } from './share/registry.ts';

const started = proxiedMinio();

/**
 * A registry whose data lie in a bucket alone, and which names the server in its own configuration; a Git server has it.
 * The user here may read from the bucket, and nothing else.
 */
async function withRegistry(
  rig: Rig,
  bucket: string,
  work: (url: string, reader: Record<string, string>) => Promise<void>,
): Promise<void> {
  const { minio } = started;
  await startRegistry(rig);
  await minio.makeBuckets(bucket);
  const there = { cwd: REGISTRY, env: keysOf(minio.root) };
  for (const args of [
    ['remove', '-q', 'store'],
    ['add', '-q', '-d', 'store', `s3://${bucket}/deep/down`],
    ['modify', '-q', 'store', 'endpointurl', minio.url],
  ])
    await succeed(rig, ['remote', ...args], there);
  await commitAll(rig, 'to the bucket', there);
  await succeed(rig, ['push', '-q', '-A', '--logs'], there);
  await gitThere(rig, 'push', '-q', '../git/registry.git', 'main');
  await rig.remove('../registry-remote', `${REGISTRY}/.pipe/cache`);
  const reader = await minio.addUser(['s3:GetObject', 's3:ListBucket'], [bucket, `${bucket}/*`]);
  await startProject(rig);
  const server = await startGitServer(rig.path('../git'));
  try {
    await work(`${server.url}/registry.git`, keysOf(reader));
  } finally {
    await server.close();
  }
}

interface List {
  readonly entries: readonly { readonly path: string }[];
}

test('data of a repository whose remote is a bucket come with keys from here, which may only read', async ({ rig }) => {
  await withRegistry(rig, 'registry', async (url, reader) => {
    // Who has set the server up at home has said that it may know the keys.
    await succeed(rig, ['remote', 'add', '-q', '--global', 'work', 's3://any']);
    await succeed(rig, ['remote', 'modify', '-q', '--global', 'work', 'endpointurl', started.minio.url]);
    const env = { env: reader };
    const paths = async (...args: string[]): Promise<string[]> =>
      (await document<List>(rig, ['list', url, ...args], env)).entries.map(({ path }) => path);
    expect(await paths('images/deep', '-R')).toEqual(['er/x.txt']);
    expect(await paths('images', '-R')).toHaveLength(21);

    await succeed(rig, ['get', url, 'images'], env);
    expect(await rig.files('images')).toHaveLength(21);
    await succeed(rig, ['get', url, 'images/deep/er/x.txt', '-o', 'one'], env);
    expect(await rig.read('one')).toBe('deep\n');
    await succeed(rig, ['get', url, 'made'], env);
    expect(await rig.read('made')).toBe('in\nin\n');

    await succeed(rig, ['import', url, 'labels.csv', '--rev', 'main', '-o', 'raw.csv'], env);
    await succeed(rig, ['import', url, 'images/deep', '-o', 'deep'], env);
    const root = { cwd: REGISTRY, env: keysOf(started.minio.root) };
    await rig.write({ [`${REGISTRY}/labels.csv`]: 'a,b\n3,4\n', [`${REGISTRY}/images/deep/new`]: 'new\n' });
    // The lists of the folder come from the bucket again.
    await succeed(rig, ['add', '-q', 'labels.csv', 'images'], root);
    await commitAll(rig, 'second', root);
    await succeed(rig, ['push', '-q'], root);
    await gitThere(rig, 'push', '-q', '../git/registry.git', 'main');
    await succeed(rig, ['update'], env);
    expect(await rig.read('raw.csv')).toBe('a,b\n3,4\n');
    expect(await rig.files('deep')).toEqual(['er/x.txt', 'new']);
    expect(await paths('images/deep', '-R')).toEqual(['er/x.txt', 'new']);
    expect(await paths('images/deep', '-R', '--rev', 'HEAD~1')).toEqual(['er/x.txt']);
    await succeed(rig, ['get', url, 'labels.csv', '--rev', 'HEAD~1'], env);
    expect(await rig.read('labels.csv')).toBe('a,b\n1,2\n');

    // Another machine of the project gets what was imported from there, too.
    await rig.remove('raw.csv', 'deep', '.pipe/cache');
    await succeed(rig, ['pull'], env);
    expect([await rig.read('raw.csv'), await rig.read('deep/new')]).toEqual(['a,b\n3,4\n', 'new\n']);
  });
});

test('the server may be named in the environment; where only the source names it, it is asked without keys', async ({
  rig,
}) => {
  await withRegistry(rig, 'stranger', async (url, reader) => {
    expectProblems(await rig.pipe(['get', url, 'labels.csv'], { env: reader }), 'PIPE_REMOTE_DENIED');
    expect(await rig.exists('labels.csv')).toBe(false);
    await succeed(rig, ['get', url, 'labels.csv'], { env: { ...reader, AWS_ENDPOINT_URL: started.minio.url } });
    expect(await rig.read('labels.csv')).toBe('a,b\n1,2\n');
    await started.minio.mc('anonymous', 'set', 'download', 't/stranger');
    await succeed(rig, ['get', url, 'images', '-o', 'open']);
    expect(await rig.files('open')).toHaveLength(21);
  });
});
