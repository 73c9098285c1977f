import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import type { Event, PlanState, StageEndEvent, StageOutcome } from '../../../src/event/event.ts';
import { parseLock } from '../../../src/lockfile/lock.ts';
import type { Finished } from '../../rig/process.ts';
import type { Content, Rig, RunOptions } from '../../rig/rig.ts';

/** A pipeline's stages as a pipeline file says them. */
export type Stages = Readonly<Record<string, unknown>>;

/** Makes the rig's folder a project without Git, with a pipeline file and other files. */
export async function setUp(rig: Rig, stages: Stages, files: Readonly<Record<string, Content>> = {}): Promise<void> {
  expect(await rig.pipe(['init', '--no-scm', '--quiet'])).toMatchObject({ code: 0, stderr: '' });
  await rig.write({ 'pipeline.yaml': { stages }, ...files });
}

/** What a `pipe repro --json` did. */
export interface Run {
  readonly code: number | null;
  readonly events: readonly Event[];
  /** How each stage of the plan ended. */
  readonly outcomes: Readonly<Record<string, StageOutcome>>;
  readonly planned: Readonly<Record<string, PlanState>>;
}

const ajv = new Ajv2020({ strict: true });
const isEvent = ajv.compile<Event>(
  JSON.parse(readFileSync(new URL('../../../schema/events.schema.json', import.meta.url), 'utf8')) as object,
);

/** The events that a run printed; each line follows the published schema. */
export function eventsOf(stdout: string): Event[] {
  expect(stdout).toMatch(/\n$/);
  return stdout
    .slice(0, -1)
    .split('\n')
    .map((line) => {
      const event = JSON.parse(line) as unknown;
      if (!isEvent(event)) throw new Error(`not an event: ${line}\n${ajv.errorsText(isEvent.errors)}`);
      return event;
    });
}

/** Of the events of a run, how its stages ended. */
export function runOf({ code, stdout }: Pick<Finished, 'code' | 'stdout'>): Run {
  const events = eventsOf(stdout);
  const plan = events.find((event) => event.type === 'plan')?.stages ?? [];
  const ends = events.filter((event): event is StageEndEvent => event.type === 'stage-end');
  return {
    code,
    events,
    outcomes: Object.fromEntries(ends.map(({ stage, outcome }) => [stage, outcome])),
    planned: Object.fromEntries(plan.map(({ stage, state }) => [stage, state])),
  };
}

/** Brings the project up to date; says nothing but events. */
export async function repro(rig: Rig, args: readonly string[] = [], options: RunOptions = {}): Promise<Run> {
  const finished = await rig.pipe(['repro', '--json', ...args], options);
  expect(finished.stderr).toBe('');
  const run = runOf(finished);
  expect(Object.keys(run.outcomes).sort()).toEqual(args.includes('--dry') ? [] : Object.keys(run.planned).sort());
  return run;
}

/** The stages that a run brought to an end of this kind, sorted. */
export function stagesThat({ outcomes }: Run, outcome: StageOutcome): string[] {
  return Object.keys(outcomes)
    .filter((stage) => outcomes[stage] === outcome)
    .sort();
}

/** What the stages ended with after a run of which all went well. */
export async function outcomes(
  rig: Rig,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Run['outcomes']> {
  const run = await repro(rig, args, options);
  expect(run.code, JSON.stringify(run.events)).toBe(0);
  return run.outcomes;
}

/** The states of the stages as `pipe status` tells them. */
export async function states(rig: Rig, args: readonly string[] = []): Promise<Record<string, PlanState>> {
  const { stages } = (await rig.pipe(['status', '--json', ...args])).json<{
    stages: { stage: string; state: PlanState }[];
  }>();
  return Object.fromEntries(stages.map(({ stage, state }) => [stage, state]));
}

/** Nothing is left of any run: the lock can be read, no claim and no journal lies about, and nothing is to be done. */
export async function expectAtRest(rig: Rig): Promise<void> {
  parseLock(await rig.read('pipeline.lock'), 'pipeline.lock');
  for (const folder of ['.pipe/tmp/claims', '.pipe/tmp/journal']) {
    if (await rig.exists(folder)) expect(await readdir(rig.path(folder))).toEqual([]);
  }
  expect(await rig.leftovers()).toEqual([]);
  expect(new Set(Object.values(await outcomes(rig)))).toEqual(new Set(['fresh']));
}
