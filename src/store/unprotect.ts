import type { Stats } from 'node:fs';
import {
  chmodSync,
  constants,
  copyFileSync,
  lstatSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { checkAborted } from '../kit/abort.ts';
import { TEMPORARY_PREFIX, temporaryBeside } from '../kit/temporary.ts';
import { umask } from '../kit/umask.ts';
import { PipeError } from '../problem/problem.ts';
import { leadsToObject } from './link.ts';

const PAUSE_EVERY = 500;

/**
 * Makes plain files, which may be written to, of the links to a store at or below a path: each becomes a copy, in one
 * step. Files with several names of other kinds become copies too; symbolic links that lead elsewhere stay.
 * @param target absolute; nothing happens where nothing lies
 * @param looseFolder of the store, absolute
 * @returns how many files were made plain or writable
 * @throws {PipeError} PIPE_FILE_CHANGED for a file that is written meanwhile; an AbortError
 */
export async function unprotect(
  target: string,
  { looseFolder, signal }: { readonly looseFolder: string; readonly signal?: AbortSignal | undefined },
): Promise<number> {
  let [done, seen] = [0, 0];
  const visit = async (path: string): Promise<void> => {
    checkAborted(signal);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory() === true) {
      for (const name of readdirSync(path)) if (!name.startsWith(TEMPORARY_PREFIX)) await visit(`${path}/${name}`);
      return;
    }
    if (stat !== undefined && freeFile(path, stat, looseFolder)) done += 1;
    seen += 1;
    if (seen % PAUSE_EVERY === 0) await setImmediate();
  };
  await visit(target);
  return done;
}

function freeFile(path: string, stat: Stats, looseFolder: string): boolean {
  if (stat.isSymbolicLink()) {
    if (!leadsToObject(readlinkSync(path), looseFolder)) return false;
    const object = statSync(path, { throwIfNoEntry: false });
    if (object?.isFile() !== true) return false;
    copyInPlace(path, { isExecutable: false });
    return true;
  }
  if (!stat.isFile()) return false;
  if (stat.nlink > 1) {
    copyInPlace(path, { isExecutable: (stat.mode & 0o100) !== 0 });
    return true;
  }
  // It was a link, and the store has given up its end.
  if ((stat.mode & 0o200) !== 0) return false;
  chmodSync(path, stat.mode | 0o200);
  return true;
}

/**
 * Puts a copy of a file in its own place, in one step; a symbolic link gives way to what it leads to.
 * @throws {PipeError} PIPE_FILE_CHANGED when it is written meanwhile; it is left as it is then
 */
export function copyInPlace(path: string, { isExecutable }: { readonly isExecutable: boolean }): void {
  const temporary = temporaryBeside(path);
  const before = statSync(path);
  try {
    copyFileSync(path, temporary, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    chmodSync(temporary, (isExecutable ? 0o777 : 0o666) & ~umask());
    const after = statSync(path);
    if (after.mtimeMs !== before.mtimeMs || after.size !== before.size || after.ino !== before.ino) throw changed(path);
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

function changed(path: string): PipeError {
  return new PipeError({
    code: 'PIPE_FILE_CHANGED',
    message: `${path} changed while it was copied`,
    hint: 'something else is writing it: wait until it is done, then try again',
  });
}
