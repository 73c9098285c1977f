import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { setTimeout } from 'node:timers/promises';

/** What a number was measured on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
}

/** What else the machine was doing, just before or after a measurement. */
export interface Load {
  /** The share of all cores that was in use while we did nothing: 0 to 1. */
  readonly busy: number;
  /** The load average of the last minute; our own runs are in it. */
  readonly average: number;
}

/** Above this share of other work, times say little. */
export const IDLE_ENOUGH = 0.1;

const SAMPLE_MS = 1000;

/** The machine that this runs on. */
export function describeMachine(): Machine {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
    node: process.version,
  };
}

/**
 * Looks for a second at what others do on the machine.
 * @throws {Error} when the signal comes meanwhile
 */
export async function sampleLoad(signal: AbortSignal): Promise<Load> {
  const before = coreTimes();
  await setTimeout(SAMPLE_MS, undefined, { signal });
  const after = coreTimes();
  const idle = (after.idle - before.idle) / (after.all - before.all);
  return { busy: Math.min(1, Math.max(0, 1 - idle)), average: loadavg()[0]! };
}

/** The one of two looks that saw more work of others. */
export function worse(first: Load, second: Load): Load {
  return second.busy > first.busy ? second : first;
}

function coreTimes(): { idle: number; all: number } {
  const times = cpus().map((core) => core.times);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return { idle: sum(times.map((each) => each.idle)), all: sum(times.flatMap((each) => Object.values(each))) };
}
