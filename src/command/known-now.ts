import type { TrackedPath } from '../lockfile/pointer.ts';
import type { Stage } from '../pipeline/model.ts';
import { PipeError } from '../problem/problem.ts';
import { readPointers } from '../project/pointer-files.ts';
import { mayHaveChanged } from '../project/record-stamp.ts';
import type { Context } from './command.ts';
import type { LoadedProject } from './load-project.ts';
import { loadProject } from './load-project.ts';

/** What a project makes and tracks. */
interface KnownNow {
  readonly stages: readonly Stage[];
  readonly pointers: readonly TrackedPath[];
  /** Reads it anew where another process may have changed it since; else `undefined`. */
  readonly changed: () => KnownNow | undefined;
}

/**
 * What the project makes and tracks by now, read anew.
 * @throws {PipeError} with every problem of every pipeline file, or of every pointer
 */
export function knownNow(context: Context): KnownNow {
  const loaded = loadProject(context);
  const { pointers, problems } = readPointers(loaded.project.root, loaded.pointerFiles);
  if (problems.length > 0) throw new PipeError(problems);
  return knownOf({ loaded, pointers }, context);
}

/** What a project makes and tracks, as it was read. */
export function knownOf(
  { loaded, pointers }: { readonly loaded: LoadedProject; readonly pointers: readonly TrackedPath[] },
  context: Context,
): KnownNow {
  const { project, stages, stamp } = loaded;
  return { stages, pointers, changed: () => (mayHaveChanged(project, stamp) ? knownNow(context) : undefined) };
}
