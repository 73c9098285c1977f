import type { Stats } from 'node:fs';
import { chmodSync, constants, copyFileSync, lstatSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { checkAborted } from '../kit/abort.ts';
import { TEMPORARY_PREFIX, temporaryBeside } from '../kit/temporary.ts';
import { umask } from '../kit/umask.ts';
import { PipeError } from '../problem/problem.ts';
import { linkedFile, objectLinkAt } from './link.ts';
import type { ObjectStore } from './object-store.ts';

const PAUSE_EVERY = 500;

/**
 * Makes plain files, which may be written to, of the links to a store at or below a path: each becomes a copy, in one
 * step. Files with several names of other kinds become copies too; symbolic links that lead elsewhere stay, unless the
 * object that they name can be had: from the store, or from another cache where it is right.
 * @param target absolute; nothing happens where nothing lies
 * @returns how many files were made plain or writable
 * @throws {PipeError} PIPE_FILE_CHANGED for a file that is written meanwhile; an AbortError
 */
export async function unprotect(
  target: string,
  { store, signal }: { readonly store: ObjectStore; readonly signal?: AbortSignal | undefined },
): Promise<number> {
  let [done, seen] = [0, 0];
  const visit = async (path: string): Promise<void> => {
    checkAborted(signal);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory() === true) {
      for (const name of readdirSync(path)) if (!name.startsWith(TEMPORARY_PREFIX)) await visit(`${path}/${name}`);
      return;
    }
    if (stat !== undefined && (await freeFile(path, stat, store))) done += 1;
    seen += 1;
    if (seen % PAUSE_EVERY === 0) await setImmediate();
  };
  await visit(target);
  return done;
}

async function freeFile(path: string, stat: Stats, store: ObjectStore): Promise<boolean> {
  if (stat.isSymbolicLink()) return freeLink(path, store);
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

async function freeLink(path: string, store: ObjectStore): Promise<boolean> {
  const link = objectLinkAt(path, store.layout.looseFolder);
  if (link === undefined) return false;
  if (linkedFile(path) !== undefined) {
    // A stranger may have made it, to a file that is nobody's business.
    if (!link.isOwn && store.digestOf(path) !== link.digest) return false;
    copyInPlace(path, { isExecutable: false });
    return true;
  }
  const temporary = temporaryBeside(path);
  try {
    if (!(await store.extract(link.digest, temporary, { mode: 0o666 & ~umask() }))) return false;
    renameSync(temporary, path);
    return true;
  } finally {
    rmSync(temporary, { force: true });
  }
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
