import { posix } from 'node:path';
import { pointerAround } from '../data/tracked-folder.ts';
import { stageOut } from '../data/refuse.ts';
import { isWithin } from '../kit/path.ts';
import { nearest } from '../kit/nearest.ts';
import type { TrackedPath } from '../lockfile/pointer.ts';
import type { Problem } from '../problem/problem.ts';
import { inProject } from './edit-target.ts';
import type { DataProject } from './data-project.ts';

/** What a pointer tracks, or a path inside that. */
export interface PointerTarget {
  readonly pointer: TrackedPath;
  /** Relative to what the pointer tracks; empty for the whole. */
  readonly below: string;
}

/** The pointer that a word of the command line means: by its own name, by what it tracks, or by a path inside that. */
export function findPointer({ pointers, engine }: DataProject, cwd: string, target: string): PointerTarget | undefined {
  const path = inProject({ root: engine.project.root, cwd }, target.replace(/\/+$/, ''));
  const pointer = pointers.find((each) => each.path === path || each.file === path);
  if (pointer !== undefined) return { pointer, below: '' };
  const around = pointerAround(pointers, path);
  return around && { pointer: around, below: posix.relative(around.path, path) };
}

/** Why a word of the command line means no pointer. */
export function noPointer({ pointers, loaded, engine }: DataProject, cwd: string, target: string): Problem {
  const path = inProject({ root: engine.project.root, cwd }, target.replace(/\/+$/, ''));
  for (const stage of loaded.stages) {
    const out = stage.outs.find((each) => isWithin(each.path, path));
    if (out !== undefined) return stageOut(path, { stage, out });
  }
  const near = nearest(target, pointers.flatMap((each) => [each.path, each.file])); // prettier-ignore
  return {
    code: 'PIPE_TARGET_UNKNOWN',
    message: `nothing tracked is called "${target}"`,
    hint: near === undefined ? 'track a file or folder with `pipe add`' : `did you mean "${near}"?`,
  };
}
