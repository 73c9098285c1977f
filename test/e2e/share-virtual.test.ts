import { describe, expect } from 'vitest';
import { test } from '../rig/test.ts';
import type { PushDocument } from './share/project.ts';
import { cloneProject, commitAll, document, smallFiles, startProject, succeed } from './share/project.ts';
import { proxiedMinio } from './share/proxied-minio.ts';
import { STORAGES, startStorage } from './share/storage.ts';

const started = proxiedMinio();

describe.each(STORAGES)('in %s', (kind) => {
  test('files are added to, changed in and removed from a folder that is not downloaded, and only that is pushed', async ({
    rig,
  }) => {
    const storage = await startStorage(rig, kind, {
      minio: started.minio,
      files: {
        ...smallFiles('data', 3_000),
        ...smallFiles('data/deep/er', 30),
        'data/large': Buffer.alloc(6_000_000, 'x'),
      },
    });
    const { env } = storage;
    await succeed(rig, ['add', 'data']);
    await commitAll(rig);
    await succeed(rig, ['push'], { env: storage.env });

    const b = await storage.clone('b');
    await rig.write({ '../b/data/deep/er/new.txt': 'new\n', '../b/data/7.txt': 'changed\n' });
    await succeed(rig, ['add', 'data/deep/er/new.txt', 'data/7.txt'], b);
    await succeed(rig, ['remove', 'data/8.txt'], b);
    await succeed(rig, ['move', 'data/9.txt', 'data/deep/nine.txt'], b);
    expect(await rig.files('../b/data')).toEqual(['7.txt', 'deep/er/new.txt']);
    const before = await storage.content();
    const pushed = await document<PushDocument>(rig, ['push'], b);
    expect(pushed.remotes[0]).toMatchObject({ missing: [], large: 0, packs: 1 });
    expect(pushed.remotes[0]!.objects).toBeLessThan(20);
    expect(pushed.remotes[0]!.bytes).toBeLessThan(600_000);
    const added = [...(await storage.content()).keys()].filter((key) => !before.has(key));
    expect(added).toEqual([expect.stringMatching(/^v1\/packs\//)]);
    await commitAll(rig, 'virtual', b);

    await rig.git('pull', '-q', rig.path('../b'), 'main');
    await succeed(rig, ['pull'], { env });
    expect(await rig.read('data/deep/er/new.txt')).toBe('new\n');
    expect(await rig.read('data/7.txt')).toBe('changed\n');
    expect(await rig.read('data/deep/nine.txt')).toBe('file 9 \n');
    expect([await rig.exists('data/8.txt'), await rig.exists('data/9.txt'), await rig.exists('data/large')]).toEqual([
      false,
      false,
      true,
    ]);
    expect((await succeed(rig, ['status', '-c'], { env })).stdout).toMatch(/^The cache and storage are the same/);
  });

  test('a push from a folder that is not downloaded names what the remote has lost', async ({ rig }) => {
    const storage = await startStorage(rig, kind, {
      minio: started.minio,
      files: { ...smallFiles('data', 40), 'data/large': Buffer.alloc(6_000_000, 'x') },
    });
    await succeed(rig, ['add', 'data']);
    await commitAll(rig);
    await succeed(rig, ['push'], { env: storage.env });
    const b = await storage.clone('b');
    await rig.write({ '../b/data/new.txt': 'new\n' });
    await succeed(rig, ['add', 'data/new.txt'], b);
    await storage.place.remove([await storage.keyWith('xxxx')]);
    const pushed = await document<PushDocument>(rig, ['push'], { ...b, code: 1 });
    expect(pushed.remotes[0]!.missing.map(({ path }) => path)).toEqual(['data/large']);
    expect(pushed.remotes[0]!.objects).toBe(2);
  });
});

test('without the remote, it is said what is lacking', async ({ rig }) => {
  await startProject(rig, smallFiles('data', 40));
  await succeed(rig, ['add', 'data']);
  await commitAll(rig);
  const b = await cloneProject(rig, 'b');
  await rig.write({ '../b/data/new.txt': 'new\n' });
  const run = await rig.pipe(['add', 'data/new.txt'], b);
  expect(run.code).toBe(2);
  expect(run.stderr).toMatch(/PIPE_OBJECT_MISSING .*\n.*pipe fetch data/);
});
