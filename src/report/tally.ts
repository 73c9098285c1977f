import type { StageEndEvent, StageOutcome } from '../event/event.ts';

/** What came of the stages so far. */
export interface Tally {
  readonly counts: Readonly<Record<StageOutcome, number>>;
  /** Names by outcome; those of fresh and frozen stages are only counted. */
  readonly names: Readonly<Partial<Record<StageOutcome, readonly string[]>>>;
  /** Time that restoring took less than running would have taken. */
  readonly savedMs: number;
}

export const EMPTY_TALLY: Tally = {
  counts: { ran: 0, restored: 0, fresh: 0, frozen: 0, skipped: 0, failed: 0, blocked: 0, cancelled: 0 },
  names: {},
  savedMs: 0,
};

/** The tally with one more stage in it. */
export function tallied(tally: Tally, { outcome, stage, savedMs, durationMs }: StageEndEvent): Tally {
  const named = outcome !== 'fresh' && outcome !== 'frozen';
  return {
    counts: { ...tally.counts, [outcome]: tally.counts[outcome] + 1 },
    names: named ? { ...tally.names, [outcome]: [...(tally.names[outcome] ?? []), stage] } : tally.names,
    savedMs: tally.savedMs + (savedMs === undefined ? 0 : Math.max(0, savedMs - durationMs)),
  };
}
