import { availableParallelism } from 'node:os';
import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { contents, lost, names, wrong } from './faults/contents.ts';
import { beginAgain } from './faults/begin-again.ts';
import { choose, killAt, watchChanges } from './faults/calls.ts';
import type { DataWork } from './faults/data-work.ts';
import { ADD, CHECKOUT, COMMIT, GC, MOVE, OTHERS } from './faults/data-work.ts';
import { HEAP } from './faults/heap-work.ts';
import { FAULT_SEED, seededRandom } from './faults/random.ts';
import { fsck } from './upkeep/project.ts';

/** Moments of `add`, `commit`, `checkout` and `gc` at which they were killed. */
let killed = 0;

async function killEverywhere(
  rig: Rig,
  work: DataWork,
  { seed, moments }: { seed: number; moments: number },
): Promise<void> {
  await work.prepare(rig);
  const before = await contents(rig);
  const restart = await beginAgain(rig);
  const { run, calls } = await watchChanges(rig, work.args);
  expect(run, run.stderr).toMatchObject({ code: 0 });
  const after = await contents(rig);
  const { byThreads } = work;
  if (byThreads !== undefined && availableParallelism() > 1) {
    expect(calls.some(({ isMain, text }) => !isMain && byThreads.test(text))).toBe(true);
  }
  let kills = 0;
  for (const call of choose(seededRandom(seed), calls, calls.length)) {
    if (kills === moments) break;
    await restart();
    const hit = await killAt(rig, work.args, call);
    if (hit.signal !== 'SIGKILL') continue;
    kills += 1;
    const story = `${work.args.join(' ')}, seed ${seed}, killed before ${call.name} ${call.nth}: ${call.text}`;
    const between = await contents(rig);
    const strange = wrong(between, [before, after]).filter((name) => work.meanwhile?.includes(name) !== true);
    expect({ strange, lost: lost(between, [before, after]) }, story).toEqual({ strange: [], lost: [] });
    const status = await rig.pipe(['status']);
    expect([status.code, status.stderr], story).toEqual([0, '']);
    const again = await rig.pipe(work.args);
    const isOver = again.code === 2 && work.isOver !== undefined && again.stderr.startsWith(work.isOver);
    expect(again.code === 0 || isOver, `${story}\n${again.stderr}`).toBe(true);
    const end = await contents(rig);
    expect([names(end), wrong(end, [after])], story).toEqual([names(after), []]);
    const { ok, damaged, missing, problems, leftovers } = await fsck(rig);
    expect({ ok, damaged, missing, problems }, story).toEqual({ ok: true, damaged: [], missing: [], problems: [] });
    // The lease of a process that was killed goes with the next collection.
    expect(leftovers.filter((name) => !name.startsWith('v1/leases/')), story).toEqual([]); // prettier-ignore
    await work.check?.(rig);
  }
  // Which thread makes a call differs: a run that made another one has no such moment. Some have hardly more than that.
  expect(kills).toBeGreaterThanOrEqual(Math.min(moments, Math.floor(calls.length / 2)));
  if ([...ADD, ...COMMIT, ...CHECKOUT, ...GC, ...HEAP].includes(work)) killed += kills;
}

describe.concurrent(`killed before any call that changes the disk, seed ${FAULT_SEED}`, () => {
  const works = [
    ...[...ADD, ...COMMIT, ...CHECKOUT].map((work) => ({ work, moments: 36 })),
    ...GC.map((work) => ({ work, moments: 24 })),
    ...HEAP.map((work) => ({ work, moments: 3 })),
    ...[...MOVE, ...OTHERS].map((work) => ({ work, moments: 10 })),
  ].map((each, at) => ({ title: each.work.title, seed: FAULT_SEED + at, ...each }));
  test.for(works)(
    '$title loses nothing, and said again it ends what it began',
    { timeout: 600_000 },
    async ({ work, ...how }, { rig }) => {
      // prettier-ignore
      await killEverywhere(rig, work, how);
    },
  );
});

test('these are at least 300 moments of add, commit, checkout and gc', () => {
  expect(killed).toBeGreaterThanOrEqual(300);
});
