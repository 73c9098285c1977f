import type { Dirent } from 'node:fs';
import { lstatSync, readdirSync, realpathSync } from 'node:fs';
import { writeProblem } from '../kit/atomic-file.ts';
import { systemFault } from '../kit/system-fault.ts';
import { TEMPORARY_PREFIX } from '../kit/temporary.ts';
import { readProblem } from '../kit/text-file.ts';
import { copyInPlace } from './unprotect.ts';

/** Folders of Git's and of our own: nobody's links lie there, and caches are large. */
const OWN = new Set(['.git', '.pipe']);

/**
 * Puts copies in place of the symbolic links at or below some paths that lead to some files, before these go: what a
 * user wrote through a link is nowhere else.
 * @param targets absolute; nothing happens where nothing lies
 * @param files absolute
 * @param around a folder, absolute, that is looked through, too, as far as it can be read: links stay behind where nothing
 * is tracked any more
 * @throws {PipeError} PIPE_FILE_CHANGED for a file that is written meanwhile; PIPE_FILE_READ and PIPE_FILE_WRITE where
 * that cannot be done: the files must stay then
 */
export function freeLinks(targets: Iterable<string>, files: Iterable<string>, around?: string): void {
  const real = new Set([...files].flatMap((file) => realPath(file) ?? []));
  if (real.size === 0) return;
  const looked = new Set(targets);
  const visit = (path: string, entry: Found | undefined, into: (folder: string) => void): void => {
    if (entry?.isDirectory() === true) into(path);
    else if (entry?.isSymbolicLink() === true && real.has(realPath(path) ?? '')) free(path);
  };
  const below = (folder: string): void => {
    for (const entry of lookThere(folder, () => entriesOf(folder)) ?? [])
      visit(`${folder}/${entry.name}`, entry, below);
  };
  const aroundIn = (folder: string): void => {
    for (const entry of readableEntries(folder)) {
      const path = `${folder}/${entry.name}`;
      if (!OWN.has(entry.name) && !looked.has(path)) visit(path, entry, aroundIn);
    }
  };
  for (const target of looked)
    visit(
      target,
      lookThere(target, () => lstatSync(target, { throwIfNoEntry: false })),
      below,
    );
  if (around !== undefined) aroundIn(around);
}

type Found = Pick<Dirent, 'isDirectory' | 'isSymbolicLink'>;

function entriesOf(folder: string): Dirent[] {
  return readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith(TEMPORARY_PREFIX));
}

/** None of a folder that somebody else keeps to himself, or that has gone. */
function readableEntries(folder: string): Dirent[] {
  try {
    return entriesOf(folder);
  } catch (error) {
    if (isGone(error) || systemFault(error) !== undefined) return [];
    throw error;
  }
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
