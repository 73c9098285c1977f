import { rename, symlink } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import { loadBlake3 } from '../../src/kit/blake3.ts';
import { test } from '../rig/test.ts';
import { does, pointer, project, refuses } from './data/commands.ts';
import { stopWhen } from './faults/stop.ts';

describe('move refuses', () => {
  test.for([true, false])('to go below what is recorded as a file (checked out: %s)', async (isHere, { rig }) => {
    await project(rig);
    await rig.write({ 'data/x': 'x\n', 'data/y': 'y\n', 'model.bin': 'm\n' });
    await does(rig, 'add', 'data', 'model.bin');
    if (!isHere) await rig.remove('data');
    const before = await pointer(rig, 'data.pipe');
    for (const to of ['data/x/y', 'data/x/', 'data/x/deep/er']) {
      expect([to, await refuses(rig, 'move', 'model.bin', to)]).toEqual([to, ['PIPE_POINTER_CONFLICT']]);
    }
    expect(await pointer(rig, 'data.pipe')).toEqual(before);
    expect(await rig.read('model.bin')).toBe('m\n');
  });

  test('another name of the same place', async ({ rig }) => {
    await project(rig);
    await rig.write({ 'real/x': 'x\n' });
    await does(rig, 'add', 'real/x');
    await symlink('real', rig.path('alias'));
    await rig.remove('real/x');
    expect(await refuses(rig, 'move', 'real/x', 'alias/x')).toEqual(['PIPE_USAGE']);
    await does(rig, 'checkout');
    expect(await rig.read('real/x')).toBe('x\n');
  });
});

describe('checkout', () => {
  test.for(['a file', 'a link to a folder'])(
    'leaves %s alone whose folder cannot be had, and goes on',
    async (kind, { rig }) => {
      await project(rig);
      await rig.write({ 'data/x/a': 'a\n', 'data/x/b': 'b\n', 'data/z': 'new\n', 'elsewhere/c': 'c\n' });
      await does(rig, 'add', 'data');
      const later = await rig.read('data.pipe');
      await rig.remove('data/x');
      if (kind === 'a file') await rig.write({ 'data/x': 'x\n' });
      else await symlink('../elsewhere', rig.path('data/x'));
      await rig.write({ 'data/z': 'old\n' });
      await does(rig, 'add', 'data');
      const digest = (await loadBlake3()).hash(Buffer.from('b\n')).slice(3);
      const object = rig.path('.pipe/cache/v1/loose', digest.slice(0, 2), digest.slice(2));
      await rename(object, rig.path('aside'));
      await rig.write({ 'data.pipe': later });
      expect((await rig.pipe(['checkout', '--allow-missing'])).stdout).toContain('data/x');
      expect([await rig.read('data/z'), await rig.files('elsewhere')]).toEqual(['new\n', ['c']]);
      if (kind === 'a file') expect(await rig.read('data/x')).toBe('x\n');
      await rename(rig.path('aside'), object);
      await does(rig, 'checkout');
      expect([await rig.read('data/x/b'), await rig.files('elsewhere')]).toEqual(['b\n', ['c']]);
    },
  );
});

test('a pointer that Git brings while a commit stores is merged, not overwritten', async ({ rig }) => {
  await project(rig);
  const large = (name: string): string => `${name} `.repeat(6_000);
  await rig.write({ 'data/a': 'a\n', 'data/theirs': 'new\n' });
  await does(rig, 'add', 'data');
  const theirs = await rig.read('data.pipe');
  await rig.remove('data/theirs');
  await does(rig, 'add', 'data');
  await rig.write(Object.fromEntries(Array.from({ length: 1_500 }, (_, at) => [`data/mine/${at}`, large(String(at))])));
  const running = rig.spawn(['commit', 'data']);
  await stopWhen(running, async () => (await rig.files('.pipe/cache/v1/tmp').catch(() => [])).length > 0);
  await rig.write({ 'data.pipe': theirs });
  running.kill('SIGCONT');
  expect((await running.done).code).toBe(0);
  await does(rig, 'checkout');
  expect(await rig.read('data/theirs')).toBe('new\n');
  expect((await rig.files('data/mine')).length).toBe(1_500);
});
