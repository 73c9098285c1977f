import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import type { Minio } from '../rig/s3.ts';
import { startMinio } from '../rig/s3.ts';
import { test } from '../rig/test.ts';
import { expectProblems } from './faults/problem.ts';
import type { Machine, PushDocument } from './share/project.ts';
import { commitAll, document, smallFiles, succeed } from './share/project.ts';
import type { Storage } from './share/storage.ts';
import { STORAGES, flipped, startStorage } from './share/storage.ts';
import type { FsckDocument } from './upkeep/project.ts';

let minio: Minio;
beforeAll(async () => {
  minio = await startMinio();
}, 120_000);
afterAll(() => minio.stop());

const FILES = {
  ...smallFiles('data', 50),
  'data/large': Buffer.alloc(5_000_000, 'large one '),
  in: 'made of this',
  'pipeline.yaml': { stages: { make: { cmd: 'cp in made', deps: ['in'], outs: ['made'] } } },
};

async function pushedProject(rig: Rig, kind: (typeof STORAGES)[number]): Promise<Storage> {
  const storage = await startStorage(rig, kind, { minio, files: FILES });
  await succeed(rig, ['add', 'data']);
  expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
  await commitAll(rig);
  await succeed(rig, ['push'], storage);
  return storage;
}

function fsck(rig: Rig, args: readonly string[], { env, code = 0, ...machine }: { env: Storage['env']; code?: 0 | 1; cwd?: string }) {
  return document<FsckDocument>(rig, ['fsck', '--remote', ...args], { ...machine, env, code });
} // prettier-ignore

/** What is wrong with it: paths that are missing or damaged, and kinds of damaged files. */
function told({ missing, damaged }: FsckDocument): unknown {
  return {
    missing: missing.map(({ state, places }) => `${places[0]!.path} ${state}`),
    damaged: damaged.map(({ what, repaired }) => `${what}${repaired ? ' repaired' : ''}`),
  };
}

async function expectWhole(rig: Rig, machine: Machine): Promise<void> {
  await succeed(rig, ['pull'], machine);
  expect((await rig.run('diff', ['-r', rig.path('data'), rig.path(machine.cwd, 'data')])).stdout).toBe('');
}

describe.each(STORAGES)('in %s', (kind) => {
  test('all is well where nothing happened, and nothing is written', async ({ rig }) => {
    const storage = await pushedProject(rig, kind);
    const before = await storage.content();
    const examined = await fsck(rig, [], storage);
    expect(examined).toMatchObject({ ok: true, damaged: [], missing: [], objects: 53, remote: { name: 'storage' } });
    expect(await storage.content()).toEqual(before);
    const { stdout } = await succeed(rig, ['fsck', '--remote', 'storage'], storage);
    expect(stdout).toMatch(/^All is well: 53 objects .*\nLooked for what .* of the workspace need\.\n$/);
  });

  test.for([
    ['a flipped byte of a small file', 'file 7 ', 'pack', 'data/7.txt'],
    ['a flipped byte of a large file', 'large one', 'object', 'data/large'],
  ] as const)('%s is named, and replaced by who has it', async ([, text, what, path], { rig }) => {
    const storage = await pushedProject(rig, kind);
    const key = await storage.keyWith(text);
    await storage.change(key, flipped(text));
    const found = await fsck(rig, [], { ...storage, code: 1 });
    expect(told(found)).toEqual({ missing: [`${path} damaged`], damaged: [what] });
    expect(found.damaged[0]!.file).toBe(key);

    // Who has nothing sets it aside, and the rest stays.
    const b = await storage.clone('b');
    const aside = await fsck(rig, ['--repair'], { ...b, code: 1 });
    expect(told(aside)).toEqual({ missing: [`${path} damaged`], damaged: [`${what} repaired`] });
    expect(told(await fsck(rig, [], { ...storage, code: 1 }))).toEqual({ missing: [`${path} absent`], damaged: [] });
    const lacking = await rig.pipe(['pull'], b);
    expect([lacking.code, /Neither in the cache nor in storage \(.*\):\n {2}(.*)\n/.exec(lacking.stdout)?.[1]]).toEqual(
      [1, path],
    );

    const healed = await fsck(rig, ['--repair'], storage);
    expect(healed).toMatchObject({ ok: true, missing: [{ healed: true }] });
    await expectWhole(rig, b);
    expect(await fsck(rig, [], b)).toMatchObject({ ok: true, damaged: [], missing: [] });
  });

  test('what was deleted is named and sent again; what a stranger made the remote claim is not', async ({ rig }) => {
    const storage = await pushedProject(rig, kind);
    await rig.write({ secret: Buffer.alloc(5_000_000, 'never pushed ') });
    await succeed(rig, ['add', 'secret']);
    await rig.write({ 'secret.pipe': `${await rig.read('secret.pipe')}    push: false\n` });
    await commitAll(rig);
    const digest = /b3:([0-9a-f]{64})/.exec(await rig.read('secret.pipe'))![1]!;
    await storage.place.write(`v1/loose/${digest.slice(0, 2)}/${digest.slice(2)}`, [Buffer.from('claimed')]);
    await storage.place.remove([await storage.keyWith('large one')]);
    const found = await fsck(rig, [], { ...storage, code: 1 });
    expect(told(found)).toEqual({ missing: ['data/large absent'], damaged: ['object'] });
    expect(await fsck(rig, ['--repair'], storage)).toMatchObject({ ok: true });
    expect([...(await storage.content()).values()].some((bytes) => bytes.includes('never pushed'))).toBe(false);
    await expectWhole(rig, await storage.clone('b'));
  });

  test('a pack that is cut off, or whose table is harmed, is made again from what it holds', async ({ rig }) => {
    const storage = await pushedProject(rig, kind);
    const key = await storage.keyWith('file 7 ');
    const whole = (await storage.place.read(key))!;
    await storage.change(key, (bytes) => Buffer.concat([bytes.subarray(0, -30), Buffer.alloc(30)]));
    const b = await storage.clone('b');
    expect(told(await fsck(rig, [], { ...b, code: 1 }))).toMatchObject({ damaged: ['pack'] });
    const dry = await document<{ packs: unknown[] }>(rig, ['remote', 'repair', '--dry'], b);
    const bytes: unknown = expect.any(Number);
    expect(dry.packs).toEqual([{ file: key, objects: 51, bytes, wrong: 0, unknown: 0 }]);
    expect((await rig.pipe(['pull'], b)).code).toBe(1);
    const repaired = await document<{ packs: unknown[] }>(rig, ['remote', 'repair'], b);
    expect(repaired.packs).toEqual(dry.packs);
    expect((await storage.place.read(key))!.equals(whole)).toBe(true);
    await expectWhole(rig, b);

    // Cut off in the middle of an object: what lies before it stays, and nobody knows what lay behind.
    await storage.change(key, (bytes) => bytes.subarray(0, bytes.indexOf('file 30 ') + 3));
    const cut = await storage.place.read(key);
    const unsure = await fsck(rig, ['--repair'], { ...storage, code: 1 });
    expect(told(unsure)).toMatchObject({ damaged: ['pack'] });
    expect(unsure.missing.map(({ healed }) => healed)).not.toContain(false);
    expect((await storage.place.read(key.replace('v1/', 'v1/quarantine/')))!.equals(cut!)).toBe(true);
    expect(await fsck(rig, [], storage)).toMatchObject({ ok: true });
    await rig.remove('../b/.pipe/cache', '../b/data');
    await expectWhole(rig, b);
  });

  test('a table that is half written, and run records, are told and put in order', async ({ rig }) => {
    const storage = await pushedProject(rig, kind);
    for (let at = 0; at < 17; at += 1) {
      await rig.write({ more: `push ${at}` });
      await succeed(rig, ['add', '-q', 'more']);
      await succeed(rig, ['push', '-q'], storage);
    }
    const keys = [...(await storage.content()).keys()];
    const [tables, run] = [keys.find((key) => key.endsWith('.tables'))!, keys.find((key) => key.includes('/runs/'))!];
    await storage.change(tables, (bytes) => bytes.subarray(0, bytes.length >> 1));
    await storage.change(run, flipped('make'));
    expect(told(await fsck(rig, [], { ...storage, code: 1 }))).toEqual({ missing: [], damaged: ['tables', 'run'] });
    // Everything is had all the same.
    await commitAll(rig);
    const b = await storage.clone('b');
    await expectWhole(rig, b);
    expect(await document<PushDocument>(rig, ['push'], storage)).toMatchObject({ remotes: [{ objects: 0 }] });
    expect(told(await fsck(rig, ['--repair'], storage))).toEqual({
      missing: [],
      damaged: ['tables repaired', 'run repaired'],
    });
    expect(await fsck(rig, [], storage)).toMatchObject({ ok: true, damaged: [] });
  });
});

test('what interrupted uploads and killed collections have left is removed when it is old enough', async ({ rig }) => {
  const storage = await pushedProject(rig, 'a bucket');
  await rig.write({ huge: Buffer.alloc(120_000_000, 'huge ') });
  await succeed(rig, ['add', 'huge']);
  const push = rig.spawn(['push'], storage);
  await expect.poll(async () => (await storage.place.unfinished()).length, { timeout: 30_000, interval: 5 }).toBe(1);
  push.kill('SIGKILL');
  await push.done;
  const young = await document<{ uploads: string[]; leases: number }>(rig, ['remote', 'repair'], storage);
  expect(young).toMatchObject({ uploads: [], leases: 0 });
  const old = await document<{ uploads: string[] }>(rig, ['remote', 'repair', '--grace', '0'], storage);
  expect(old.uploads).toEqual([expect.stringMatching(/^v1\/loose\//)]);
  expect(await storage.place.unfinished()).toEqual([]);
  await succeed(rig, ['push'], storage);
  await succeed(rig, ['pull'], await storage.clone('b'));
});

test('flags of remotes are refused without --remote', async ({ rig }) => {
  await startStorage(rig, 'a folder', { minio, files: {} });
  expectProblems(await rig.pipe(['fsck', 'storage']), 'PIPE_USAGE');
  expectProblems(await rig.pipe(['fsck', '-j', '4']), 'PIPE_USAGE');
  expectProblems(await rig.pipe(['fsck', '--remote', 'storag']), 'PIPE_REMOTE_UNKNOWN');
  expectProblems(await rig.pipe(['remote', 'repair', 'storag']), 'PIPE_REMOTE_UNKNOWN');
});
