import type { Event, PlanEvent, PlannedStage } from '../event/event.ts';
import { firstNames } from '../kit/first-names.ts';
import { entryOf } from '../lockfile/entry.ts';
import type { Stage } from '../pipeline/model.ts';
import type { Problem } from '../problem/problem.ts';
import type { Entry } from '../store/tree.ts';
import type { Engine } from './engine.ts';
import type { Expectation, ExpectedOut } from './facts.ts';
import type { History } from './history.ts';
import type { JudgeOptions } from './judge.ts';
import { judge } from './judge.ts';
import type { Decision } from './plan.ts';
import type { Judged, Pull } from './pull.ts';
import { stageProblems } from './stage-problem.ts';

/** A stage with what was seen of it and what follows. */
export type Surveyed = Judged;

/** The plan for some stages, in an order in which they can run. */
export type Survey = ReadonlyMap<string, Surveyed>;

interface SurveyOptions extends Omit<JudgeOptions, 'expected' | 'before'> {
  /** What is known of paths already. */
  readonly found?: ReadonlyMap<string, Entry> | undefined;
}

/** Looks at the stages in order and decides about each, taking what restores will bring for given. */
export async function survey(
  engine: Engine,
  selected: ReadonlySet<string>,
  { found: known, ...options }: SurveyOptions,
): Promise<Survey> {
  const found: Expectation['found'] = new Map(known);
  // One stage after another would ask the remote once each.
  await options.pull?.ahead((pull) => lookAtAll(engine, selected, { ...options, pull, found }));
  return lookAtAll(engine, selected, { ...options, found });
}

async function lookAtAll(
  engine: Engine,
  selected: ReadonlySet<string>,
  { found, ...options }: Omit<SurveyOptions, 'found'> & Pick<Expectation, 'found'>,
): Promise<Survey> {
  const result = new Map<string, Surveyed>();
  const outs = new Map<string, ExpectedOut>();
  const expected: Expectation = { outs, found, trees: new Map() };
  for (const address of engine.graph.order) {
    const stage = engine.graph.stages.get(address);
    if (stage === undefined || !selected.has(address)) continue;
    const before = (engine.graph.needs.get(address) ?? []).flatMap((each) => result.get(each)?.decision.state ?? []);
    const { facts, decision } = await judge(engine, stage, { ...options, before, expected });
    result.set(address, { facts, decision });
    expectOuts(outs, stage, decision);
    if (decision.state === 'fresh' || decision.state === 'frozen') options.pull?.noteOuts(facts);
  }
  return result;
}

function expectOuts(outs: Map<string, ExpectedOut>, stage: Stage, decision: Decision): void {
  if (decision.state === 'run' || decision.state === 'may-run') {
    for (const out of stage.outs) outs.set(out.path, { maker: stage.address });
  }
  for (const locked of decision.record?.outs ?? []) {
    const out = stage.outs.find((each) => each.as === locked.path);
    if (out !== undefined) outs.set(out.path, { maker: stage.address, entry: entryOf(locked) });
  }
}

/** The plan as the event that reports draw. */
export function planEvent(
  engine: Engine,
  plan: Survey,
  { jobs, history, data = [] }: { readonly jobs: number; readonly history: History; readonly data?: PlanEvent['data'] },
): PlanEvent {
  const stages = [...plan].map(([stage, { decision }]): PlannedStage => {
    const willRun = decision.state === 'run' || decision.state === 'may-run';
    const expectedMs = decision.record?.durationMs ?? (willRun ? history.durationOf(stage) : undefined);
    return {
      stage,
      state: decision.state,
      reasons: decision.reasons,
      needs: (engine.graph.needs.get(stage) ?? []).filter((each) => plan.has(each)),
      ...(expectedMs === undefined ? {} : { expectedMs }),
      ...(decision.record?.from === undefined ? {} : { from: decision.record.from }),
    };
  });
  return { type: 'plan', stages, jobs, ...(data.length > 0 ? { data } : {}) };
}

/** What is bound to fail: deps and parameters that are not there and that no stage makes, secrets that are not set. */
export function planProblems(engine: Engine, plan: Survey): ReadonlyMap<string, readonly Problem[]> {
  const problems = new Map<string, readonly Problem[]>();
  for (const [address, { facts, decision }] of plan) {
    if (decision.state !== 'run' && decision.state !== 'may-run') continue;
    const found = stageProblems(engine, facts);
    if (found.length > 0) problems.set(address, found);
  }
  return problems;
}

/**
 * Of frozen stages whose outs are gone: what is neither here nor, with `--pull`, to be had from anywhere. What nobody
 * pushes, others do without.
 */
export function frozenLacks(plan: Survey, pull: Pull | undefined): Extract<Event, { type: 'notice' }>[] {
  return [...plan].flatMap(([stage, { facts, decision }]) => {
    const outs = facts.stage.outs.filter(({ cache, push }) => pull === undefined || (cache && push));
    const isShared = (as: string): boolean => outs.some((out) => out.as === as);
    const gone = decision.reasons.flatMap((reason) => (reason.kind === 'out' && isShared(reason.path) ? [reason.path] : [])); // prettier-ignore
    if (decision.state !== 'frozen' || gone.length === 0) return [];
    const who = pull === undefined ? 'the cache does not have' : 'neither the cache nor a remote has';
    const how = '`pipe unfreeze` of it lets it be made again';
    return {
      type: 'notice',
      stage,
      message: `${who} all of ${firstNames(gone)}, and its stage is frozen`,
      hint: pull === undefined ? `\`pipe pull\` may bring it; ${how}` : how,
    };
  });
}
