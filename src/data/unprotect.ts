import type { Engine } from '../run/engine.ts';
import { isInside } from '../store/restore.ts';
import { unprotect } from '../store/unprotect.ts';
import type { Selected } from './select.ts';
import { pathOf } from './select.ts';
import type { TrackedPlace } from './tracked.ts';
import type { DataOptions } from './workspace.ts';
import { absoluteOf, claimed } from './workspace.ts';

/** A path, and how many files there became plain copies, or writable. */
export interface Unprotected {
  readonly path: string;
  readonly files: number;
}

/**
 * Makes plain, writable files of what is linked to the store in the workspace, each in one step.
 * @throws {PipeError} PIPE_FILE_CHANGED for a file that is written meanwhile
 */
export async function unprotectPaths(
  engine: Engine,
  selected: readonly Selected<TrackedPlace>[],
  { signal }: Pick<DataOptions, 'signal'>,
): Promise<Unprotected[]> {
  const paths = selected.map(pathOf);
  return claimed(engine, { writes: paths, signal, name: 'unprotect' }, async () => {
    const done: Unprotected[] = [];
    for (const path of paths) done.push({ path, files: await unprotectPath(engine, path, signal) });
    return done;
  });
}

/**
 * The same for one path, which the caller has claimed; how many files became plain.
 * @throws {PipeError} PIPE_FILE_CHANGED for a file that is written meanwhile
 */
export async function unprotectPath({ project, store }: Engine, path: string, signal: AbortSignal): Promise<number> {
  const target = absoluteOf(project, path);
  // Never through a symbolic link out of the project.
  if (!isInside(target, project.root)) return 0;
  return unprotect(target, { store, signal });
}
