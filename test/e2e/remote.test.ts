import { expect } from 'vitest';
import { test } from '../rig/test.ts';

test('a remote is set up as in DVC, and a secret never gets into what Git tracks', async ({ rig }) => {
  const ok = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await rig.pipe(args);
    expect([code, stderr]).toEqual([0, '']);
    return stdout;
  };
  await ok('init', '--no-scm');
  await ok('remote', 'add', '-d', 'origin', 's3://bucket/data');
  await ok('remote', 'add', 'disk', '../storage');
  await ok('remote', 'modify', '--local', 'origin', 'secret_access_key', 'hunter2hunter2');
  expect(await ok('remote', 'list')).toBe('origin\ts3://bucket/data\t(default)\ndisk\t../../storage\n');
  expect(JSON.parse(await ok('remote', 'list', '--json'))).toMatchObject({ schema: 'pipe.remote-list/1' });
  const refused = await rig.pipe(['remote', 'modify', 'origin', 'secret_access_key', 'hunter2hunter2']);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('pipe remote modify --local origin secret_access_key');
  expect(refused.stderr).not.toContain('hunter2');
  expect(await rig.read('.pipe/config.yaml')).not.toContain('hunter2');
  expect((await rig.pipe(['config', '--list'])).stdout).not.toContain('hunter2');
  await ok('remote', 'rename', 'origin', 'minio');
  expect(await ok('remote', 'default')).toBe('minio\n');
  await ok('remote', 'remove', 'minio');
  expect((await rig.pipe(['remote', 'default'])).code).toBe(2);
});
