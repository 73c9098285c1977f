import type { PlanEvent, PlannedStage } from '../event/event.ts';
import { entryOf } from '../lockfile/entry.ts';
import type { Stage } from '../pipeline/model.ts';
import type { Problem } from '../problem/problem.ts';
import type { Entry } from '../store/tree.ts';
import type { Engine } from './engine.ts';
import type { FactOptions, StageFacts } from './facts.ts';
import { findRecord, gatherFacts } from './facts.ts';
import type { History } from './history.ts';
import type { Decision, PlanOptions } from './plan.ts';
import { decide } from './plan.ts';

/** A stage with what was seen of it and what follows. */
export interface Surveyed {
  readonly facts: StageFacts;
  readonly decision: Decision;
}

/** The plan for some stages, in an order in which they can run. */
export type Survey = ReadonlyMap<string, Surveyed>;

/** Looks at the stages in order and decides about each, taking what restores will bring for given. */
export async function survey(
  engine: Engine,
  selected: ReadonlySet<string>,
  options: PlanOptions & FactOptions,
): Promise<Survey> {
  const result = new Map<string, Surveyed>();
  const outs = new Map<string, Entry | { readonly maker: string }>();
  for (const address of engine.graph.order) {
    const stage = engine.graph.stages.get(address);
    if (stage === undefined || !selected.has(address)) continue;
    const before = (engine.graph.needs.get(address) ?? []).flatMap((each) => result.get(each)?.decision.state ?? []);
    const facts = await gatherFacts(engine, stage, { outs }, options);
    const decision = decide(facts, before, options, (each) => findRecord(engine, each));
    result.set(address, { facts, decision });
    expectOuts(outs, stage, decision);
  }
  return result;
}

function expectOuts(outs: Map<string, Entry | { readonly maker: string }>, stage: Stage, decision: Decision): void {
  if (decision.state === 'run' || decision.state === 'may-run') {
    for (const out of stage.outs) outs.set(out.path, { maker: stage.address });
  }
  for (const locked of decision.record?.outs ?? []) {
    const out = stage.outs.find((each) => each.as === locked.path);
    if (out !== undefined) outs.set(out.path, entryOf(locked));
  }
}

/** The plan as the event that reports draw. */
export function planEvent(engine: Engine, plan: Survey, jobs: number, history: History): PlanEvent {
  const stages = [...plan].map(([stage, { decision }]): PlannedStage => {
    const expectedMs = decision.record?.durationMs ?? history.durationOf(stage);
    return {
      stage,
      state: decision.state,
      reasons: decision.reasons,
      needs: (engine.graph.needs.get(stage) ?? []).filter((each) => plan.has(each)),
      ...(expectedMs === undefined ? {} : { expectedMs }),
    };
  });
  return { type: 'plan', stages, jobs };
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

/** What keeps a stage from running. */
export function stageProblems(engine: Engine, { stage, deps, params }: StageFacts): Problem[] {
  return [
    ...stage.deps.filter((dep) => deps.get(dep.as)?.state === 'missing').map((dep) => missingDep(stage, dep)),
    ...stage.params.flatMap((param) => {
      const values = params.get(param.as);
      if (values === undefined || values === 'unknown') return [];
      const missing = [...values].filter(([, value]) => value === undefined).map(([key]) => key);
      return missing.length === 0 ? [] : [missingParam(stage, param, missing)];
    }),
    ...stage.secrets.filter((name) => engine.env[name] === undefined).map((name) => missingSecret(stage, name)),
  ];
}

function missingDep(stage: Stage, dep: Stage['deps'][number]): Problem {
  const what = dep.url ? 'this pipe cannot read URLs yet' : dep.glob ? 'no file matches' : 'it is not on disk';
  return {
    code: 'PIPE_DEP_MISSING',
    message: `"${stage.address}" needs ${dep.path}: ${dep.url ? '' : 'no stage makes it and '}${what}`,
    hint: 'put it there, add it to the outs of a stage, or run `pipe pull` if it is shared',
    at: dep.at,
  };
}

function missingParam(stage: Stage, param: Stage['params'][number], keys: readonly string[]): Problem {
  return {
    code: 'PIPE_PARAM_MISSING',
    message: `"${stage.address}" asks for ${keys.join(', ')}, which ${param.path} does not have`,
    hint: `add ${keys.length === 1 ? 'it' : 'them'} to ${param.path}, or remove ${keys.length === 1 ? 'it' : 'them'} from params`,
    at: param.at,
  };
}

function missingSecret(stage: Stage, name: string): Problem {
  return {
    code: 'PIPE_SECRET_MISSING',
    message: `"${stage.address}" wants the secret ${name}, which is not set`,
    hint: `set it for this run: ${name}=… pipe repro`,
    at: stage.at,
  };
}
