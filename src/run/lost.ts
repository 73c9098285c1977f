import { entryOf } from '../lockfile/entry.ts';
import type { Problem } from '../problem/problem.ts';
import type { Engine } from './engine.ts';
import type { StageFacts } from './facts.ts';
import type { PullSource, WantedThing } from './pull-source.ts';
import type { Pull } from './pull.ts';
import type { Survey } from './survey.ts';

/** What neither the store nor a remote has whole. */
export interface LostThing {
  readonly path: string;
  /** The remote that should have it; absent where none was asked. */
  readonly remote?: string;
  /** Objects that are missing, as far as that is known. */
  readonly objects: number;
}

/** Which of some things cannot be had; each remote is asked for all of them at once. Brings no file. */
export async function findLost(source: PullSource, things: readonly WantedThing[]): Promise<LostThing[]> {
  const outs = things.map((thing) => ({ out: { path: thing.whole }, thing }));
  if (outs.length > 0) await source.ahead({ records: [], outs });
  const lost: LostThing[] = [];
  for (const { out, thing } of outs) {
    const lack = await source.lack(out, thing);
    if (lack === undefined) continue;
    const { remote, objects } = lack;
    lost.push({ path: thing.path, objects, ...(remote === undefined ? {} : { remote }) });
  }
  return lost;
}

/** What a run with `--pull` would fail to bring, or would need if a stage had to run. */
interface LostInputs {
  readonly problems: readonly Problem[];
  /** Whether a stage of the plan needs any of it. */
  readonly isNeeded: boolean;
}

/** Looks for what stages of a plan read and is not in the workspace: which of it cannot be had. */
async function lostInputs(plan: Survey, pull: Pull): Promise<LostInputs> {
  const things = new Map<string, WantedThing & { isNeeded: boolean }>();
  for (const { facts, decision } of plan.values()) {
    const isNeeded = decision.state === 'run' || decision.state === 'may-run';
    for (const thing of awayInputs(facts, pull)) {
      const before = things.get(thing.path);
      things.set(thing.path, { ...thing, isNeeded: isNeeded || before?.isNeeded === true });
    }
  }
  const lost = await findLost(pull.source, [...things.values()]);
  return {
    problems: lost.map(lostProblem),
    isNeeded: lost.some(({ path }) => things.get(path)?.isNeeded === true),
  };
}

/** What a stage reads of tracked data that is not in the workspace; outs of the plan were looked for with it. */
function awayInputs({ stage, deps }: StageFacts, { away, source }: Pull): WantedThing[] {
  const tracked = new Set(source.tracked.map(({ path }) => path));
  return stage.deps.flatMap((dep): WantedThing[] => {
    const seen = deps.get(dep.as);
    if (dep.url || seen === undefined || seen.state === 'missing') return [];
    const parts = away.partsOf(dep).map((part) => ({ ...part, whole: part.whole ?? part.path }));
    const around = seen.state === 'known' && seen.away === true ? away.around(dep.path) : undefined;
    const whole = around && seen.state === 'known' && { path: dep.path, entry: entryOf(seen.entry), whole: around.whole ?? around.path }; // prettier-ignore
    return (parts.length > 0 ? parts : whole ? [whole] : []).filter((each) => tracked.has(each.whole));
  });
}

function lostProblem({ path, remote }: LostThing): Problem {
  return {
    code: 'PIPE_OBJECT_MISSING',
    message: `neither the cache nor ${remote ?? 'a remote'} has all of ${path}`,
    hint: '`pipe push` where it is at hand, then `pipe pull` here',
  };
}

/** Says what keeps a run that was only planned from ending well; returns whether nothing does. */
export async function tellLost(
  engine: Engine,
  plan: Survey,
  { pull, problems }: { readonly pull: Pull | undefined; readonly problems: readonly Problem[] },
): Promise<boolean> {
  const lost = pull && (await lostInputs(plan, pull));
  for (const { message, hint } of [...problems, ...(lost?.problems ?? [])]) {
    engine.emit({ type: 'notice', message, ...(hint === undefined ? {} : { hint }) });
  }
  return problems.length === 0 && lost?.isNeeded !== true;
}
