import { readdir, rename } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { FAULT_SEED, seededRandom } from './faults/random.ts';
import { expectProblems } from './faults/problem.ts';
import { cloneProject, succeed } from './share/project.ts';
import type { FsckDocument } from './upkeep/project.ts';
import { cacheContent, flip, fsck, startProject } from './upkeep/project.ts';

test('a cache that nobody touched is well; one that is empty lacks what the lock needs', async ({ rig }) => {
  await startProject(rig);
  const { objects, ...document } = await fsck(rig);
  expect(document).toMatchObject({ ok: true, damaged: [], missing: [], leftovers: [], problems: [] });
  expect((await rig.pipe(['fsck'])).stdout).toMatch(
    new RegExp(
      `^All is well: ${objects} objects \\(.* KB\\) and 1 run record\\.\\nLooked for what 1 lock and 0 pointers of the workspace and the run records need; other revisions were not looked at\\.\\n$`,
    ),
  );
  await rig.remove('.pipe/cache');
  const { missing } = await fsck(rig);
  expect(missing.map(({ places }) => places[0])).toEqual([
    { path: 'data', from: 'pipeline.lock:make' },
    { path: 'large', from: 'pipeline.lock:make' },
  ]);
});

/** What a check says that the cache holds. */
const counts = ({ objects, bytes, runs }: FsckDocument): unknown => ({ objects, bytes, runs });

test('a repair counts what the cache holds after it, as the next check does', async ({ rig }) => {
  await startProject(rig);
  const { objects } = await fsck(rig);
  await rig.remove('.pipe/cache');
  const text = (await succeed(rig, ['fsck', '--repair'])).stdout;
  const after = await fsck(rig);
  // The log of the run, and what only its record knew, is gone.
  expect(after).toMatchObject({ ok: true, objects: objects - 1, runs: 0 });
  expect(text).toMatch(
    new RegExp(`^All was repaired: ${after.objects} objects \\([^0].* KB\\) and 0 run records`, 'm'),
  );
});

describe(`seed ${FAULT_SEED}`, () => {
  test('whichever byte of the cache is changed, fsck finds it and repair heals it from the workspace', async ({
    rig,
  }) => {
    await startProject(rig);
    const random = seededRandom(FAULT_SEED);
    for (let round = 0; round < 12; round += 1) {
      const files = [...(await cacheContent(rig))];
      const [path, bytes] = random.pick(files);
      const at = random.next(bytes.length);
      await flip(path, at);
      const story = `seed ${FAULT_SEED}, byte ${at} of ${path}`;
      const found = await fsck(rig);
      expect(found, story).toMatchObject({ ok: false });
      expect(found.damaged.length, story).toBe(1);
      const repaired = await fsck(rig, ['--repair']);
      // The log of a run is nowhere else.
      const isLog = repaired.missing.some(({ places }) => places[0]?.path === 'log');
      expect(repaired.ok, story).toBe(!isLog);
      expect(counts(await fsck(rig)), story).toEqual(counts(repaired));
      if (isLog || path.endsWith('.json')) {
        await rig.remove('.pipe/cache/v1/runs');
        expect(await rig.pipe(['repro', '-q', '-f'])).toMatchObject({ code: 0 });
      }
      expect(await fsck(rig), story).toMatchObject({ ok: true, damaged: [], missing: [] });
    }
  });
});

test('what is damaged is named by the paths that need it, and stays missing where no other copy is', async ({
  rig,
}) => {
  await startProject(rig);
  const [pack] = [...(await cacheContent(rig))].filter(([path]) => path.endsWith('.pack'));
  const [path, bytes] = pack!;
  await flip(path, bytes.indexOf('same\n'));
  const { missing } = await fsck(rig);
  expect(missing).toMatchObject([
    {
      state: 'damaged',
      healed: false,
      places: [{ path: 'data/sub/same', from: 'pipeline.lock:make' }, { from: 'run of make' }],
    },
  ]);
  await rig.write({ 'data/sub/same': 'changed\n' });
  const run = await rig.pipe(['fsck', '--repair']);
  expect(run).toMatchObject({ code: 1, stderr: '' });
  expect(run.stdout).toContain('data/sub/same (pipeline.lock:make): damaged, ');
  expect(await readdir(rig.path('.pipe/cache/v1/quarantine'))).toHaveLength(1);
  expect(await fsck(rig)).toMatchObject({ ok: false, damaged: [], missing: [{ state: 'absent' }] });
  await rig.write({ 'data/sub/same': 'same\n' });
  expect(await fsck(rig, ['--repair'])).toMatchObject({ ok: true, missing: [{ healed: true }] });
  expect(await fsck(rig)).toMatchObject({ ok: true, damaged: [], missing: [] });
});

test('a cache of which everything is gone is made again from the workspace, lists of folders first', async ({
  rig,
}) => {
  await startProject(rig);
  await rig.remove('.pipe/cache');
  const { missing } = await fsck(rig, ['--repair']);
  expect(missing.every(({ healed }) => healed)).toBe(true);
  await rig.remove('data', 'large');
  expect(await rig.pipe(['repro', '-q'])).toMatchObject({ code: 0 });
  expect(await rig.read('data/sub/same')).toBe('same\n');
});

test('a lock that cannot be read, and a format that is newer, are told', async ({ rig }) => {
  await startProject(rig);
  await rig.write({ 'pipeline.lock': 'no lock' });
  expect(await fsck(rig)).toMatchObject({ ok: false, problems: [{ code: 'PIPE_LOCK_FORMAT' }] });
  await rig.write({ '.pipe/cache/format': 'pipe.store/9\n' });
  for (const args of [['fsck'], ['fsck', '--repair'], ['gc', '-w', '-f'], ['du']]) {
    expectProblems(await rig.pipe(args), 'PIPE_STORE_FORMAT');
  }
});

test('what Git keeps is not missing where the cache has it not: a fresh clone that pulled everything is well', async ({
  rig,
}) => {
  const outs = { outs: ['out'], metrics: [{ 'sub/m.json': { cache: false } }, { all: { cache: false } }] };
  const cmd = 'mkdir -p sub all && cp in out && echo "{}" > sub/m.json && echo "[]" > all/n.json';
  await rig.git('init', '-q', '-b', 'main');
  await succeed(rig, ['init', '-q']);
  await succeed(rig, ['remote', 'add', '-q', '-d', 'storage', rig.path('../remote')]);
  await rig.write({ in: 'in', 'lab/in': 'in', 'pipeline.yaml': { stages: { a: { cmd, deps: ['in'], ...outs } } } });
  await rig.write({ 'lab/pipeline.yaml': { stages: { b: { cmd, deps: ['in'], ...outs } } } });
  expect((await rig.pipe(['repro', '-q', '-P'])).code).toBe(0);
  await rig.git('add', '-A');
  await rig.git('commit', '-q', '-m', 'ran');
  await succeed(rig, ['push', '-q']);
  const b = await cloneProject(rig, 'b');
  await succeed(rig, ['pull', '-q'], b);
  expect(await fsck(rig, [], b)).toMatchObject({ ok: true, missing: [] });
  expect((await rig.pipe(['fsck', '--repair'], b)).code).toBe(0);
  // What the cache is to have is missing all the same.
  await rig.remove('../b/.pipe/cache');
  expect(
    (await fsck(rig, [], b)).missing.flatMap(({ places }) => places.map(({ from, path }) => `${from} ${path}`)),
  ).toEqual(['lab/pipeline.lock:b lab/out', 'pipeline.lock:a out']);
});

test('a repair counts what was damaged before, and what of it has right bytes again', async ({ rig }) => {
  await rig.pipe(['init', '-q', '--no-scm']);
  await rig.write({ needed: 'needed\n', changed: 'changed\n', loose: 'loose\n' });
  await rig.pipe(['add', 'needed', 'changed', 'loose']);
  await rig.pipe(['remove', 'loose']);
  for (const [path] of await cacheContent(rig)) if (path.includes('/loose/')) await flip(path, 0);
  await rig.write({ changed: 'anew\n' });
  const document = await fsck(rig);
  expect(document).toMatchObject({
    damagedObjects: 3,
    healedObjects: 0,
    needs: { locks: 0, pointers: 2, revisions: 1 },
  });
  const run = await rig.pipe(['fsck', '--repair']);
  expect(run).toMatchObject({ code: 1 });
  expect(run.stdout).toContain('Healed 1 of 3 damaged objects; 1 is needed still.');
});

/** Tracks a folder and a file that the remote has, too, and that are damaged in the cache, and gone from the workspace. */
async function damagedHere(rig: Rig): Promise<void> {
  await rig.git('init', '-q', '-b', 'main');
  await succeed(rig, ['init', '-q']);
  await succeed(rig, ['remote', 'add', '-q', '-d', 'storage', rig.path('../remote')]);
  await rig.write({ 'd/a': 'a\n', 'd/s/b': 'b\n', 'my file': 'file\n', other: 'other\n' });
  await succeed(rig, ['add', '-q', 'd', 'my file', 'other']);
  await succeed(rig, ['push', '-q']);
  for (const [path] of await cacheContent(rig)) if (path.includes('/loose/')) await flip(path, 0);
  await rig.remove('d', 'my file', 'other');
}

test('a repair fetches what was damaged from the remote, lists of folders first', async ({ rig }) => {
  await damagedHere(rig);
  const repaired = await fsck(rig, ['--repair']);
  expect(repaired).toMatchObject({ ok: true, damagedObjects: 6, healedObjects: 6 });
  expect(repaired.missing.map(({ healed }) => healed)).not.toContain(false);
  await succeed(rig, ['checkout', '-q']);
  expect([await rig.read('d/s/b'), await rig.read('my file')]).toEqual(['b\n', 'file\n']);
});

test('a repair says which remote could not be asked, and what is to be fetched; the next one gets it', async ({
  rig,
}) => {
  await damagedHere(rig);
  await rename(rig.path('../remote'), rig.path('../away'));
  const run = await rig.pipe(['fsck', '--repair']);
  expect(run.code).toBe(1);
  expect(run.stderr).toContain('PIPE_REMOTE_NO_FOLDER');
  expect(run.stdout).toContain("What is missing comes with `pipe fetch d 'my file' other` if a remote has it");
  await rename(rig.path('../away'), rig.path('../remote'));
  expect(await fsck(rig, ['--repair'])).toMatchObject({ ok: true });
});

test('what never came is not downloaded by a repair, which says how it comes', async ({ rig }) => {
  await damagedHere(rig);
  await rig.remove('.pipe/cache');
  const run = await rig.pipe(['fsck', '--repair']);
  expect(run).toMatchObject({ code: 1, stderr: '' });
  expect(run.stdout).toContain("What is missing comes with `pipe fetch d 'my file' other` if a remote has it");
  expect((await cacheContent(rig)).size).toBe(0);
});

test('a target is refused with what there is to check', async ({ rig }) => {
  await rig.pipe(['init', '-q', '--no-scm']);
  const run = await rig.pipe(['fsck', 'data']);
  expect(run).toMatchObject({ code: 2 });
  expect(run.stderr).toContain('pipe fsck checks the whole cache, not data alone');
});
