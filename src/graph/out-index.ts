import { byCodeUnit } from '../kit/order.ts';
import { ancestors } from '../kit/path.ts';
import type { Out, Stage } from '../pipeline/model.ts';
import type { Problem } from '../problem/problem.ts';
import { globMeets } from './glob.ts';

interface Made {
  readonly out: Out;
  readonly stage: Stage;
}

/** Finds who makes a path, in time that does not grow with the number of outs. */
export interface OutIndex {
  /** Duplicate outs, outs inside other outs, and pipeline files inside outs. */
  readonly problems: readonly Problem[];
  /** The stages with an out that is the path, contains it or lies inside it (or may match the pattern). */
  readonly makersOf: (path: string, glob: boolean) => Iterable<Stage>;
}

/** Indexes the outs of all stages by path. */
export function outIndex(stages: readonly Stage[]): OutIndex {
  const problems: Problem[] = [];
  const byPath = new Map<string, Made>();
  for (const stage of stages) {
    for (const out of stage.outs) {
      const first = byPath.get(out.path);
      if (first === undefined) byPath.set(out.path, { out, stage });
      else problems.push(duplicate({ out, stage }, first));
    }
  }
  const paths = [...byPath.keys()].sort(byCodeUnit);
  for (const path of paths) {
    const inner = byPath.get(path);
    for (const folder of ancestors(path)) {
      const outer = byPath.get(folder);
      if (inner !== undefined && outer !== undefined) problems.push(overlap(inner, outer));
    }
  }
  problems.push(...filesInside(stages, byPath));

  function* makersOf(path: string, glob: boolean): Generator<Stage> {
    if (glob) {
      for (const made of byPath.values()) if (globMeets(path, made.out.path)) yield made.stage;
      return;
    }
    const exact = byPath.get(path);
    if (exact !== undefined) yield exact.stage;
    for (const folder of ancestors(path)) {
      const outer = byPath.get(folder);
      if (outer !== undefined) yield outer.stage;
    }
    const prefix = path === '.' ? '' : `${path}/`;
    for (let at = lowerBound(paths, prefix); at < paths.length; at += 1) {
      const inner = byPath.get(paths[at] ?? '');
      if (inner?.out.path.startsWith(prefix) !== true) break;
      yield inner.stage;
    }
  }
  return { problems, makersOf };
}

/** The index of the first of the sorted strings that is not below `key`. */
function lowerBound(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function duplicate(second: Made, first: Made): Problem {
  const same = second.stage.address === first.stage.address;
  return {
    code: 'PIPE_OUT_DUPLICATE',
    message: same
      ? `"${second.stage.address}" lists the out ${second.out.path} twice`
      : `${second.out.path} is an out of both "${first.stage.address}" and "${second.stage.address}"`,
    hint: same ? 'list it once' : 'give one of them another path, or merge the two stages',
    at: second.out.at,
    related: [{ message: 'first listed here', at: first.out.at }],
  };
}

function overlap(inner: Made, outer: Made): Problem {
  return {
    code: 'PIPE_OUT_OVERLAP',
    message: `the out ${inner.out.path} of "${inner.stage.address}" lies inside the out ${outer.out.path} of "${outer.stage.address}"`,
    hint: 'outs of stages may not contain one another: list the files one by one, or move one out elsewhere',
    at: inner.out.at,
    related: [{ message: 'the folder is listed here', at: outer.out.at }],
  };
}

function* filesInside(stages: readonly Stage[], byPath: ReadonlyMap<string, Made>): Generator<Problem> {
  for (const file of new Set(stages.map((stage) => stage.file))) {
    for (const path of [file, ...ancestors(file)]) {
      const made = byPath.get(path);
      if (made === undefined) continue;
      yield {
        code: 'PIPE_OUT_OVERLAP',
        message: `the pipeline file ${file} lies inside the out ${path} of "${made.stage.address}", which is removed before the stage runs`,
        hint: 'move the pipeline file or the out',
        at: made.out.at,
      };
    }
  }
}
