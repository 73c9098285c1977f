import { setTimeout as sleep } from 'node:timers/promises';
import type { Finished } from '../../rig/process.ts';
import type { Rig, RunOptions } from '../../rig/rig.ts';
import type { Random } from './random.ts';

/** When a run is killed: so long after it has printed so many events. */
export interface Moment {
  readonly events: number;
  readonly delayMs: number;
}

/** A moment in a run that prints up to `events` events; without any event yet, while it starts. */
export function someMoment(random: Random, events: number): Moment {
  const after = random.next(events);
  return { events: after, delayMs: random.next(after === 0 ? 160 : 25) };
}

/** Runs `pipe`, which prints events, and kills it alone with SIGKILL: what it has started lives on. */
export async function runAndKill(
  rig: Rig,
  args: readonly string[],
  { moment, ...options }: RunOptions & { readonly moment: Moment },
): Promise<Finished> {
  const running = rig.spawn(args, options);
  if (moment.events > 0) {
    const seen = running.printed(new RegExp(`^(?:.*\\n){${moment.events}}`));
    await seen.catch(() => undefined); // it has ended before: `signal` tells
  }
  await Promise.race([sleep(moment.delayMs), running.done]);
  running.kill('SIGKILL');
  return running.done;
}

/** One line of `pipe repro --json`. */
export interface RunEvent {
  readonly type: string;
  readonly stage?: string;
  readonly outcome?: string;
  readonly message?: string;
  readonly problem?: { readonly code: string; readonly message: string; readonly hint?: string };
}

/** The events that a run printed; the line that a kill cut off is left out. */
export function eventsOf({ stdout }: Pick<Finished, 'stdout'>): RunEvent[] {
  const lines = stdout.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as RunEvent);
}

/** The stages that a run reported as finished. */
export function finishedStages(run: Pick<Finished, 'stdout'>): string[] {
  return eventsOf(run)
    .filter(({ type, outcome }) => type === 'stage-end' && ['ran', 'restored', 'fresh'].includes(outcome ?? ''))
    .map(({ stage }) => stage ?? '');
}
