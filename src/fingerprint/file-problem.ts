import { readProblem as faultProblem } from '../kit/text-file.ts';
import { PipeError } from '../problem/problem.ts';
import { isSafeName } from '../store/tree.ts';

export function specialFile(path: string): PipeError {
  return new PipeError({
    code: 'PIPE_FILE_KIND',
    message: `${path} is a socket, pipe or device: it cannot be tracked`,
    hint: 'remove it, or name it in .pipeignore',
  });
}

export function circle(path: string): PipeError {
  return new PipeError({
    code: 'PIPE_LINK_CYCLE',
    message: `${path} is a symbolic link that leads back to itself`,
    hint: 'remove the link, or name it in .pipeignore',
  });
}

export function changed(path: string): PipeError {
  return new PipeError({
    code: 'PIPE_FILE_CHANGED',
    message: `${path} changed while it was being read`,
    hint: 'something else is writing it: wait until it is done, then try again',
  });
}

/** The error to throw when `path` could not be read: a problem for the user where it is one, else the error itself. */
export function readProblem(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR' ? changed(path) : faultProblem(path, error);
}

/** What Node puts in place of bytes that it cannot decode. */
export const REPLACEMENT = '\ufffd';

export function notUtf8(what: string, hint: string): PipeError {
  return new PipeError({
    code: 'PIPE_NAME_NOT_UTF8',
    message: `${what} is not UTF-8, or holds the replacement character`,
    hint,
  });
}

/** @throws {PipeError} PIPE_NAME_NOT_UTF8 for a name that could not be decoded: its file could not be found by it. */
export function checkDecoded(path: string, name: string): void {
  if (name.includes(REPLACEMENT)) throw notUtf8(`the name of ${JSON.stringify(path)}`, 'rename the file');
}

export function checkName(path: string, name: string): void {
  checkDecoded(path, name);
  if (!isSafeName(name)) {
    throw new PipeError({
      code: 'PIPE_NAME_UNSAFE',
      message: `${JSON.stringify(path)} has a name that cannot be stored: .git, .dvc and .pipe are refused`,
      hint: 'rename it, or name it in .pipeignore',
    });
  }
}
