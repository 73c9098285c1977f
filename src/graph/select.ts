import picomatch from 'picomatch';
import { isWithin } from '../kit/path.ts';
import type { Stage } from '../pipeline/model.ts';
import type { Problem, Result } from '../problem/problem.ts';
import { fail, ok } from '../problem/problem.ts';
import { nearest } from '../kit/nearest.ts';
import type { Graph } from './graph.ts';

/** What a user asks for on the command line, with DVC's meanings. */
export interface Selection {
  /**
   * Stage names, addresses, groups, pipeline files or outs, each as given and as a path relative to the root. None:
   * everything.
   */
  readonly targets: readonly Target[];
  /** Only the targets themselves, not what they need. */
  readonly single?: boolean;
  /** The targets and what needs them, instead of what they need. */
  readonly downstream?: boolean;
  /** The whole pipelines (connected parts of the graph) that the targets belong to. */
  readonly pipeline?: boolean;
  /** Targets are folders: every stage of the pipeline files below them. */
  readonly recursive?: boolean;
  /** Targets are patterns over stage names. */
  readonly glob?: boolean;
}

export interface Target {
  readonly text: string;
  /** `text` as a path, relative to the project root, posix. */
  readonly path: string;
  /** The pipeline file whose stages can be named without their file: the one of the current folder. */
  readonly file?: string;
}

/** The addresses that a selection amounts to; every target that names nothing is a problem. */
export function selectStages(graph: Graph, selection: Selection): Result<ReadonlySet<string>> {
  const problems: Problem[] = [];
  const chosen = new Set<string>();
  for (const target of selection.targets) {
    const found = findTarget(graph, target, selection);
    if (found.length === 0) problems.push(unknownTarget(graph, target));
    for (const address of found) chosen.add(address);
  }
  if (problems.length > 0) return fail(...problems);
  if (selection.targets.length === 0) return ok(new Set(graph.order));
  if (selection.single === true) return ok(chosen);
  if (selection.pipeline === true) return ok(reach(chosen, (at) => [...neighbours(graph, at)]));
  if (selection.downstream === true) return ok(reach(chosen, (address) => graph.neededBy.get(address) ?? []));
  // What a frozen stage needs is of no use to it.
  return ok(
    reach(chosen, (address) => (graph.stages.get(address)?.frozen === true ? [] : (graph.needs.get(address) ?? []))),
  );
}

/** The start and everything reachable from it. */
export function reach(start: Iterable<string>, next: (address: string) => Iterable<string>): Set<string> {
  const seen = new Set(start);
  for (const address of seen) for (const each of next(address)) seen.add(each);
  return seen;
}

function neighbours(graph: Graph, address: string): string[] {
  return [...(graph.needs.get(address) ?? []), ...(graph.neededBy.get(address) ?? [])];
}

function findTarget(graph: Graph, target: Target, selection: Selection): string[] {
  const stages = [...graph.stages.values()];
  const addresses = (holds: (stage: Stage) => boolean): string[] => stages.filter(holds).map((stage) => stage.address);
  if (selection.recursive === true) {
    const below = addresses((stage) => isWithin(target.path, stage.file));
    if (below.length > 0) return below;
  }
  const { file, name } = splitAddress(target);
  if (selection.glob === true) {
    const matches = picomatch(name);
    return addresses((stage) => (file === undefined || stage.file === file) && matches(stage.name));
  }
  const named = addresses(
    (stage) => (stage.name === name || stage.group === name) && (file === undefined || stage.file === file),
  );
  if (named.length > 0) return named;
  if (graph.stages.has(target.text)) return [target.text];
  const inFile = addresses((stage) => stage.file === target.path);
  if (inFile.length > 0) return inFile;
  return addresses((stage) => stage.outs.some((out) => isWithin(out.path, target.path)));
}

/** `sub/pipeline.yaml:train` names a stage of that file; a bare name one of the current folder's file. */
function splitAddress(target: Target): { file: string | undefined; name: string } {
  const colon = target.path.lastIndexOf(':');
  if (colon < 0) return { file: target.file, name: target.text };
  const file = target.path.slice(0, colon);
  // `:train`: of the current folder's file.
  return { file: file === '' || file.endsWith('/') ? target.file : file, name: target.path.slice(colon + 1) };
}

function unknownTarget(graph: Graph, target: Target): Problem {
  const names = [...graph.stages.values()].flatMap(({ address, name, group = name }) => [group, name, address]);
  const near = nearest(target.text, names);
  return {
    code: 'PIPE_TARGET_UNKNOWN',
    message: `"${target.text}" is neither a stage, nor a pipeline file, nor an out of a stage`,
    hint: near === undefined ? 'run `pipe stage list` to see the stages' : `did you mean "${near}"?`,
  };
}
