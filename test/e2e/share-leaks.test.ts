import { describe, expect } from 'vitest';
import { loadBlake3 } from '../../src/kit/blake3.ts';
import type { Content, Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import type { PushDocument } from './share/project.ts';
import { commitAll, document, holds, smallFiles, succeed } from './share/project.ts';
import { proxiedMinio } from './share/proxied-minio.ts';
import type { Storage } from './share/storage.ts';
import { STORAGES, startStorage } from './share/storage.ts';

const started = proxiedMinio();

const OTHER = '../other';

/** Whether a text stands anywhere in a remote. */
async function isThere({ content }: Storage, text: string): Promise<boolean> {
  return [...(await content()).values()].some((bytes) => bytes.includes(text));
}

/** The keys of the run records in a remote. */
async function runsIn({ content }: Storage): Promise<string[]> {
  return [...(await content()).keys()].filter((key) => key.startsWith('v1/runs/'));
}

/** A stage that makes many small files in each of some folders, in which its name stands. */
function maker(folders: readonly string[]): string {
  return folders
    .map((name) => `mkdir -p ${name} && for i in $(seq 40); do echo "${name} secret $i" > ${name}/$i; done`)
    .join(' && ');
}

describe.each(STORAGES)('in %s', (kind) => {
  /** A project with a remote of this kind, and these files. */
  function start(rig: Rig, files: Readonly<Record<string, Content>>): Promise<Storage> {
    return startStorage(rig, kind, { minio: started.minio, files });
  }

  test('what is never pushed, or goes elsewhere, leaves not a byte in the remote', async ({ rig }) => {
    const storage = await start(rig, {
      'pipeline.yaml': {
        stages: {
          both: { cmd: maker(['open', 'kept']), deps: ['in'], outs: ['open', { kept: { push: false } }] },
          apart: { cmd: maker(['apart']), deps: ['in'], outs: [{ apart: { remote: 'other' } }] },
        },
      },
      in: '1',
      ...smallFiles('tracked', 40, 'tracked secret'),
      ...smallFiles('hidden', 40, 'hidden secret'),
    });
    await succeed(rig, ['remote', 'add', 'other', rig.path(OTHER)]);
    expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
    await succeed(rig, ['add', 'tracked', 'hidden']);
    await rig.write({ 'hidden.pipe': `${await rig.read('hidden.pipe')}    push: false\n` });
    await commitAll(rig);

    const pushed = await document<PushDocument>(rig, ['push'], { env: storage.env });
    expect(pushed.leftOut).toEqual(['hidden', 'kept']);
    expect(pushed.remotes.map(({ name, records }) => [name, records])).toEqual([
      ['other', 1],
      ['storage', 0],
    ]);
    const where = async (text: string): Promise<boolean[]> => [
      await isThere(storage, text),
      await holds(rig, text, OTHER),
    ];
    expect(await where('open secret 7')).toEqual([true, false]);
    expect(await where('file 7 tracked secret')).toEqual([true, false]);
    expect(await where('apart secret 7')).toEqual([false, true]);
    expect(await where('kept secret')).toEqual([false, false]);
    expect(await where('hidden secret')).toEqual([false, false]);

    for (const args of [
      ['push', '-A'],
      ['push', '-A', '--run-cache'],
      ['push', '-r', 'storage', '--run-cache', '--logs'],
      ['push', '-r', 'other', '-a'],
    ]) {
      await succeed(rig, args, { env: storage.env });
      expect(await where('kept secret'), args.join(' ')).toEqual([false, false]);
      expect(await where('hidden secret'), args.join(' ')).toEqual([false, false]);
      expect((await where('apart secret'))[0], args.join(' ')).toBe(false);
    }

    const b = await storage.clone('b');
    const pulled = await succeed(rig, ['pull'], b);
    expect(pulled.stdout).toContain('Left out, since it is never pushed (push: false): hidden, kept.');
    expect(await rig.files('../b')).toEqual(expect.arrayContaining(['open/7', 'apart/7', 'tracked/7.txt']));
    expect((await rig.files('../b')).some((name) => /^(?:hidden|kept)\//.test(name))).toBe(false);
  });

  test('a target does not take along what lay in the same pack, nor the record of a stage that made more', async ({
    rig,
  }) => {
    const storage = await start(rig, {
      'pipeline.yaml': { stages: { both: { cmd: maker(['one', 'two']), deps: ['in'], outs: ['one', 'two'] } } },
      in: '1',
      ...smallFiles('data/a', 30, 'of a'),
      ...smallFiles('data/b', 30, 'of b'),
    });
    expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
    await succeed(rig, ['add', 'data']);
    await succeed(rig, ['push', 'one', 'data/a'], { env: storage.env });
    expect([await isThere(storage, 'one secret'), await isThere(storage, 'file 3 of a')]).toEqual([true, true]);
    expect([await isThere(storage, 'two secret'), await isThere(storage, 'file 3 of b')]).toEqual([false, false]);
    expect(await runsIn(storage)).toEqual([]);
    await succeed(rig, ['push'], { env: storage.env });
    expect([await isThere(storage, 'two secret'), await isThere(storage, 'file 3 of b')]).toEqual([true, true]);
    expect(await runsIn(storage)).toHaveLength(1);
  });

  test('an out that a later commit keeps back stays back for the commits that do so', async ({ rig }) => {
    const stage = (push: boolean): unknown => ({
      stages: { make: { cmd: maker(['out']), deps: ['in'], outs: [{ out: { push } }] } },
    });
    const storage = await start(rig, { 'pipeline.yaml': stage(false) as Record<string, unknown>, in: '1' });
    expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
    await commitAll(rig, 'kept');
    await rig.git('rm', '-q', '-r', 'pipeline.yaml', 'pipeline.lock');
    await commitAll(rig, 'gone');
    const pushed = await document<PushDocument>(rig, ['push', '-A'], { env: storage.env });
    expect(pushed.leftOut).toEqual(['out']);
    expect(await isThere(storage, 'out secret')).toBe(false);
  });

  test('what lies inside a folder that is kept does not go with the record of a run that copied it', async ({
    rig,
  }) => {
    const storage = await start(rig, {
      'pipeline.yaml': { stages: { copy: { cmd: 'cp hidden/1.txt copied', deps: ['hidden'], outs: ['copied'] } } },
      ...smallFiles('hidden', 5, 'hidden secret'),
    });
    await succeed(rig, ['add', 'hidden']);
    await rig.write({ 'hidden.pipe': `${await rig.read('hidden.pipe')}    push: false\n` });
    expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
    await rig.write({ 'pipeline.yaml': { stages: {} } });
    await rig.remove('pipeline.lock');
    await succeed(rig, ['push', '--run-cache'], { env: storage.env });
    expect(await isThere(storage, 'hidden secret')).toBe(false);
  });

  test('a record that came from a remote makes nothing leave the machine', async ({ rig }) => {
    const storage = await start(rig, {
      in: 'private bytes\n',
      'pipeline.yaml': { stages: { copy: { cmd: 'cp in out', deps: ['in'], outs: ['out'] } } },
    });
    expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
    await commitAll(rig);
    await succeed(rig, ['push'], { env: storage.env });
    const b = await storage.clone('b');
    // The stranger knows the digest alone; the bytes lie in the cache of b, of another project.
    const data = [...(await storage.content()).keys()].filter((key) => /^v1\/(?:packs|loose)\//.test(key));
    await storage.place.remove(data);
    await rig.write({ '../b/mine': 'private bytes\n', '../b/pipeline.yaml': { stages: {} } });
    await rig.remove('../b/pipeline.lock');
    await succeed(rig, ['add', 'mine'], b);
    await rig.remove('../b/mine.pipe');
    await rig.pipe(['pull', '--run-cache'], b);
    await succeed(rig, ['push', '--run-cache'], b);
    expect(await isThere(storage, 'private bytes')).toBe(false);
  });

  test('a record that says a false size of tracked bytes does not keep these from coming', async ({ rig }) => {
    const bytes = 'y'.repeat(100_000);
    const storage = await start(rig, {
      in: bytes,
      'pipeline.yaml': { stages: { copy: { cmd: 'cp in out', deps: ['in'], outs: ['out'] } } },
    });
    expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
    await commitAll(rig);
    await succeed(rig, ['push'], { env: storage.env });
    const [key = ''] = await runsIn(storage);
    const record = Buffer.from((await storage.place.read(key))!.toString().replaceAll('100000', '1'));
    const name = (await loadBlake3()).hash(record).slice(3);
    await storage.place.write(`${key.slice(0, key.lastIndexOf('/'))}/${name}.json`, [record]);
    const b = await storage.clone('b');
    await succeed(rig, ['pull', '--run-cache'], b);
    expect(await rig.read('../b/out')).toBe(bytes);
  });

  test('of a cache that several projects share only the records of this one go', async ({ rig }) => {
    const storage = await start(rig, {
      in: 'mine\n',
      'pipeline.yaml': { stages: { mine: { cmd: 'cp in out', deps: ['in'], outs: ['out'] } } },
      '../other/in': 'secret of others\n',
      '../other/pipeline.yaml': { stages: { theirs: { cmd: 'cp in out', deps: ['in'], outs: ['out'] } } },
    });
    const other = { cwd: '../other' };
    await succeed(rig, ['init', '-q', '--no-scm'], other);
    for (const at of [{}, other]) {
      await succeed(rig, ['cache', 'dir', rig.path('../shared')], at);
      await succeed(rig, ['repro', '-q'], at);
    }
    await rig.write({ in: 'mine, again\n' });
    await succeed(rig, ['repro', '-q']);
    await succeed(rig, ['push', '--run-cache'], { env: storage.env });
    expect(await isThere(storage, 'secret of others')).toBe(false);
    expect(await isThere(storage, '"mine"')).toBe(true);
    expect(await runsIn(storage)).toHaveLength(2);
  });
});
