import { describe, expect } from 'vitest';
import { parse } from 'yaml';
import { parseLock } from '../../src/lockfile/lock.ts';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { eventsOf, finishedStages, runAndKill, someMoment } from './faults/kill.ts';
import type { Settings } from './faults/layers.ts';
import { LayeredProject, REPRO } from './faults/layers.ts';
import type { Random } from './faults/random.ts';
import { FAULT_SEED, seededRandom } from './faults/random.ts';

/** The plan, and two of each stage: after the last of them the lock is written. */
const EVENTS = 26;

/** Values seen before let stages be restored, new ones make them run. */
function nextSettings(random: Random, round: number): Settings {
  const value = (): number => (random.next(4) === 0 ? random.next(round) : round);
  return { left: value(), right: value() };
}

/** The lock is absent or whole, for our reader and for one of YAML. */
async function expectLock(rig: Rig): Promise<void> {
  if (!(await rig.exists('pipeline.lock'))) return;
  const text = await rig.read('pipeline.lock');
  const ours = parseLock(text, 'pipeline.lock');
  const theirs = parse(text) as { stages: Record<string, unknown> };
  expect(Object.keys(theirs.stages)).toEqual([...ours.keys()]);
}

describe.concurrent(`pipe is killed, seed ${FAULT_SEED}`, () => {
  test.for([0, 1, 2])(
    'a kill -9 loses nothing that had finished, and the next run ends right (part %i of 3)',
    async (part, { rig }) => {
      const random = seededRandom(FAULT_SEED + part);
      const project = await LayeredProject.create(rig);
      const { env } = project;
      for (let [kills, round] = [0, 1]; kills < 50; round++) {
        const settings = nextSettings(random, round);
        await project.set(settings);
        const finished = new Set<string>();
        const moments: unknown[] = [];
        for (let again = 1; again > 0; again = kills < 50 ? random.next(3) - 1 : 0) {
          const moment = someMoment(random, EVENTS);
          const run = await runAndKill(rig, REPRO, { env, moment });
          if (run.signal === 'SIGKILL') kills += 1;
          moments.push(moment);
          const story = `seed ${FAULT_SEED + part}, round ${round}, killed at ${JSON.stringify(moments)}\n${run.stdout}`;
          await expectLock(rig);
          expect(run.stderr, story).toBe('');
          for (const stage of finishedStages(run)) finished.add(stage);
        }
        const told = `seed ${FAULT_SEED + part}, round ${round}, killed at ${JSON.stringify(moments)}`;
        const check = random.next(3);
        if (check === 0) await rig.remove(...[...finished].slice(0, 2).map((stage) => `out/${stage}`));
        else if (check === 1) {
          const { stages } = (await rig.pipe(['status', '--json'], { env })).json<{
            stages: { stage: string; state: string }[];
          }>();
          const fresh = stages.filter(({ state }) => state === 'fresh').map(({ stage }) => stage);
          expect(fresh, told).toEqual(expect.arrayContaining([...finished]));
        }
        const next = await project.repro();
        const story = `${told}, then\n${next.stdout}`;
        expect(next, story).toMatchObject({ code: 0, stderr: '' });
        expect(finishedStages(next), story).toHaveLength(12);
        expect(eventsOf(next).at(-1), story).toMatchObject({ type: 'run-end', ok: true });
        expect(
          next.started.filter((stage) => finished.has(stage)),
          story,
        ).toEqual([]);
        expect(await project.wrongOuts(settings), story).toEqual([]);
        expect(await project.leftovers(), story).toEqual([]);
        expect(await rig.leftovers(), story).toEqual([]);
        await expectLock(rig);
      }
    },
  );
});
