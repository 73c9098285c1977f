import { lstatSync, readdirSync, realpathSync } from 'node:fs';
import { writeProblem } from '../kit/atomic-file.ts';
import { systemFault } from '../kit/system-fault.ts';
import { TEMPORARY_PREFIX } from '../kit/temporary.ts';
import { readProblem } from '../kit/text-file.ts';
import { copyInPlace } from './unprotect.ts';

/**
 * Puts copies in place of the symbolic links at or below some paths that lead to some files, before these go: what a
 * user wrote through a link is nowhere else.
 * @param targets absolute; nothing happens where nothing lies
 * @param files absolute
 * @throws {PipeError} PIPE_FILE_CHANGED for a file that is written meanwhile; PIPE_FILE_READ and PIPE_FILE_WRITE where
 * that cannot be done: the files must stay then
 */
export function freeLinks(targets: Iterable<string>, files: Iterable<string>): void {
  const real = new Set([...files].flatMap((file) => realPath(file) ?? []));
  if (real.size === 0) return;
  const visit = (path: string): void => {
    const stat = lookThere(path, () => lstatSync(path, { throwIfNoEntry: false }));
    if (stat?.isDirectory() === true) {
      const names = lookThere(path, () => readdirSync(path)) ?? [];
      for (const name of names) if (!name.startsWith(TEMPORARY_PREFIX)) visit(`${path}/${name}`);
    } else if (stat?.isSymbolicLink() === true && real.has(realPath(path) ?? '')) free(path);
  };
  for (const target of targets) visit(target);
}

/** What lies there; `undefined` where nothing does any more, or nothing ever can: locks of strangers name paths, too. */
function lookThere<T>(path: string, look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (isGone(error) || isNowhere(error)) return undefined;
    throw readProblem(path, error);
  }
}

function free(path: string): void {
  try {
    copyInPlace(path, { isExecutable: false });
  } catch (error) {
    // The link, or what it led to: then nothing is to be kept.
    if (!isGone(error)) throw writeProblem(path, error);
  }
}

/** Somebody has removed it since it was looked at. */
function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function isNowhere(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENAMETOOLONG' || code === 'ELOOP';
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || systemFault(error) !== undefined) return undefined;
    throw error;
  }
}
