import { expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { cloneProject, commitAll, document, keysOf, startProject, succeed } from './share/project.ts';
import { proxiedMinio } from './share/proxied-minio.ts';

const servers = proxiedMinio();

const BIG = Buffer.alloc(1_000_000, 'big ');
const FILES = { '../src/deep/big': BIG, '../src/deep/x': 'x\n', '../src/y': 'y\n' };

interface Fetched {
  readonly imports?: readonly { readonly path: string; readonly objects: number; readonly bytes: number }[];
  readonly sources?: readonly { readonly path: string }[];
  readonly remotes: readonly { readonly absent: readonly unknown[] }[];
}

/** Takes large objects out of the cache; lists and small files stay. */
async function loseLarge(rig: Rig): Promise<void> {
  const lost = await rig.run('find', ['.pipe/cache', '-type', 'f', '-size', '+500k', '-print', '-delete']);
  expect(lost.stdout.trim().split('\n')).toHaveLength(1);
}

test('a part of a folder that was imported from this machine comes from there, where no remote has it', async ({
  rig,
}) => {
  await startProject(rig, FILES);
  await succeed(rig, ['import-url', '-q', '../src', 'data']);
  await commitAll(rig);
  const b = await cloneProject(rig, 'b');
  const dry = await document<Fetched>(rig, ['pull', '--dry', 'data/deep/x'], b);
  expect(dry).toMatchObject({ sources: [{ path: 'data/deep/x' }], remotes: [{ absent: [] }] });
  const { stdout } = await succeed(rig, ['pull', 'data/deep/x'], b);
  expect(stdout).toContain('of data/deep/x from ../src.');
  expect(await rig.files('../b/data')).toEqual(['deep/x']);

  // With the lists here, the part is all that is read: whatever else is another one there by now.
  await loseLarge(rig);
  await rig.remove('data');
  await rig.write({ '../src/y': 'another\n' });
  const pulled = await document<Fetched>(rig, ['pull', 'data/deep/big']);
  expect(pulled.imports).toMatchObject([{ path: 'data/deep/big', objects: 1, bytes: BIG.length }]);
  expect((await rig.run('cmp', ['data/deep/big', '../src/deep/big'])).code).toBe(0);
  await loseLarge(rig);
  await rig.remove('data');
  await rig.write({ '../src/deep/big': Buffer.alloc(BIG.length, 'other') });
  const changed = await rig.pipe(['pull', 'data/deep/big']);
  expect(changed.code).toBe(1);
  expect(changed.stderr).toContain('PIPE_FILE_CHANGED  data.pipe: ');
  expect(await rig.exists('data/deep/big')).toBe(false);
});

test('of a folder of a bucket, the same', async ({ rig }) => {
  const { minio, proxy } = servers;
  proxy.plan(() => undefined);
  await startProject(rig, FILES);
  await minio.makeBuckets('parts-of');
  await minio.mc('cp', '-q', '--recursive', `${rig.path('../src')}/`, 't/parts-of/some/');
  const env = { ...keysOf(minio.root), AWS_ENDPOINT_URL: proxy.url };
  await succeed(rig, ['import-url', '-q', 's3://parts-of/some/', 'data'], { env });
  await commitAll(rig);
  await loseLarge(rig);
  await rig.remove('data');
  proxy.plan(() => undefined);
  await succeed(rig, ['pull', '-q', 'data/deep/big'], { env });
  expect((await rig.run('cmp', ['data/deep/big', '../src/deep/big'])).code).toBe(0);
  expect(proxy.seen.filter(({ path }) => !path.includes('deep')).map(({ path }) => path)).toEqual([]);
  const b = await cloneProject(rig, 'b');
  await succeed(rig, ['pull', '-q', 'data/deep'], { env: { ...env, ...b.env }, cwd: b.cwd });
  expect(await rig.files('../b/data')).toEqual(['deep/big', 'deep/x']);
});
