import type { Budget } from './scenario.ts';

/** What pipe's own process may hold at its peak, unless a scenario has a budget of its own for it: 300 MB. */
export const MEMORY_BUDGET = 300e6;

/** `reported`: measured where its time is not judged; `open`: what it is judged by was not measured. */
export type Verdict = 'met' | 'missed' | 'reported' | 'open';

/** One budget, held against what was measured in the same unit. */
export interface Judgement {
  readonly budget: Budget;
  readonly measured: number | null;
  readonly verdict: Exclude<Verdict, 'reported'>;
}

/**
 * What is judged: the median time, the peak memory, the bytes added to the store, and the median ratio to a contender,
 * where they were measured.
 */
export interface Facts {
  readonly seconds: number;
  readonly memoryBytes: number;
  readonly storedBytes?: number | undefined;
  readonly ratioTo: (name: string) => number | undefined;
}

/** Holds a scenario against its budgets, and against the one for memory that all share which have none of their own. */
export function judge(budgets: readonly Budget[], facts: Facts): Judgement[] {
  const hasMemory = budgets.some(({ kind }) => kind === 'memory');
  const all: readonly Budget[] = hasMemory ? budgets : [...budgets, { kind: 'memory', atMost: MEMORY_BUDGET }];
  return all.map((budget) => {
    const measured = measuredFor(budget, facts);
    return { budget, measured, verdict: verdictOn(budget, measured) };
  });
}

/** Whether a budget holds on every disk, also where times are not judged. */
export function isOfAnyPlace({ kind }: Budget): boolean {
  return kind === 'memory' || kind === 'stored' || kind === 'memory-growth';
}

/** What a measurement says about a budget; nothing where there is none. */
export function verdictOn({ atMost }: Budget, measured: number | null): Judgement['verdict'] {
  if (measured === null) return 'open';
  return measured <= atMost ? 'met' : 'missed';
}

/**
 * The verdict on all budgets together.
 * @param judged whether the time counts in this place; memory does in any
 */
export function overall(judgements: readonly Judgement[], judged: boolean): Verdict {
  const has = (verdict: Verdict): boolean => judgements.some((each) => each.verdict === verdict);
  if (has('missed')) return 'missed';
  if (has('open')) return 'open';
  return judged ? 'met' : 'reported';
}

function measuredFor(budget: Judgement['budget'], facts: Facts): number | null {
  switch (budget.kind) {
    case 'seconds':
      return facts.seconds;
    case 'ratio':
      return facts.ratioTo(budget.to) ?? null;
    case 'memory':
      return facts.memoryBytes;
    case 'stored':
      return facts.storedBytes ?? null;
    case 'time-growth':
    case 'memory-growth':
      return null; // known when all numbers of files have been measured (growth.ts)
  }
}
