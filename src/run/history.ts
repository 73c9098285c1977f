import { writeDisposable } from '../kit/disposable-file.ts';
import { readTextFile } from '../kit/text-file.ts';

/** How the last run of a stage went, for estimates and for `pipe logs`. */
export interface LastRun {
  readonly startedAt: string;
  readonly durationMs: number;
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
}

/** The last run of each stage on this machine. Disposable; the last of two processes to save wins. */
export interface History {
  get(address: string): LastRun | undefined;
  /** How long the last run took, if it ended well. */
  durationOf(address: string): number | undefined;
  /** The mean of what is known: the guess for a stage that has not run yet. */
  usualMs(): number;
  set(address: string, run: LastRun): void;
  save(): void;
}

/** The history at `file`, `.pipe/tmp/history.json`, read when first asked; a damaged one counts as empty. */
export function openHistory(file: string): History {
  let read: Map<string, LastRun> | undefined;
  const known = (): Map<string, LastRun> => (read ??= readRuns(file));
  const changed = new Map<string, LastRun>();
  return {
    get: (address) => known().get(address),
    durationOf(address) {
      const run = known().get(address);
      return run?.exitCode === 0 ? run.durationMs : undefined;
    },
    usualMs() {
      const runs = known();
      let sum = 0;
      for (const { durationMs } of runs.values()) sum += durationMs;
      return runs.size === 0 ? 1 : sum / runs.size;
    },
    set(address, run) {
      known().set(address, run);
      changed.set(address, run);
    },
    save() {
      if (changed.size === 0) return;
      const all = [...readRuns(file), ...changed];
      writeDisposable(file, JSON.stringify(Object.fromEntries(all)));
      changed.clear();
    },
  };
}

function readRuns(file: string): Map<string, LastRun> {
  try {
    const value = JSON.parse(readTextFile(file, file) ?? '{}') as unknown;
    return new Map(Object.entries(value ?? {}).filter((pair): pair is [string, LastRun] => isLastRun(pair[1])));
  } catch (error) {
    if (error instanceof SyntaxError) return new Map();
    throw error;
  }
}

function isLastRun(value: unknown): boolean {
  const { startedAt, durationMs, exitCode } = (value ?? {}) as Partial<Record<keyof LastRun, unknown>>;
  return (
    typeof startedAt === 'string' &&
    typeof durationMs === 'number' &&
    (exitCode === null || typeof exitCode === 'number')
  );
}
