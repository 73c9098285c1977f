import type { Stats } from 'node:fs';
import { readFileSync, statSync } from 'node:fs';
import { PipeError } from '../problem/problem.ts';
import { systemFault } from './system-fault.ts';

/** Far more than anybody writes by hand; what is larger is data, or a trap. In bytes. */
const LARGEST = 64 << 20;

/**
 * The text of a file that people or `pipe` write; `undefined` where no plain file is.
 * @param shown what messages call it
 * @param largest in bytes, 64 MiB unless said otherwise
 * @throws {PipeError} PIPE_FILE_TOO_BIG beyond `largest`, which is not read; PIPE_FILE_READ for one that is not ours to read
 */
export function readTextFile(absolute: string, shown: string, largest = LARGEST): string | undefined {
  try {
    const stat = statIfThere(absolute);
    if (stat?.isFile() !== true) return undefined;
    if (stat.size > largest) throw tooBig(shown, stat.size, largest);
    return readFileSync(absolute, 'utf8');
  } catch (error) {
    throw readProblem(shown, error);
  }
}

/** The error to throw when `path` could not be read: a problem for the user where it is one, else the error itself. */
export function readProblem(path: string, error: unknown): unknown {
  const fault = systemFault(error);
  if (fault === undefined) return error;
  const message = `cannot read ${path}: ${fault.reason}`;
  return new PipeError({ code: 'PIPE_FILE_READ', message, hint: fault.hint }, { cause: error });
}

function statIfThere(absolute: string): Stats | undefined {
  try {
    return statSync(absolute, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function tooBig(shown: string, size: number, largest: number): PipeError {
  return new PipeError({
    code: 'PIPE_FILE_TOO_BIG',
    message: `${shown} has ${Math.ceil(size / 2 ** 20).toString()} MiB; up to ${(largest / 2 ** 20).toString()} are read`,
    hint: 'a file of data belongs into deps',
  });
}
