import { availableParallelism } from 'node:os';
import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { beginAgain } from './faults/begin-again.ts';
import { choose, interruptAt, watchChanges, watchReads } from './faults/calls.ts';
import { contents, isTemporary, lost, names, wrong } from './faults/contents.ts';
import type { DataWork } from './faults/data-work.ts';
import { HEAP, STOPPED } from './faults/heap-work.ts';
import { withDisk } from './faults/disk.ts';
import { FAULT_SEED, seededRandom } from './faults/random.ts';
import { fsck } from './upkeep/project.ts';

/** So often a moment is chosen for each that is to stop the command. */
const MOST_TRIES = 3;

/** Sends Ctrl-C to a command at some moments in the middle of its work. */
async function stopInTheMiddle(
  rig: Rig,
  work: DataWork,
  { seed, moments }: { readonly seed: number; readonly moments: number },
): Promise<void> {
  await work.prepare(rig);
  const before = await contents(rig);
  const restart = await beginAgain(rig);
  const { run, calls } = await (work.onlyReads === true ? watchReads : watchChanges)(rig, work.args);
  expect(run, run.stderr).toMatchObject({ code: 0 });
  const after = await contents(rig);
  const { byThreads } = work;
  if (byThreads !== undefined && availableParallelism() > 1) {
    expect(calls.some(({ isMain, text }) => !isMain && byThreads.test(text))).toBe(true);
  }
  const middle = calls.slice(Math.floor(calls.length * 0.2), Math.floor(calls.length * 0.6));
  let stopped = 0;
  for (const call of choose(seededRandom(seed), middle, moments * MOST_TRIES)) {
    if (stopped === moments) break;
    await restart();
    const hit = await interruptAt(rig, work.args, call);
    // Threads call in another order each time: the moment may have come when all was nearly done.
    const isDone = hit.code === 0;
    if (!isDone || work.isWhole === true) stopped += 1;
    const story = `${work.args.join(' ')}, seed ${seed}, Ctrl-C at ${call.name} ${call.nth}: ${call.text}\n${hit.stdout}`;
    if (!isDone) expect([hit.code, hit.stderr], story).toEqual([130, expect.stringContaining('PIPE_CANCELLED')]);
    const between = await contents(rig);
    expect([wrong(between, [before, after]), lost(between, [before, after])], story).toEqual([[], []]);
    expect(names(between).filter(isTemporary), story).toEqual([]);
    if (work.isWhole === true) expect(between, story).toEqual(isDone ? after : before);
    else if (isDone) expect([names(between), wrong(between, [after])], story).toEqual([names(after), []]);
    const found = { ok: true, damaged: [], missing: [], problems: [], leftovers: [] };
    expect(await fsck(rig), story).toMatchObject(found);
    if (!isDone) expect(await rig.pipe(work.args), story).toMatchObject({ code: 0 });
    const end = await contents(rig);
    expect([names(end), wrong(end, [after])], story).toEqual([names(after), []]);
    expect(await fsck(rig), story).toMatchObject(found);
    await work.check?.(rig);
  }
  expect(stopped, `${work.args.join(' ')}, seed ${seed}`).toBe(moments);
}

/** What `fsck` finds damaged, and what a repair has set aside. */
async function damagedIn(rig: Rig): Promise<readonly string[]> {
  const { damaged, missing } = await fsck(rig);
  return [...damaged.map(({ what }) => what), ...missing.map(({ state }) => state)];
}

describe.concurrent(`Ctrl-C in the middle, seed ${FAULT_SEED}`, () => {
  const works = [...STOPPED.map((work) => ({ work, moments: 3 })), ...HEAP.map((work) => ({ work, moments: 1 }))].map(
    (each, at) => ({ title: each.work.title, seed: FAULT_SEED + at, ...each }),
  );
  const run = async ({ work, ...how }: (typeof works)[number], { rig }: { readonly rig: Rig }): Promise<void> => {
    const stop = (): Promise<void> => stopInTheMiddle(rig, work, how);
    if (work.otherDisk === undefined) await stop();
    else await withDisk(rig, { folder: work.otherDisk, size: '64m' }, stop);
  };
  test.for(works.filter(({ work }) => work.isWhole !== true))(
    '$title exits with 130, leaves nothing behind and nothing half-believed, and said again it ends what it began',
    { timeout: 600_000 },
    run,
  );
  test.for(works.filter(({ work }) => work.isWhole === true))(
    '$title is done as a whole where it has begun to change something, or exits with 130 and has changed nothing',
    { timeout: 600_000 },
    run,
  );

  test(
    'fsck --repair exits with 130 while it still looks, and repairs nothing',
    { timeout: 600_000 },
    async ({ rig }) => {
      const work = STOPPED.find(({ title }) => title === 'fsck --repair')!;
      await work.prepare(rig);
      const before = [await contents(rig), await damagedIn(rig)];
      const { calls } = await watchReads(rig, ['fsck']);
      for (const call of choose(seededRandom(FAULT_SEED), calls.slice(0, Math.floor(calls.length * 0.6)), 2)) {
        const hit = await interruptAt(rig, work.args, call);
        const story = `Ctrl-C at ${call.name} ${call.nth}: ${call.text}`;
        expect([hit.code, hit.stderr], story).toEqual([130, expect.stringContaining('PIPE_CANCELLED')]);
        expect([await contents(rig), await damagedIn(rig)], story).toEqual(before);
      }
      expect(await rig.pipe(work.args)).toMatchObject({ code: 0 });
      expect(await fsck(rig)).toMatchObject({ ok: true, leftovers: [] });
    },
  );
});
