import { ancestors } from '../kit/path.ts';
import type { PlanState } from '../event/event.ts';
import type { Stage } from '../pipeline/model.ts';
import type { Reason } from '../event/reason.ts';
import type { AwayThing, RefusedInput } from './inputs.ts';
import type { Engine } from './engine.ts';
import type { Expectation, FactOptions } from './facts.ts';
import { findRecord, gatherFacts } from './facts.ts';
import type { Decision, PlanOptions } from './plan.ts';
import { refusedOf } from './refused.ts';
import { decide } from './plan.ts';
import type { Judged, Pull } from './pull.ts';

export interface JudgeOptions extends PlanOptions, FactOptions {
  /** The states of the stages that it needs. */
  readonly before?: readonly PlanState[];
  /** With `--pull`: what is missing may be had. */
  readonly pull?: Pull | undefined;
  /** What no run may read as it is here: nothing can be told of a stage that does. */
  readonly refused?: readonly RefusedInput[];
}

/** Looks at a stage and decides about it. */
export async function judge(engine: Engine, stage: Stage, options: JudgeOptions): Promise<Judged> {
  const { before = [], pull, expected, refused = [] } = options;
  await pull?.lists(stage, (path) => expectedAround(expected, path));
  const facts = await gatherFacts(engine, stage, pull === undefined ? options : { ...options, away: pull.away });
  const decision = decide(facts, { before, options, findRecord: (each) => findRecord(engine, each) });
  const own = isSettled(decision) || refused.length === 0 ? [] : refusedOf(stage, refused);
  if (own.length > 0) {
    const reasons = own.map(({ path, problem }): Reason => ({ kind: 'refused', path, message: problem.message }));
    return { facts, decision: { state: 'may-run', reasons } };
  }
  return pull === undefined ? { facts, decision } : pull.reconsider(facts, decision, options);
}

/** Whether a stage would not run whatever it read. */
function isSettled({ state }: Decision): boolean {
  return state === 'skip' || state === 'frozen';
}

/** The out around a path that a stage will have restored by then. */
function expectedAround(expected: Expectation | undefined, path: string): AwayThing | undefined {
  if (expected === undefined || expected.outs.size === 0) return undefined;
  for (const each of [path, ...ancestors(path)]) {
    const entry = expected.outs.get(each)?.entry;
    if (entry !== undefined) return { path: each, entry };
  }
  return undefined;
}
