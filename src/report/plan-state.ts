import type { PlanState } from '../event/event.ts';

/** What a plan says of a stage that nothing is to be done for. */
export type IdleState = 'fresh' | 'frozen' | 'skip';

/** Whether a stage is left alone. */
export function isIdle(state: PlanState): state is IdleState {
  return state === 'fresh' || state === 'frozen' || state === 'skip';
}

/** How the states are called where nothing is running yet, in the order of a sentence. */
export const STATE_WORDS = {
  run: 'will run',
  'may-run': 'may run',
  restore: 'will be restored',
  fresh: 'up to date',
  frozen: 'frozen',
  skip: 'skipped',
} as const satisfies Record<PlanState, string>;
