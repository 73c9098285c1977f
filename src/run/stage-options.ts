import type { History } from './history.ts';
import type { Away } from './away.ts';
import type { PlanOptions } from './plan.ts';
import type { Pull } from './pull.ts';

/** Asked before the commands of a stage run (`--interactive`); a no stops the run. */
export type Confirm = (address: string) => Promise<boolean>;

/** What is asked of each stage of a run. */
export interface StageOptions extends PlanOptions {
  /** A missing file counts as what the lock recorded. */
  readonly allowMissing?: boolean;
  /** Do not put outs into the store (`--no-commit`). */
  readonly noCommit?: boolean;
  readonly confirm?: Confirm;
  /** Brings what is missing (`--pull`). */
  readonly pull?: Pull | undefined;
  /** Without `--pull`: what of the data of others never came. */
  readonly absent?: Away | undefined;
  readonly signal: AbortSignal;
  readonly forceSignal: AbortSignal;
  readonly history: History;
}
