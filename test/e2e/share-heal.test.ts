import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import type { FetchDocument, PushDocument, RemoteStatus } from './share/project.ts';
import { commitAll, document, remoteFiles, smallFiles, startProject, succeed } from './share/project.ts';
import { proxiedMinio } from './share/proxied-minio.ts';
import type { Storage } from './share/storage.ts';
import { STORAGES, flipped, startStorage } from './share/storage.ts';

const started = proxiedMinio();

const FILES = {
  ...smallFiles('data', 50),
  'data/large': Buffer.alloc(5_000_000, 'large one '),
  'data/mid': Buffer.alloc(500_000, 'middle '),
};

const DAMAGES = [
  ['deleted', 'large one', undefined],
  ['cut off', 'middle', 1000],
  ['deleted', 'file 7 ', undefined],
  ['cut off', 'large one', 4_900_000],
] as const;

const TEXTS = ['large one', 'middle', 'file 7 '];

describe.each(STORAGES)('in %s', (kind) => {
  // Each costs seconds: a bucket gets a large object and a pack.
  const some = kind === 'a folder' ? ([0] as const) : ([0, 2] as const);
  /** A project whose files were pushed. */
  async function start(rig: Rig): Promise<Storage> {
    const storage = await startStorage(rig, kind, { minio: started.minio, files: FILES });
    await succeed(rig, ['add', 'data']);
    await commitAll(rig);
    await succeed(rig, ['push'], { env: storage.env });
    return storage;
  }

  test.for(DAMAGES.slice(...some))(
    'something that was %s (%s) is told by status and pull, and healed by push',
    async ([, text, left], { rig }) => {
      const storage = await start(rig);
      const here = { env: storage.env };
      const key = await storage.keyWith(text);
      if (left === undefined) await storage.place.remove([key]);
      else await storage.change(key, (bytes) => bytes.subarray(0, left));
      const status = await document<RemoteStatus>(rig, ['status', '-c'], here);
      expect(status.upToDate).toBe(false);
      expect(status.remotes[0]!.paths[0]!.new.objects).toBeGreaterThan(0);

      const b = await storage.clone('b');
      const fetched = await document<FetchDocument>(rig, ['fetch'], { ...b, code: 1 });
      const absent = fetched.remotes[0]!.absent.map(({ path }) => path);
      const wanted = { 'file 7 ': 'data/7.txt', 'large one': 'data/large', middle: 'data/mid' }[text];
      // Where the list of the folder is gone, too, that is all that can be said.
      expect(absent.includes(wanted) || absent.includes('data')).toBe(true);
      const pulled = await rig.pipe(['pull'], b);
      expect(pulled.code).toBe(1);
      expect(pulled.stdout).toContain('Neither in the cache nor in storage (');
      expect((await rig.pipe(['pull', '--allow-missing'], b)).code).toBe(0);

      const healed = await document<PushDocument>(rig, ['push'], here);
      expect(healed.remotes[0]!.objects).toBeGreaterThan(0);
      await succeed(rig, ['pull'], b);
      const same = await rig.run('diff', ['-r', rig.path('data'), rig.path('../b/data')]);
      expect(same.stdout).toBe('');
    },
  );

  test.for(TEXTS.slice(...some))(
    'a flipped byte of %s is named by pull, never put in place, and replaced by push --verify',
    async (text, { rig }) => {
      const storage = await start(rig);
      const here = { env: storage.env };
      await storage.change(await storage.keyWith(text), flipped(text));
      const b = await storage.clone('b');
      const path = { 'file 7 ': 'data/7.txt', 'large one': 'data/large', middle: 'data/mid' }[text]!;
      const pulled = await rig.pipe(['pull'], b);
      expect(pulled.code).toBe(1);
      expect(pulled.stdout).toContain(`storage holds wrong bytes of:\n  ${path}\n`);
      // The rest is put in place.
      const all = await rig.files('data');
      expect(await rig.files('../b/data')).toEqual(all.filter((name) => `data/${name}` !== path));
      await succeed(rig, ['pull', 'data/8.txt'], b);
      expect(await rig.read('../b/data/8.txt')).toBe('file 8 \n');
      expect((await succeed(rig, ['push'], here)).stdout).toContain('already');
      const healed = await document<PushDocument>(rig, ['push', '--verify'], here);
      expect(healed.remotes[0]).toMatchObject({ wrong: 1, missing: [] });
      await succeed(rig, ['pull'], b);
      expect((await rig.run('diff', ['-r', rig.path('data'), rig.path('../b/data')])).stdout).toBe('');
      expect(await document<PushDocument>(rig, ['push', '--verify'], here)).toMatchObject({
        remotes: [{ wrong: 0, objects: 0 }],
      });
    },
  );

  test('push --verify says how much of what it found wrong it could replace', async ({ rig }) => {
    const storage = await start(rig);
    const here = { env: storage.env };
    for (const text of ['large one', 'middle']) {
      await storage.change(await storage.keyWith(text), flipped(text));
    }
    const b = await storage.clone('b');
    expect((await rig.pipe(['pull', 'data/7.txt'], b)).code).toBe(0);
    // The workspace has nothing to make it of, either.
    const inClone = await rig.pipe(['push', '--verify'], b);
    expect(inClone.code).toBe(1);
    expect(inClone.stdout).toContain('\n2 objects there held wrong bytes.\n');
    const { stdout } = await succeed(rig, ['push', '--verify'], here);
    expect(stdout).toMatch(/^Pushed 2 objects.*\n1 object there held wrong bytes and was replaced\.\n$/);
  });
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
