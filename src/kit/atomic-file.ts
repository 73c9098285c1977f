import { closeSync, fchmodSync, fsyncSync, lstatSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { PipeError } from '../problem/problem.ts';
import { systemFault } from './system-fault.ts';
import { temporaryBeside } from './temporary.ts';

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
  const fault = systemFault(error);
  if (fault === undefined) return error;
  const message = `cannot write ${path}: ${fault.reason}`;
  return new PipeError({ code: 'PIPE_FILE_WRITE', message, hint: fault.hint }, { cause: error });
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
