import { closeSync, fchmodSync, fsyncSync, lstatSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { PipeError } from '../problem/problem.ts';
import { temporaryBeside } from './temporary.ts';

/** What the system says when a file cannot be written and no code of ours is to blame. */
const REASONS = new Map([
  ['EACCES', 'permission denied'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EEXIST', 'a file is in the place of its folder'],
  ['EFBIG', 'the file would be too large for this disk'],
  ['EIO', 'the disk reports an error'],
  ['EISDIR', 'a folder is in its place'],
  ['ENAMETOOLONG', 'its name is too long'],
  ['ENOSPC', 'no space left on the disk'],
  ['ENOTDIR', 'a part of its path is a file'],
  ['EPERM', 'operation not permitted'],
  ['EROFS', 'the disk is read-only'],
]);

/**
 * Replaces a file in one step: at every moment, and after a crash, it holds either the old or the new bytes. The mode
 * of a file that is there is kept, a new one gets `mode` less the umask. A symbolic link is replaced, never followed: the project may come from a stranger.
 * @param path absolute; its folder exists
 * @throws {PipeError} PIPE_FILE_WRITE when the disk is full, read-only or not ours; nothing is left behind
 */
export function writeFileAtomic(path: string, data: string | Uint8Array, mode = 0o666): void {
  const temporary = temporaryBeside(path);
  try {
    writeDurably(temporary, data, { mode, keep: modeOf(path) });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw writeProblem(path, error);
  }
}

/** The error to throw when writing `path` failed: a problem for the user where it is one, else the error itself. */
export function writeProblem(path: string, error: unknown): unknown {
  const { code = '' } = error as NodeJS.ErrnoException;
  const reason = REASONS.get(code);
  if (reason === undefined) return error;
  const message = `cannot write ${path}: ${reason}`;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  const hint = isFull ? 'free some space and run again' : 'check the folder, its owner and its mode';
  return new PipeError({ code: 'PIPE_FILE_WRITE', message, hint }, { cause: error });
}

function writeDurably(
  path: string,
  data: string | Uint8Array,
  modes: { mode: number; keep: number | undefined },
): void {
  const file = openSync(path, 'wx', modes.mode);
  try {
    if (modes.keep !== undefined) fchmodSync(file, modes.keep);
    writeFileSync(file, data);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function modeOf(path: string): number | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true ? stat.mode & 0o777 : undefined;
}
