import { expect } from 'vitest';
import type { Finished } from '../../rig/process.ts';
import type { Content, Rig } from '../../rig/rig.ts';
import type { RunEvent } from './kill.ts';
import { eventsOf } from './kill.ts';

/** Sets up a project of these stages and files. */
export async function setUp(
  rig: Rig,
  stages: Readonly<Record<string, unknown>>,
  files: Readonly<Record<string, Content>> = {},
): Promise<void> {
  await rig.git('init');
  expect(await rig.pipe(['init'])).toMatchObject({ code: 0 });
  await rig.write({ 'pipeline.yaml': { stages }, ...files });
}

/** Expects a user's error: exit code 2 and exactly these problems. */
export function expectProblems(run: Finished, ...codes: readonly string[]): void {
  expect(run, run.stderr).toMatchObject({ code: 2 });
  expect(run.stderr.match(/\bPIPE_[A-Z0-9_]+(?= {2})/g) ?? [], run.stderr).toEqual(codes);
  expect(run.stderr).not.toMatch(/\n {4}at /);
}

/** Expects that one stage failed with one problem, which has a hint; returns its event. */
export function expectFailure(run: Finished, stage: string, code: string): RunEvent {
  expect(run, run.stdout + run.stderr).toMatchObject({ code: 1, stderr: '' });
  const failures = eventsOf(run).filter(({ problem }) => problem !== undefined);
  expect(failures, run.stdout).toMatchObject([{ type: 'stage-end', stage, outcome: 'failed', problem: { code } }]);
  expect(failures[0]?.problem?.hint, run.stdout).toEqual(expect.any(String));
  return failures[0]!;
}

/** How each stage of a run with `--json` ended. */
export function outcomes(run: Finished): Record<string, string> {
  const ends = eventsOf(run).filter(({ type }) => type === 'stage-end');
  return Object.fromEntries(ends.map(({ stage = '', outcome = '' }) => [stage, outcome]));
}

/** Runs everything with events; expects that it goes well. */
export async function reproduce(rig: Rig, ...args: readonly string[]): Promise<Record<string, string>> {
  const run = await rig.pipe(['repro', '--json', ...args]);
  expect(run, run.stdout + run.stderr).toMatchObject({ code: 0, stderr: '' });
  return outcomes(run);
}
