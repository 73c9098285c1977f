import { expect } from 'vitest';
import type { Rig, RunOptions } from '../../rig/rig.ts';
import { expectValid } from '../../setup/schema.ts';

/** What `pipe repro --json` tells of a run. */
export interface PullRun {
  readonly events: readonly Readonly<Record<string, unknown>>[];
  readonly ends: Readonly<Record<string, { readonly outcome: string; readonly from?: string }>>;
  readonly downloads: readonly {
    readonly stage?: string;
    readonly paths: readonly string[];
    readonly objects: number;
    readonly bytes: number;
  }[];
  readonly end: {
    readonly ok: boolean;
    readonly downloaded?: { readonly objects: number; readonly bytes: number; readonly records: number };
  };
}

/** Runs `pipe repro --json`, which goes well; every line follows its schema. */
export async function reproPull(rig: Rig, args: readonly string[], options: RunOptions): Promise<PullRun> {
  const run = await rig.pipe(['repro', ...args, '--json'], options);
  expect({ code: run.code, stderr: run.stderr }, run.stdout).toEqual({ code: 0, stderr: '' });
  const events = run.stdout.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
  events.forEach(expectValid);
  const of = (type: string): Record<string, unknown>[] => events.filter((event) => event['type'] === type);
  return {
    events,
    ends: Object.fromEntries(of('stage-end').map((event) => [String(event['stage']), event])) as PullRun['ends'],
    downloads: of('downloaded') as unknown as PullRun['downloads'],
    end: of('run-end')[0] as unknown as PullRun['end'],
  };
}
