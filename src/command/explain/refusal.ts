import type { PlanState } from '../../event/event.ts';
import type { Reason } from '../../event/reason.ts';
import type { Problem } from '../../problem/problem.ts';
import { Away } from '../../run/away.ts';
import type { Engine } from '../../run/engine.ts';
import type { StageFacts } from '../../run/facts.ts';
import type { Inputs } from '../../run/inputs.ts';
import type { Survey } from '../../run/survey.ts';
import { planProblems, survey } from '../../run/survey.ts';

/** What `pipe repro` would do, and what keeps it from doing so. */
export interface Prospect {
  readonly plan: Survey;
  /** By stage: why nothing would run. */
  readonly problems: ReadonlyMap<string, readonly Problem[]>;
  /** Parts of tracked data that never came here, which no stage may read. */
  readonly absent: Away | undefined;
  /** What `--pull`, which has these parts, would do with the stages that read them. */
  readonly withPull: ReadonlyMap<string, PlanState>;
}

/** Looks at stages as `pipe repro` does, and once more as with `--pull` where parts of what they read never came. */
export async function prospectOf(
  engine: Engine,
  needed: ReadonlySet<string>,
  inputs: Inputs | undefined,
): Promise<Prospect> {
  const absent = awayOf(engine, inputs);
  const refused = inputs?.refused ?? [];
  const plan = await survey(engine, needed, { absent, refused, found: inputs?.found });
  const problems = planProblems(engine, plan);
  const partial = [...plan].filter(([, { facts }]) => lackingDeps(facts).length > 0).map(([address]) => address);
  if (partial.length === 0) return { plan, problems, absent, withPull: new Map() };
  const pulled = await survey(engine, needed, { away: awayOf(engine, inputs), refused, found: inputs?.found });
  const withPull = partial.flatMap((address): [string, PlanState][] => {
    const state = pulled.get(address)?.decision.state;
    return state === undefined ? [] : [[address, state]];
  });
  return { plan, problems, absent, withPull: new Map(withPull) };
}

function awayOf({ project }: Engine, inputs: Inputs | undefined): Away | undefined {
  if (inputs === undefined || inputs.partial.length === 0) return undefined;
  const away = new Away(project.root);
  for (const thing of inputs.partial) away.addParts(thing);
  return away;
}

/** The deps of which a part never came, as the lock calls them. */
export function lackingDeps({ deps }: StageFacts): string[] {
  return [...deps].flatMap(([as, seen]) => (seen.state === 'known' && seen.lacks !== undefined ? [as] : []));
}

/** Reasons without the changes of deps that are only there in part: what they lack was not removed by anybody. */
export function ownReasons(reasons: readonly Reason[], facts: StageFacts): readonly Reason[] {
  const lacking = new Set(lackingDeps(facts));
  return reasons.filter((reason) => reason.kind !== 'dep' || reason.change !== 'modified' || !lacking.has(reason.path));
}

/** What `pipe repro --pull` does with a stage that reads what never came, as a sentence without a full stop. */
export function withPullText(state: PlanState): string {
  return `\`pipe repro --pull\` ${PULL_WORDS[state]}`;
}

const PULL_WORDS: Readonly<Record<PlanState, string>> = {
  run: 'downloads what is missing and runs it, unless the remote has what it would make',
  'may-run': 'downloads what is missing first, and sees then whether it must run',
  restore: 'restores it, and need not download what is missing',
  fresh: 'leaves it alone: as a whole the data is what it last ran with, and need not be downloaded',
  frozen: 'leaves it alone: it is frozen',
  skip: 'skips it',
};
