import { statSync } from 'node:fs';
import { join } from 'node:path';
import { tickOf } from '../kit/clock-tick.ts';

/**
 * Tells whether some `pipe` may have written a pointer or a pipeline file since: each such change passes through a lock
 * whose folder comes and goes in `.pipe/tmp`, which leaves a trace in the time of that folder.
 */
export interface RecordStamp {
  /** Nanoseconds; `undefined` where there is no folder yet. */
  readonly time: bigint | undefined;
  /** Whether a change right after it could have left the same time. */
  readonly isCertain: boolean;
}

/** The stamp of a project as it is now; to be taken before anything is read that it stands for. */
export function recordStamp({ pipeDir }: { readonly pipeDir: string }): RecordStamp {
  const stat = statSync(join(pipeDir, 'tmp'), { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return { time: undefined, isCertain: true };
  const mtimeMs = Number(stat.mtimeNs / 1_000_000n);
  return { time: stat.mtimeNs, isCertain: Date.now() - mtimeMs > tickOf(mtimeMs) };
}

/** Whether records may have been written since a stamp was taken. Never wrongly `false` for what a `pipe` wrote. */
export function mayHaveChanged(project: { readonly pipeDir: string }, since: RecordStamp): boolean {
  return !since.isCertain || recordStamp(project).time !== since.time;
}
