import { availableParallelism } from 'node:os';
import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { beginAgain } from './faults/begin-again.ts';
import { choose, interruptAt, watchChanges, watchReads } from './faults/calls.ts';
import { contents, isTemporary, lost, names, wrong } from './faults/contents.ts';
import type { DataWork } from './faults/data-work.ts';
import { HEAP, STOPPED } from './faults/heap-work.ts';
import { FAULT_SEED, seededRandom } from './faults/random.ts';
import { fsck } from './upkeep/project.ts';

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
  for (const call of choose(seededRandom(seed), middle, moments)) {
    await restart();
    const hit = await interruptAt(rig, work.args, call);
    const story = `${work.args.join(' ')}, seed ${seed}, Ctrl-C at ${call.name} ${call.nth}: ${call.text}\n${hit.stdout}`;
    expect([hit.code, hit.stderr], story).toEqual([130, expect.stringContaining('PIPE_CANCELLED')]);
    const between = await contents(rig);
    expect([wrong(between, [before, after]), lost(between, [before, after])], story).toEqual([[], []]);
    expect(names(between).filter(isTemporary), story).toEqual([]);
    const found = { ok: true, damaged: [], missing: [], problems: [], leftovers: [] };
    expect(await fsck(rig), story).toMatchObject(found);
    expect(await rig.pipe(work.args), story).toMatchObject({ code: 0 });
    const end = await contents(rig);
    expect([names(end), wrong(end, [after])], story).toEqual([names(after), []]);
    expect(await fsck(rig), story).toMatchObject(found);
    await work.check?.(rig);
  }
}

describe.concurrent(`Ctrl-C in the middle, seed ${FAULT_SEED}`, () => {
  const works = [...STOPPED.map((work) => ({ work, moments: 3 })), ...HEAP.map((work) => ({ work, moments: 1 }))].map(
    (each, at) => ({ title: each.work.title, seed: FAULT_SEED + at, ...each }),
  );
  test.for(works)(
    '$title exits with 130, leaves nothing behind and nothing half-believed, and said again it ends what it began',
    { timeout: 600_000 },
    ({ work, ...how }, { rig }) => stopInTheMiddle(rig, work, how),
  );
});
