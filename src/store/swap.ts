import { randomBytes } from 'node:crypto';
import { lstatSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { removeTree } from '../kit/remove-tree.ts';
import { temporaryBeside } from '../kit/temporary.ts';
import { PipeError } from '../problem/problem.ts';

/**
 * A file replaces a file in one step; a folder cannot be replaced, so the old one is moved away first, and put back where
 * the new one cannot take its place.
 * @throws what the system says: the target is as it was then; {PipeError} PIPE_FILE_CHANGED when somebody has put something
 * there in between: what lay there before lies beside it then, under a name that the message tells
 */
export function swap(temporary: string, target: string, isFolder: boolean): void {
  if (!isFolder) {
    try {
      renameSync(temporary, target);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EISDIR' && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    }
  }
  const old = temporaryBeside(target);
  const isAside = renamedIfThere(target, old);
  try {
    renameSync(temporary, target);
  } catch (error) {
    if (isAside) putBack(old, target, error);
    throw error;
  }
  if (isAside) removeTree(old);
}

function renamedIfThere(path: string, name: string): boolean {
  try {
    renameSync(path, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return false;
  }
}

function isFree(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) === undefined;
}

/** Nothing of the old may stay under a temporary name: whoever comes next would sweep it away. */
function putBack(old: string, target: string, cause: unknown): void {
  if (isFree(target)) {
    try {
      renameSync(old, target);
      return;
    } catch {
      // Somebody was faster.
    }
  }
  // With more behind it, a long name would be too long.
  const kept = join(dirname(target), `replaced-${randomBytes(4).toString('hex')}`);
  renameSync(old, kept);
  throw new PipeError(
    {
      code: 'PIPE_FILE_CHANGED',
      message: `somebody has put something at ${target} while it was replaced; what lay there before is ${kept}`,
      hint: 'look at both, keep one of them there, and try again',
    },
    { cause },
  );
}
