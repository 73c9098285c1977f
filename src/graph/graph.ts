import { sortedBy } from '../kit/order.ts';
import type { Stage } from '../pipeline/model.ts';
import type { Problem, Result } from '../problem/problem.ts';
import { fail, ok } from '../problem/problem.ts';
import { findCycles } from './cycle.ts';
import { topologicalOrder } from './order.ts';
import { outIndex } from './out-index.ts';

/**
 * Which stage needs which. Stages are named by address. A stage needs another when one of its deps or parameter files
 * is, contains, or lies inside an out of the other.
 */
export interface Graph {
  /** Every stage by address, in the order of the files. */
  readonly stages: ReadonlyMap<string, Stage>;
  /** Addresses of the stages that a stage needs directly, in the order of the files. */
  readonly needs: ReadonlyMap<string, readonly string[]>;
  /** The reverse of `needs`. */
  readonly neededBy: ReadonlyMap<string, readonly string[]>;
  /** All addresses, what is needed before what needs it; otherwise in the order of the files. */
  readonly order: readonly string[];
}

/** Builds the graph; reports duplicate and overlapping outs and every cycle, all at once. */
export function buildGraph(stages: readonly Stage[]): Result<Graph> {
  const byAddress = new Map(stages.map((stage) => [stage.address, stage]));
  const outs = outIndex(stages);
  const needs = new Map(stages.map((stage) => [stage.address, needsOf(stage, outs.makersOf)]));
  const problems: Problem[] = [...outs.problems, ...findCycles(byAddress, needs)];
  if (problems.length > 0) return fail(...problems);
  return ok({
    stages: byAddress,
    needs,
    neededBy: reverse(needs),
    order: topologicalOrder([...byAddress.keys()], needs),
  });
}

function needsOf(stage: Stage, makersOf: (path: string, glob: boolean) => Iterable<Stage>): string[] {
  const makers = new Set<string>();
  for (const dep of stage.deps) {
    if (!dep.url) for (const maker of makersOf(dep.path, dep.glob)) makers.add(maker.address);
  }
  for (const param of stage.params) for (const maker of makersOf(param.path, false)) makers.add(maker.address);
  return sortedBy(makers, (address) => address);
}

function reverse(needs: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  const neededBy = new Map<string, string[]>([...needs.keys()].map((address) => [address, []]));
  for (const [address, needed] of needs) for (const each of needed) neededBy.get(each)?.push(address);
  return neededBy;
}
