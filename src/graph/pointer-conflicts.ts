import { ancestors, isWithin, nearestAbove } from '../kit/path.ts';
import type { PointerPlace } from '../lockfile/pointer.ts';
import type { Out, Stage } from '../pipeline/model.ts';
import type { Place, Problem } from '../problem/problem.ts';
import { outIndex } from './out-index.ts';

/** The files that do not lie in an out of a stage: what does is data of the out, whatever its name. */
export function outsideOuts(files: readonly string[], stages: readonly Stage[]): string[] {
  if (files.length === 0) return [];
  const outs = new Set(stages.flatMap((stage) => stage.outs.map((out) => out.path)));
  return files.filter((file) => !outs.has(file) && ![...ancestors(file)].some((folder) => outs.has(folder)));
}

/**
 * Where pointers get in each other's way, or in that of stages: two for one path, one that tracks or lies inside what
 * another tracks, one for what is or lies inside an out. An out may lie inside a tracked folder: it is the stage's, and
 * no part of what the pointer records.
 */
export function pointerConflicts(pointers: readonly PointerPlace[], stages: readonly Stage[]): Problem[] {
  const byPath = new Map<string, PointerPlace>();
  const problems: Problem[] = [];
  for (const pointer of pointers) {
    const first = byPath.get(pointer.path);
    if (first === undefined) byPath.set(pointer.path, pointer);
    else problems.push(duplicate(pointer, first));
  }
  const { makersOf } = outIndex(stages);
  for (const pointer of pointers) {
    const outer = nearestAbove(pointer.path, byPath);
    if (outer !== undefined) problems.push(inside(pointer, outer));
    const around = nearestAbove(pointer.file, byPath);
    if (around !== undefined && around !== outer && around.path !== pointer.path) problems.push(lost(pointer, around));
    for (const stage of new Set(makersOf(pointer.path, false))) problems.push(...overlaps(pointer, stage));
  }
  return problems;
}

function duplicate(second: PointerPlace, first: PointerPlace): Problem {
  return {
    code: 'PIPE_POINTER_CONFLICT',
    message: `${second.path} is tracked by both ${first.file} and ${second.file}`,
    hint: 'remove one of the two pointers',
    at: second.at,
    related: [{ message: 'first tracked here', at: first.at }],
  };
}

function inside(inner: PointerPlace, outer: PointerPlace): Problem {
  return {
    code: 'PIPE_POINTER_CONFLICT',
    message: `${inner.path} lies inside ${outer.path}, which ${outer.file} tracks as a whole`,
    hint: `remove ${inner.file}, or track the contents of ${outer.path} one by one`,
    at: inner.at,
    related: [{ message: 'the folder is tracked here', at: outer.at }],
  };
}

function lost(pointer: PointerPlace, outer: PointerPlace): Problem {
  return {
    code: 'PIPE_POINTER_CONFLICT',
    message: `the pointer ${pointer.file} lies inside ${outer.path}, which ${outer.file} tracks`,
    hint: 'move the pointer out of the folder',
    at: pointer.at,
    related: [{ message: 'the folder is tracked here', at: outer.at }],
  };
}

function overlaps(pointer: PointerPlace, stage: Stage): Problem[] {
  return stage.outs
    .filter((out) => isWithin(out.path, pointer.path))
    .map((out) => ({
      code: 'PIPE_POINTER_CONFLICT',
      message: `${pointer.path}, which ${pointer.file} tracks, ${relation(pointer.path, out)} of "${stage.address}"`,
      hint: 'what a stage makes needs no pointer: remove it, or take the out from the stage',
      at: pointer.at,
      related: [relatedOut(out.at)],
    }));
}

function relation(path: string, out: Out): string {
  return path === out.path ? 'is an out' : `lies inside the out ${out.path}`;
}

function relatedOut(at: Place): { readonly message: string; readonly at: Place } {
  return { message: 'the out is listed here', at };
}
