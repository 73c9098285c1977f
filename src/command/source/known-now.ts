import type { TrackedPath } from '../../lockfile/pointer.ts';
import { PipeError } from '../../problem/problem.ts';
import type { Stage } from '../../pipeline/model.ts';
import { readPointers } from '../../project/pointer-files.ts';
import type { Context } from '../command.ts';
import { loadProject } from '../load-project.ts';

/**
 * What the project makes and tracks by now, read anew.
 * @throws {PipeError} with every problem of every pipeline file, or of every pointer
 */
export function knownNow(context: Context): { readonly stages: readonly Stage[]; readonly pointers: TrackedPath[] } {
  const { project, stages, pointerFiles } = loadProject(context);
  const { pointers, problems } = readPointers(project.root, pointerFiles);
  if (problems.length > 0) throw new PipeError(problems);
  return { stages, pointers: [...pointers] };
}
