import { afterAll, beforeAll, expect } from 'vitest';
import type { Minio } from '../rig/s3.ts';
import { startMinio } from '../rig/s3.ts';
import { test } from '../rig/test.ts';
import type { WebServer } from '../rig/web-server.ts';
import { startWebServer } from '../rig/web-server.ts';
import { expectProblems } from './faults/problem.ts';
import { cloneProject, commitAll, keysOf, smallFiles, startProject, succeed } from './share/project.ts';

let web: WebServer;
let minio: Minio;
beforeAll(async () => {
  [web, minio] = await Promise.all([startWebServer(), startMinio()]);
}, 120_000);
afterAll(async () => {
  await Promise.all([web.close(), minio.stop()]);
});

test('a file of a web server goes to the remote, and none of it stays here', async ({ rig }) => {
  await startProject(rig);
  const body = Buffer.alloc(9_000_000, 'large ');
  web.files.set('/big.bin', { body, etag: '"big"' });
  const { stdout } = await succeed(rig, ['import-url', '--to-remote', `${web.url}/big.bin`]);
  expect(stdout).toContain('big.bin  9.0 MB\n');
  expect(await rig.exists('big.bin')).toBe(false);
  expect((await rig.run('find', ['.pipe', '-size', '+100k'])).stdout).toBe('');
  expect((await rig.run('sh', ['-c', 'ls -A .pipe/tmp/import'])).stdout).toBe('');
  await commitAll(rig);
  web.files.delete('/big.bin');
  const b = await cloneProject(rig, 'b');
  await succeed(rig, ['pull', '-q'], b);
  expect((await rig.run('sh', ['-c', 'wc -c < big.bin'], b)).stdout.trim()).toBe('9000000');
  expect((await rig.pipe(['status', '-c', '-q'], b)).code).toBe(0);
});

test('a folder of a bucket goes batch by batch, to the remote that is named', async ({ rig }) => {
  await startProject(rig);
  await minio.makeBuckets('batches');
  await rig.write(smallFiles('../up', 30));
  await rig.write({ '../up/sub/big': Buffer.alloc(20_000_000, 'big '), '../up/sub/deep/x': 'x\n' });
  await minio.mc('cp', '-q', '--recursive', `${rig.path('../up')}/`, 't/batches/some/');
  const env = { ...keysOf(minio.root), AWS_ENDPOINT_URL: minio.url };
  await succeed(rig, ['remote', 'add', '-q', 'other', rig.path('../other')]);
  await succeed(rig, ['import-url', '--to-remote', '-r', 'other', 's3://batches/some', 'data'], { env });
  expect([await rig.exists('data'), await rig.exists('../remote')]).toEqual([false, false]);
  expect(await rig.read('data.pipe')).toContain('    remote: other\n');
  expect((await rig.run('find', ['.pipe', '-size', '+100k'])).stdout).toBe('');
  await succeed(rig, ['pull', '-q']);
  expect((await rig.run('diff', ['-r', 'data', '../up'])).stdout).toBe('');
  // The very digest that a download gives.
  await succeed(rig, ['import-url', 's3://batches/some', 'again'], { env });
  const digestIn = async (file: string): Promise<string | undefined> => /digest: (b3:\S+)/.exec(await rig.read(file))?.[1]; // prettier-ignore
  expect(await digestIn('again.pipe')).toBe(await digestIn('data.pipe'));
});

test('what lies on this machine goes, too; a failed send leaves nothing behind', async ({ rig }) => {
  await startProject(rig);
  await rig.write({ '../src/a': 'a\n', '../src/b/c': 'c\n' });
  await succeed(rig, ['import-url', '--to-remote', '../src', 'data']);
  expect(await rig.exists('data')).toBe(false);
  await succeed(rig, ['pull', '-q']);
  expect((await rig.run('diff', ['-r', 'data', '../src'])).stdout).toBe('');
  expectProblems(await rig.pipe(['import-url', '--to-remote', `${web.url}/nothing`]), 'PIPE_SOURCE_MISSING');
  expectProblems(await rig.pipe(['import-url', '--to-remote', '-r', 'none', '../src', 'x']), 'PIPE_REMOTE_UNKNOWN');
  expectProblems(await rig.pipe(['import-url', '-r', 'storage', '../src', 'x']), 'PIPE_USAGE');
  expect((await rig.files()).filter((name) => /nothing|^x/.test(name))).toEqual([]);
  expect((await rig.run('sh', ['-c', 'ls -A .pipe/tmp/import'])).stdout).toBe('');
});
