import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import type { FetchDocument, PushDocument, RemoteStatus } from './share/project.ts';
import {
  REMOTE,
  cloneProject,
  commitAll,
  document,
  overwrite,
  remoteFiles,
  smallFiles,
  startProject,
  succeed,
} from './share/project.ts';

async function keyWith(rig: Rig, text: string): Promise<{ key: string; bytes: Buffer }> {
  const found = [...(await remoteFiles(rig))].find(([key, bytes]) => !key.includes('/leases/') && bytes.includes(text));
  if (found === undefined) throw new Error(`nothing holds ${text}`);
  return { key: rig.path(REMOTE, found[0]), bytes: found[1] };
}

const FILES = {
  ...smallFiles('data', 50),
  'data/large': Buffer.alloc(5_000_000, 'large one '),
  'data/mid': Buffer.alloc(500_000, 'middle '),
};

test.for([
  ['deleted', 'file 7 ', async (path: string) => rm(path)],
  ['deleted', 'large one', async (path: string) => rm(path)],
  ['cut off', 'middle', async (path: string, bytes: Buffer) => overwrite(path, bytes.subarray(0, 1000))],
  ['cut off', 'large one', async (path: string, bytes: Buffer) => overwrite(path, bytes.subarray(0, 4_900_000))],
] as const)(
  'something that was %s (%s) is told by status and pull, and healed by push',
  async ([, text, damage], { rig }) => {
    await startProject(rig, FILES);
    await succeed(rig, ['add', 'data']);
    await commitAll(rig);
    await succeed(rig, ['push']);
    const { key, bytes } = await keyWith(rig, text);
    await damage(key, bytes);
    const status = await document<RemoteStatus>(rig, ['status', '-c']);
    expect(status.upToDate).toBe(false);
    expect(status.remotes[0]!.paths[0]!.new.objects).toBeGreaterThan(0);

    const b = await cloneProject(rig, 'b');
    const fetched = await document<FetchDocument>(rig, ['fetch'], { ...b, code: 1 });
    const absent = fetched.remotes[0]!.absent.map(({ path }) => path);
    const wanted = { 'file 7 ': 'data/7.txt', 'large one': 'data/large', middle: 'data/mid' }[text];
    // Where the list of the folder is gone, too, that is all that can be said.
    expect(absent.includes(wanted) || absent.includes('data')).toBe(true);
    const pulled = await rig.pipe(['pull'], b);
    expect(pulled.code).toBe(1);
    expect(pulled.stdout).toContain('Neither in the cache nor in storage (');
    expect((await rig.pipe(['pull', '--allow-missing'], b)).code).toBe(0);

    const healed = await document<PushDocument>(rig, ['push']);
    expect(healed.remotes[0]!.objects).toBeGreaterThan(0);
    await succeed(rig, ['pull'], b);
    const same = await rig.run('diff', ['-r', rig.path('data'), rig.path('../b/data')]);
    expect(same.stdout).toBe('');
  },
);

test.for(['file 7 ', 'large one', 'middle'])(
  'a flipped byte of %s is named by pull, never put in place, and replaced by push --verify',
  async (text, { rig }) => {
    await startProject(rig, FILES);
    await succeed(rig, ['add', 'data']);
    await commitAll(rig);
    await succeed(rig, ['push']);
    const { key, bytes } = await keyWith(rig, text);
    const at = bytes.indexOf(text) + 2;
    bytes[at] = (bytes[at] ?? 0) ^ 4;
    await overwrite(key, bytes);
    const b = await cloneProject(rig, 'b');
    const path = { 'file 7 ': 'data/7.txt', 'large one': 'data/large', middle: 'data/mid' }[text]!;
    const pulled = await rig.pipe(['pull'], b);
    expect(pulled.code).toBe(1);
    expect(pulled.stdout).toContain(`storage holds wrong bytes of:\n  ${path}\n`);
    // The rest is put in place.
    const all = await rig.files('data');
    expect(await rig.files('../b/data')).toEqual(all.filter((name) => `data/${name}` !== path));
    await succeed(rig, ['pull', 'data/8.txt'], b);
    expect(await rig.read('../b/data/8.txt')).toBe('file 8 \n');
    expect((await succeed(rig, ['push'])).stdout).toContain('already');
    const healed = await document<PushDocument>(rig, ['push', '--verify']);
    expect(healed.remotes[0]).toMatchObject({ wrong: 1, missing: [] });
    await succeed(rig, ['pull'], b);
    expect((await rig.run('diff', ['-r', rig.path('data'), rig.path('../b/data')])).stdout).toBe('');
    expect(await document<PushDocument>(rig, ['push', '--verify'])).toMatchObject({
      remotes: [{ wrong: 0, objects: 0 }],
    });
  },
);

test('push --verify says how much of what it found wrong it could replace', async ({ rig }) => {
  await startProject(rig, FILES);
  await succeed(rig, ['add', 'data']);
  await commitAll(rig);
  await succeed(rig, ['push']);
  for (const text of ['large one', 'middle']) {
    const { key, bytes } = await keyWith(rig, text);
    const at = bytes.indexOf(text) + 2;
    bytes[at] = (bytes[at] ?? 0) ^ 4;
    await overwrite(key, bytes);
  }
  const b = await cloneProject(rig, 'b');
  expect((await rig.pipe(['pull', 'data/7.txt'], b)).code).toBe(0);
  // The workspace has nothing to make it of, either.
  const inClone = await rig.pipe(['push', '--verify'], b);
  expect(inClone.code).toBe(1);
  expect(inClone.stdout).toContain('\n2 objects there held wrong bytes.\n');
  const { stdout } = await succeed(rig, ['push', '--verify']);
  expect(stdout).toMatch(/^Pushed 2 objects.*\n1 object there held wrong bytes and was replaced\.\n$/);
});

test('what push -a cannot read of another branch is told, to programs too', async ({ rig }) => {
  await startProject(rig, { f: 'f\n' });
  await succeed(rig, ['add', 'f']);
  await commitAll(rig);
  await rig.git('switch', '-q', '-c', 'broken');
  await rig.write({ 'f.pipe': '<<<<<<< HEAD\n' });
  await commitAll(rig);
  await rig.git('switch', '-q', '-');
  for (const args of [
    ['push', '-a'],
    ['status', '-c', '-a'],
    ['fetch', '-a'],
    ['pull', '-a'],
  ]) {
    const { unread } = await document<{ unread?: { message: string }[] }>(rig, args);
    expect([args, unread?.map(({ message }) => message)]).toEqual([
      args,
      [expect.stringMatching(/f\.pipe.*\(broken\)/)],
    ]);
  }
  expect(await document(rig, ['push'])).not.toHaveProperty('unread');
});

test('what is neither here nor there is named by push, and the rest goes', async ({ rig }) => {
  await startProject(rig, FILES);
  await succeed(rig, ['add', 'data']);
  await rm(rig.path('.pipe/cache/v1/loose'), { recursive: true });
  const pushed = await document<PushDocument>(rig, ['push'], { code: 1 });
  expect(pushed.remotes[0]!.missing.map(({ path }) => path)).toEqual(['data/large', 'data/mid']);
  const told = await rig.pipe(['push']);
  expect(told.code).toBe(1);
  expect(told.stdout).toMatch(/Neither in the cache nor in storage .*:\n {2}data\/large\n {2}data\/mid\n$/);
  const files = await remoteFiles(rig);
  expect([...files].some(([, bytes]) => bytes.includes('file 7 '))).toBe(true);
  await succeed(rig, ['fsck', '--repair']);
  await succeed(rig, ['push']);
  expect(join(...[...(await remoteFiles(rig)).keys()].filter((key) => key.includes('/loose/')))).toContain('v1/loose/');
});
