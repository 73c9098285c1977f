import { expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { eventsOf, finishedStages, runAndKill, someMoment } from './faults/kill.ts';
import type { Settings } from './faults/layers.ts';
import { LayeredProject, REPRO } from './faults/layers.ts';
import { FAULT_SEED, seededRandom } from './faults/random.ts';

const EVENTS = 26;
const KILLS = 30;

/** Two branches with values, stages and a lock of their own. */
const BRANCHES: Readonly<Record<string, { settings: Settings; more: Readonly<Record<string, unknown>> }>> = {
  main: { settings: { left: 1, right: 1 }, more: {} },
  side: {
    settings: { left: 2, right: 1 },
    more: {
      extra: { cmd: 'echo "$PPID extra" >> "$COUNTER"; cat out/e > extra.txt', deps: ['out/e'], outs: ['extra.txt'] },
    },
  },
};

/** Commits each branch with all its stages done; returns the locks by branch. */
async function commitBranches(rig: Rig, project: LayeredProject): Promise<ReadonlyMap<string, string>> {
  const locks = new Map<string, string>();
  for (const [branch, { settings, more }] of Object.entries(BRANCHES)) {
    if (branch !== 'main') await rig.git('checkout', '-b', branch);
    await project.define(more);
    await project.set(settings);
    expect(await project.repro()).toMatchObject({ code: 0 });
    await rig.git('add', '.');
    await rig.git('commit', '-m', branch);
    locks.set(branch, await rig.read('pipeline.lock'));
  }
  return locks;
}

test(`after a kill -9 and a switch of branches each keeps its lock, and nothing is computed twice (seed ${FAULT_SEED})`, async ({
  rig,
}) => {
  const random = seededRandom(FAULT_SEED);
  const project = await LayeredProject.create(rig);
  const locks = await commitBranches(rig, project);
  /** Brings a branch up to date, for which nothing but its own results must be needed. */
  const returnTo = async (branch: string, story: string): Promise<void> => {
    await rig.git('checkout', '-f', branch);
    const run = await project.repro();
    expect(run, `${story}, then on ${branch}\n${run.stdout}`).toMatchObject({ code: 0, stderr: '', started: [] });
    expect(await project.wrongOuts(BRANCHES[branch]!.settings), story).toEqual([]);
    expect(await rig.read('pipeline.lock'), story).toBe(locks.get(branch));
    expect(await rig.git('status', '--porcelain', '--untracked-files=no'), story).toBe('');
    expect(await project.leftovers(), story).toEqual([]);
  };
  for (let [kills, round] = [0, 10]; kills < KILLS; round++) {
    const [from, to] = random.pick([
      ['main', 'side'],
      ['side', 'main'],
    ] as const);
    const changed: Settings = { left: random.next(2) === 0 ? round : 1, right: round };
    await rig.git('checkout', '-f', from);
    await project.set(changed);
    const moment = someMoment(random, EVENTS);
    const killed = await runAndKill(rig, REPRO, { env: project.env, moment });
    if (killed.signal === 'SIGKILL') kills += 1;
    const story = `seed ${FAULT_SEED}, round ${round}, ${from} killed at ${JSON.stringify(moment)}\n${killed.stdout}`;
    const finished = new Set(finishedStages(killed));
    await returnTo(to, story);
    await returnTo(from, story);
    await project.set(changed);
    const again = await project.repro();
    expect(eventsOf(again).at(-1), again.stdout).toMatchObject({ type: 'run-end', ok: true });
    expect(
      again.started.filter((stage) => finished.has(stage)),
      story,
    ).toEqual([]);
    expect(await project.wrongOuts(changed), story).toEqual([]);
  }
});
