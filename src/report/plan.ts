import type { PlanEvent, PlannedStage, PlanState } from '../event/event.ts';
import { describeReason } from '../event/reason.ts';
import type { Reason } from '../event/reason.ts';
import type { Problem } from '../problem/problem.ts';
import { problemLine } from '../problem/render.ts';
import { displayWidth, padEnd, truncate } from '../kit/width.ts';
import { formatDuration } from './duration.ts';
import { isIdle } from './plan-state.ts';
import { styleFor } from './style.ts';
import type { Style } from './style.ts';
import { list, upToDate } from './summary.ts';
import { clean, reasonsText } from './words.ts';

export interface PlanOptions {
  readonly color: boolean;
  readonly columns?: number | undefined;
  /** Also list what needs nothing, and give every reason at full length. */
  readonly verbose?: boolean | undefined;
}

/** How a plan's states are called where people read them, in the order of the sentence. */
const WORDS: Readonly<Record<PlanState, string>> = {
  run: 'will run',
  'may-run': 'may run',
  restore: 'restored',
  fresh: 'fresh',
  frozen: 'frozen',
  skip: 'skipped',
};
const WIDEST_NAME = 40;

/** What a run would do, one line per stage that something happens to, and a sentence. Ends without a line end. */
export function renderPlan(plan: PlanEvent, { color, columns, verbose }: PlanOptions): string {
  const style = styleFor(color);
  const shown = plan.stages.filter(({ state }) => verbose || !isIdle(state));
  const names = shown.map(({ stage }) => clean(stage));
  const width = Math.min(WIDEST_NAME, Math.max(0, ...names.map(displayWidth)));
  const lines = shown.map(({ state, reasons }, index) => {
    const name = padEnd(names[index] ?? '', width);
    const why = reasonsText(reasons, { verbose });
    const room =
      columns === undefined || verbose ? Infinity : Math.max(20, columns - STATE_WIDTH - displayWidth(name) - 4);
    const text = room === Infinity ? why : truncate(why, room);
    return `${paintState(state, style)}  ${style.bold(name)}  ${text}`.trimEnd();
  });
  const above = [...lines, ...dataLines(plan)];
  return [...above, ...(above.length > 0 ? [''] : []), planSentence(plan)].join('\n');
}

/** What a run would record of tracked data before it begins. */
export function dataLines({ data = [] }: PlanEvent): string[] {
  return data.map(({ path, pointer }) => `${clean(path)} changed: it would be recorded in ${clean(pointer)}`);
}

const STATE_WIDTH = Math.max(...Object.values(WORDS).map((word) => word.length));

function paintState(state: PlanState, style: Style): string {
  const paint = { run: style.green, 'may-run': style.yellow, restore: style.cyan, fresh: style.dim } as const;
  const word = WORDS[state].padEnd(STATE_WIDTH);
  return state === 'frozen' || state === 'skip' ? style.dim(word) : paint[state](word);
}

/** `2 will run, 1 may run, 1 restored, 3 fresh.` */
function planSentence({ stages }: PlanEvent): string {
  const counts = { 'will run': 0, 'may run': 0, restored: 0, fresh: 0, frozen: 0, skipped: 0 };
  for (const { state } of stages) counts[WORDS[state] as keyof typeof counts] += 1;
  if (stages.every(({ state }) => isIdle(state))) {
    return upToDate(stages.length, list(counts, ['frozen', 'skipped']), (text) => text);
  }
  return `${list(counts, Object.keys(counts) as (keyof typeof counts)[])}.`;
}

/**
 * Why one stage runs, is restored, is left alone, or cannot run, in a few lines without a line end at the end.
 * @param options.problems what keeps it from running
 */
export function renderExplanation(
  planned: PlannedStage,
  { color, problems = [] }: { readonly color: boolean; readonly problems?: readonly Problem[] },
): string {
  const style = styleFor(color);
  const name = style.bold(clean(planned.stage));
  const reasons = planned.reasons.flatMap((reason) => reasonLines(reason, style));
  const refused = problems.flatMap((each) => [
    `  ${problemLine(each)}`,
    ...(each.hint === undefined ? [] : [`    hint: ${clean(each.hint)}`]),
  ]);
  const what = problems.length === 0 ? HEADS[planned.state] : 'cannot run: `pipe repro` refuses';
  const head = `${name} ${what}${reasons.length + refused.length > 0 ? ':' : '.'}`;
  const needs = planned.needs.length === 0 ? [] : [`needs ${planned.needs.map(clean).join(', ')}`];
  const took = planned.expectedMs === undefined ? [] : [`its last run took ${formatDuration(planned.expectedMs)}`];
  const facts = [...needs, ...took].join('; ');
  return [head, ...refused, ...reasons, ...(facts === '' ? [] : [style.dim(`  (${facts})`)])].join('\n');
}

const HEADS: Readonly<Record<PlanState, string>> = {
  run: 'will run',
  'may-run': 'may run, depending on what other stages make',
  restore: 'will be restored: a run with the same inputs is in the cache',
  fresh: 'is fresh: nothing changed since its last run',
  frozen: 'is frozen: it does not run before `pipe unfreeze`',
  skip: 'is skipped: its `when` is false, or it needs a stage that is skipped',
};

function reasonLines(reason: Reason, style: Style): string[] {
  const line = `  ${clean(describeReason(reason))}`;
  if (reason.kind !== 'command') return [line];
  return [
    line,
    ...reason.before.split('\n').map((each) => style.red(`    - ${clean(each)}`)),
    ...reason.after.split('\n').map((each) => style.green(`    + ${clean(each)}`)),
  ];
}
