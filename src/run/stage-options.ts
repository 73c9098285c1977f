import type { History } from './history.ts';
import type { PlanOptions } from './plan.ts';

/** What is asked of each stage of a run. */
export interface StageOptions extends PlanOptions {
  /** A missing file counts as what the lock recorded. */
  readonly allowMissing?: boolean;
  /** Do not put outs into the store (`--no-commit`). */
  readonly noCommit?: boolean;
  readonly signal: AbortSignal;
  readonly forceSignal: AbortSignal;
  readonly history: History;
}
