import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeProblem } from '../kit/atomic-file.ts';
import { isWithin } from '../kit/path.ts';
import { removeTree } from '../kit/remove-tree.ts';
import { temporaryBeside } from '../kit/temporary.ts';
import { PipeError } from '../problem/problem.ts';
import type { Engine } from '../run/engine.ts';
import { checkInside } from '../store/restore.ts';
import { statNow } from '../store/untouched.ts';
import { copyTree } from './copy-tree.ts';
import type { DataOptions } from './workspace.ts';
import { absoluteOf } from './workspace.ts';

/** What is to be copied into the project. */
export interface CopyIn {
  /** Absolute. */
  readonly from: string;
  /** Overwrite what lies there. */
  readonly force: boolean;
}

/** A copy that is in its place. One of the two is to be called. */
export interface CopiedIn {
  /** It stays: what lay there before goes for good. */
  keep(): void;
  /** It goes: what lay there before comes back. */
  undo(): void;
}

/**
 * Copies a file or folder of this machine into the project, as it is: links stay links. It appears as a whole or not at
 * all. The caller has claimed its place.
 * @param to posix, relative to the project root
 * @throws {PipeError} PIPE_DEP_MISSING, PIPE_USAGE where something lies there and `force` is not set; an AbortError;
 * nothing is changed then
 */
export async function copyIn(
  engine: Engine,
  to: string,
  { from, force, signal, progress }: CopyIn & Pick<DataOptions, 'signal' | 'progress'>,
): Promise<CopiedIn> {
  const target = absoluteOf(engine.project, to);
  checkInside(target, engine.project.root);
  if (!existsSync(from)) throw new PipeError({ code: 'PIPE_DEP_MISSING', message: `${from} does not exist` });
  if (isWithin(from, target) || isWithin(target, from)) {
    throw new PipeError({
      code: 'PIPE_USAGE',
      message: `${from} cannot be copied to ${to}: one lies inside the other`,
    });
  }
  if (statNow(target) !== undefined && !force) {
    throw new PipeError({ code: 'PIPE_USAGE', message: `${to} exists already`, hint: 'overwrite it with --force' });
  }
  const [temporary, old] = [temporaryBeside(target), temporaryBeside(target)];
  const putBack = (): void => {
    if (statNow(old) !== undefined) renameSync(old, target);
  };
  try {
    mkdirSync(dirname(target), { recursive: true });
    await copyTree(from, temporary, { signal, onProgress: progress?.done });
    if (statNow(target) !== undefined) renameSync(target, old);
    renameSync(temporary, target);
  } catch (error) {
    putBack();
    throw writeProblem(target, error);
  } finally {
    removeTree(temporary);
  }
  return {
    keep() {
      removeTree(old);
    },
    undo() {
      removeTree(target);
      putBack();
    },
  };
}
