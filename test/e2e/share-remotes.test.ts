import { expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectProblems } from './faults/problem.ts';
import type { FetchDocument, Machine, PushDocument, RemoteStatus } from './share/project.ts';
import { cloneProject, commitAll, document, remoteFiles, startProject, succeed } from './share/project.ts';
import type { GcDocument } from './upkeep/project.ts';
import { gc } from './upkeep/project.ts';

const OTHER = '../other';

/** A project with two remotes: `first` was pushed to the default one, `second` to the other one, and `third` to both. */
async function start(rig: Rig): Promise<Machine> {
  await startProject(rig, { first: 'first\n', second: 'second\n', third: 'third\n' });
  await succeed(rig, ['remote', 'add', '-q', 'other', rig.path(OTHER)]);
  await succeed(rig, ['add', '-q', 'first', 'second', 'third']);
  await commitAll(rig);
  await succeed(rig, ['push', 'first', 'third']);
  await succeed(rig, ['push', '-r', 'other', 'second', 'third']);
  return cloneProject(rig, 'b');
}

interface Compared {
  readonly name: string;
  readonly lacking: readonly string[];
}

/** What remotes lack that the cache has. */
async function compared(rig: Rig, ...args: string[]): Promise<Compared[]> {
  const { remotes } = await document<{ remotes: readonly (RemoteStatus['remotes'][number] & { name: string })[] }>(
    rig,
    ['status', ...args],
  );
  return remotes.map(({ name, paths }) => ({
    name,
    lacking: paths.flatMap((each) => (each.new.objects > 0 ? [each.path] : [])),
  }));
}

test('status, fetch and pull -r ask that remote, and no other one', async ({ rig }) => {
  const b = await start(rig);
  expect(await compared(rig, '-c')).toEqual([{ name: 'storage', lacking: ['second'] }]);
  expect(await compared(rig, '-c', '-r', 'other')).toEqual([{ name: 'other', lacking: ['first'] }]);
  expect(await compared(rig, '-r', 'other')).toEqual([{ name: 'other', lacking: ['first'] }]);
  expect((await rig.pipe(['status', '-q', '-c', '-r', 'other', 'third'])).code).toBe(0);
  expect((await rig.pipe(['status', '-q', '-c', '-r', 'other', 'first'])).code).toBe(1);

  const fetched = await document<FetchDocument>(rig, ['fetch', '-r', 'other'], { ...b, code: 1 });
  expect(fetched.remotes).toMatchObject([{ name: 'other', objects: 2, absent: [{ path: 'first' }] }]);
  // What is missing is asked of the one that is named, although another one has it.
  const usual = await document<FetchDocument>(rig, ['fetch', 'first'], b);
  expect(usual.remotes).toMatchObject([{ name: 'storage', objects: 1, absent: [] }]);

  const c = await cloneProject(rig, 'c');
  const pulled = await rig.pipe(['pull', '-r', 'other'], c);
  expect(pulled.code).toBe(1);
  expect(pulled.stdout).toMatch(
    /^Fetched 2 objects, .* from other\.\nNeither in the cache nor in other .*:\n {2}first\n/,
  );
  expect(pulled.stdout).not.toContain('storage');
  expect((await rig.files('../c')).filter((name) => /^[a-z]+$/.test(name))).toEqual(['second', 'third']);
  await succeed(rig, ['pull', '-r', 'storage', 'first'], c);
  expect(await rig.read('../c/first')).toBe('first\n');
});

test('fetch --allow-missing brings the rest, says what is lacking, and exits with 0', async ({ rig }) => {
  const b = await start(rig);
  expect((await rig.pipe(['fetch'], b)).code).toBe(1);
  await rig.remove('../b/.pipe/cache');
  const fetched = await document<FetchDocument>(rig, ['fetch', '--allow-missing'], b);
  expect(fetched.remotes).toMatchObject([{ name: 'storage', objects: 2, absent: [{ path: 'second' }] }]);
  const told = await succeed(rig, ['fetch', '--allow-missing'], b);
  expect(told.stdout).toMatch(/^Neither in the cache nor in storage .*:\n {2}second\n/m);
  await rig.pipe(['checkout', '--allow-missing'], b);
  expect((await rig.files('../b')).filter((name) => /^[a-z]+$/.test(name))).toEqual(['first', 'third']);
});

test('gc --not-in-remote -r leaves in the cache what that remote lacks, and touches no remote', async ({ rig }) => {
  await start(rig);
  const before = [await remoteFiles(rig), await remoteFiles(rig, OTHER)];
  // What one remote alone has stays where another one is meant, and each time the workspace is kept.
  const going = async (...args: string[]): Promise<(string | undefined)[]> =>
    ((await gc(rig, ['-w', '--not-in-remote', '--dry', ...args])).names ?? []).map(({ path }) => path).sort();
  expect(await going()).toEqual(['first', 'third']);
  expect(await going('-r', 'other')).toEqual(['second', 'third']);
  const { objects, remotes } = await gc(rig, ['-w', '--not-in-remote', '-r', 'other', '-f']);
  expect([objects, remotes]).toEqual([2, undefined]);
  expect([await remoteFiles(rig), await remoteFiles(rig, OTHER)]).toEqual(before);
  await rig.remove('first', 'second', 'third');
  await rig.pipe(['checkout', '--allow-missing']);
  expect([await rig.exists('first'), await rig.exists('second'), await rig.exists('third')]).toEqual([
    true,
    false,
    false,
  ]);
  await succeed(rig, ['pull', '-r', 'other', 'second']);
  expect(await rig.read('second')).toBe('second\n');
});

test('gc -r and gc --undo -r take out of that remote, and bring back there', async ({ rig }) => {
  await start(rig);
  await succeed(rig, ['push']);
  await rig.remove('third', 'third.pipe');
  const keys = async (remote?: string): Promise<string[]> =>
    [...(await remoteFiles(rig, remote)).keys()].filter((key) => /^v1\/(?:packs|loose)\//.test(key));
  const [storage, other] = [await keys(), await keys(OTHER)];
  const gone = await gc(rig, ['-w', '-r', 'other', '-f', '--grace', '0', '--trash', '1']);
  expect(gone.remotes).toMatchObject([{ name: 'other', objects: 1 }]);
  expect(await keys()).toEqual(storage);
  const lacks = async (): Promise<Compared[]> => {
    await rig.git('checkout', '-q', '.');
    return compared(rig, '-r', 'other', 'third');
  };
  // The cache gave it up, too: its own trash comes back with each.
  expect(await keys(OTHER)).not.toEqual(other);
  expect((await gc(rig, ['--undo'])).remotes).toBeUndefined();
  expect(await lacks()).toEqual([{ name: 'other', lacking: ['third'] }]);
  const usual = await document<GcDocument & { remotes: unknown }>(rig, ['gc', '--undo', '-c']);
  expect(usual.remotes).toMatchObject([{ name: 'storage', files: 0 }]);
  expect(await lacks()).toEqual([{ name: 'other', lacking: ['third'] }]);
  const undone = await succeed(rig, ['gc', '--undo', '-r', 'other']);
  expect(undone.stdout).toMatch(/Brought back \d+ files?.* of other at /);
  expect(await lacks()).toEqual([{ name: 'other', lacking: [] }]);
  expect(await keys()).toEqual(storage);
});

test('with --no-run-cache push, fetch and pull leave the records of runs where they are', async ({ rig }) => {
  await startProject(rig, {
    in: 'in\n',
    'pipeline.yaml': { stages: { copy: { cmd: 'cp in out', deps: ['in'], outs: ['out'] } } },
  });
  await succeed(rig, ['repro', '-q']);
  await commitAll(rig);
  const runs = async (): Promise<number> =>
    [...(await remoteFiles(rig)).keys()].filter((key) => key.startsWith('v1/runs/')).length;
  const bare = await document<PushDocument>(rig, ['push', '--no-run-cache']);
  expect(bare.remotes).toMatchObject([{ objects: 1, records: 0 }]);
  expect(await runs()).toBe(0);
  expect((await document<PushDocument>(rig, ['push'])).remotes).toMatchObject([{ objects: 0, records: 1 }]);
  expect(await runs()).toBe(1);
  for (const command of ['fetch', 'pull']) {
    const clone = await cloneProject(rig, command);
    const without = await document<FetchDocument>(rig, [command, '--no-run-cache'], clone);
    expect(without.remotes).toMatchObject([{ objects: 1, records: 0 }]);
    await rig.remove(`${clone.cwd}/pipeline.lock`, `${clone.cwd}/out`);
    const dry = async (): Promise<string> => (await succeed(rig, ['repro', '--dry'], clone)).stdout;
    expect(await dry()).toMatch(/will run +copy/);
    await succeed(rig, ['fetch', '--run-cache'], clone);
    expect(await dry()).not.toMatch(/will run +copy/);
  }
});

test('fetch and pull --run-cache bring records where nothing else is shared, as push sends them there', async ({
  rig,
}) => {
  await startProject(rig, {
    in: 'in\n',
    'pipeline.yaml': {
      stages: { count: { cmd: 'wc -c < in > score', deps: ['in'], metrics: [{ score: { cache: false } }] } },
    },
  });
  await succeed(rig, ['repro', '-q']);
  await commitAll(rig);
  expect((await document<PushDocument>(rig, ['push'])).remotes).toMatchObject([{ name: 'storage', records: 1 }]);
  for (const command of ['fetch', 'pull']) {
    const clone = await cloneProject(rig, command);
    expect((await document<FetchDocument>(rig, [command], clone)).remotes).toEqual([]);
    expect((await succeed(rig, [command, '--run-cache', '--dry'], clone)).stdout).toMatch(
      /^Would fetch 1 object, 2 bytes and 1 run record from storage\.$/m,
    );
    const came = { name: 'storage', objects: 1, bytes: 2, records: 1, absent: [] };
    for (const flags of [['--dry'], []]) {
      const { remotes } = await document<FetchDocument>(rig, [command, '--run-cache', ...flags], clone);
      expect(remotes).toMatchObject([came]);
    }
    const again = await document<FetchDocument>(rig, [command, '--run-cache', '--dry'], clone);
    expect(again.remotes).toMatchObject([{ ...came, objects: 0, bytes: 0, records: 0 }]);
    await rig.remove(`${clone.cwd}/pipeline.lock`, `${clone.cwd}/score`);
    expect((await succeed(rig, ['repro'], clone)).stdout).toMatch(/count: restored/);
    expect(await rig.read(`${clone.cwd}/score`)).toBe('3\n');
  }
  await succeed(rig, ['remote', 'remove', 'storage']);
  expectProblems(await rig.pipe(['fetch', '--run-cache']), 'PIPE_REMOTE_NONE');
});
