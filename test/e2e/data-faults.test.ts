import { describe, expect } from 'vitest';
import type { Finished } from '../rig/process.ts';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { beginAgain } from './faults/begin-again.ts';
import type { Call, Watched } from './faults/calls.ts';
import { choose, failAt, watchChanges, watchReads } from './faults/calls.ts';
import { contents, isTemporary, lost, names, wrong } from './faults/contents.ts';
import type { DataWork } from './faults/data-work.ts';
import { ADD, CHECKOUT, COMMIT, GC, LITTLE, MOVE, OTHERS } from './faults/data-work.ts';
import { withDisk } from './faults/disk.ts';
import { FAULT_SEED, seededRandom } from './faults/random.ts';
import { fsck } from './upkeep/project.ts';

type Files = ReadonlyMap<string, string>;

/** A work that was done once undisturbed. */
interface Tried {
  readonly work: DataWork;
  readonly before: Files;
  readonly after: Files;
  readonly calls: readonly Call[];
  readonly restart: () => Promise<void>;
}

async function tryOnce(
  rig: Rig,
  work: DataWork,
  watch: (rig: Rig, args: readonly string[]) => Promise<Watched>,
): Promise<Tried> {
  // prettier-ignore
  await work.prepare(rig);
  const before = await contents(rig);
  const restart = await beginAgain(rig);
  const { run, calls } = await watch(rig, work.args);
  expect(run, run.stderr).toMatchObject({ code: 0 });
  return { work, before, after: await contents(rig), calls, restart };
}

/** A run that the disk disturbed went well all the same, or told one clear problem; nothing is lost either way. */
async function expectClear(
  rig: Rig,
  { work, before, after }: Tried,
  { hit, story }: { hit: Finished; story: string },
): Promise<void> {
  // prettier-ignore
  const told = `${story}\n${hit.stdout}\n${hit.stderr}`;
  expect(hit.stderr, told).not.toMatch(/\n {4}at /);
  expect([0, 1, 2], told).toContain(hit.code);
  if (hit.code === 2) expect(hit.stderr, told).toMatch(/^PIPE_[A-Z_]+ {2}.*\n {2}hint: .*\n/);
  const between = await contents(rig);
  const strange = wrong(between, [before, after]).filter((name) => work.meanwhile?.includes(name) !== true);
  expect({ strange, lost: lost(between, [before, after]) }, told).toEqual({ strange: [], lost: [] });
  expect(names(between).filter(isTemporary), told).toEqual([]);
}

async function expectEnd(
  rig: Rig,
  { work, after }: Tried,
  { hit, story }: { hit: Finished; story: string },
): Promise<void> {
  // prettier-ignore
  const told = `${story}\n${hit.stdout}\n${hit.stderr}`;
  if (hit.code !== 0) expect(await rig.pipe(work.args), told).toMatchObject({ code: 0 });
  const end = await contents(rig);
  expect([names(end), wrong(end, [after])], told).toEqual([names(after), []]);
  const { leftovers, ...found } = await fsck(rig);
  expect(found, told).toMatchObject({ ok: true, damaged: [], missing: [], problems: [] });
  // What could not be put in order just then is put in order by the next one that writes.
  expect(leftovers.filter((name) => !/^v1\/(?:leases|limbo)\//.test(name)), told).toEqual([]); // prettier-ignore
}

/** How a call that changes something fails when the disk is full, or worn out. */
function faultOf({ name }: Call): string | undefined {
  if (/^(?:open|creat|p?write|copy_file|sendfile|mkdir|rename|link|symlink|fallocate)/.test(name)) return 'ENOSPC';
  return /^f(?:data)?sync|^ftruncate|^fchmod$/.test(name) ? 'EIO' : undefined;
}

const WORKS = [...ADD, ...COMMIT, ...CHECKOUT, ...GC, ...MOVE, ...OTHERS].map((work, at) => ({ work, title: work.title, seed: FAULT_SEED + at })); // prettier-ignore
const LIMIT = { timeout: 300_000 };

/** Which call is the nth of its thread depends on when threads wake each other: what is not met is tried again. */
const TRIES = 3;

async function failOnce(
  rig: Rig,
  tried: Tried,
  call: Call,
): Promise<{ readonly run: Finished; readonly failed: string } | undefined> {
  for (let time = 0; time < TRIES; time += 1) {
    await tried.restart();
    const { run, failed } = await failAt(rig, tried.work.args, { call, error: faultOf(call) ?? '' });
    if (failed !== undefined) return { run, failed };
  }
  return undefined;
}

/** Lets calls fail, one in each run; returns how many did. */
async function failEach(
  rig: Rig,
  tried: Tried,
  { calls, seed }: { calls: readonly Call[]; seed: number },
): Promise<number> {
  const { args } = tried.work;
  let faults = 0;
  for (const call of calls) {
    const hit = await failOnce(rig, tried, call);
    if (hit === undefined) continue;
    const { run, failed } = hit;
    faults += 1;
    const about = { hit: run, story: `${args.join(' ')}, seed ${seed}, ${failed}` };
    expect([0, 2], about.story).toContain(run.code);
    if (run.code === 2) expect(run.stderr, about.story).toMatch(/space|disk reports an error/);
    await expectClear(rig, tried, about);
    await expectEnd(rig, tried, about);
  }
  return faults;
}

function writesOf({ calls }: Tried): Call[] {
  return calls.filter((call) => faultOf(call) !== undefined);
}

describe.concurrent(`the disk refuses a call, seed ${FAULT_SEED}`, () => {
  test.for(WORKS)(
    '$title says so, loses nothing, and ends well when said again',
    LIMIT,
    async ({ work, seed }, { rig }) => {
      const tried = await tryOnce(rig, work, watchChanges);
      const calls = choose(seededRandom(seed), writesOf(tried), 4);
      expect(await failEach(rig, tried, { calls, seed })).toBeGreaterThan(1);
    },
  );
});

describe.concurrent('the disk refuses', () => {
  test.for(LITTLE)(
    'any single write of $title, which says so, loses nothing, and ends well when said again',
    LIMIT,
    async (work, { rig }) => {
      const tried = await tryOnce(rig, work, watchChanges);
      const calls = writesOf(tried);
      const faults = await failEach(rig, tried, { calls, seed: FAULT_SEED });
      expect(faults).toBeGreaterThan(calls.length * 0.7);
    },
  );
});

describe.concurrent(`the disk cannot read what is in the cache, seed ${FAULT_SEED}`, () => {
  test.for(WORKS)('$title loses nothing, and ends well when said again', LIMIT, async ({ work, seed }, { rig }) => {
    const tried = await tryOnce(rig, work, watchReads);
    for (const call of choose(seededRandom(seed), tried.calls, 7)) {
      await tried.restart();
      const { run, failed } = await failAt(rig, work.args, { call, error: 'EIO' });
      if (failed === undefined) continue;
      const about = { hit: run, story: `${work.args.join(' ')}, seed ${seed}, ${failed}` };
      await expectClear(rig, tried, about);
      await expectEnd(rig, tried, about);
    }
  });
});

describe.concurrent(`the disk is full after some pages, seed ${FAULT_SEED}`, () => {
  const works = WORKS.filter(({ work }) => [ADD[0], ADD[1], COMMIT[0], CHECKOUT[0], GC[0], MOVE[2]].includes(work));
  test.for(works)(
    '$title says so, loses nothing, and ends well with space again',
    LIMIT,
    async ({ work, seed }, { rig }) => {
      // prettier-ignore
      await withDisk(rig, { folder: '.', size: '16m' }, async (disk) => {
      const tried = await tryOnce(rig, work, watchChanges);
      const random = seededRandom(seed);
      for (const pages of [0, ...Array.from({ length: 7 }, (_, at) => at * 12 + random.next(12))]) {
        await tried.restart();
        await disk.leave(pages);
        const run = await rig.pipe(work.args);
        const about = { hit: run, story: `${work.args.join(' ')}, seed ${seed}, ${pages} pages left` };
        if (run.code !== 0) expect(run.stderr, about.story).toContain('space');
        await expectClear(rig, tried, about);
        await disk.free();
        await expectEnd(rig, tried, about);
      }
    });
    },
  );
});
