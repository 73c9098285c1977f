import { accessSync, constants, lstatSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Problem } from '../problem/problem.ts';
import { TEMPORARY_PREFIX } from './temporary.ts';

/** What the system says when it refuses, and no code of ours is to blame. */
const REASONS = new Map([
  ['EACCES', 'permission denied'],
  ['EBUSY', 'something else uses it'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EEXIST', 'a file is in the place of its folder'],
  ['EFBIG', 'the file would be too large for this disk'],
  ['EIO', 'the disk reports an error'],
  ['EISDIR', 'a folder is in its place'],
  ['ELOOP', 'it is a symbolic link that leads back to itself'],
  ['EMFILE', 'too many files are open'],
  ['ENAMETOOLONG', 'its name or path is too long'],
  ['ENFILE', 'too many files are open'],
  ['ENOSPC', 'no space left on the disk'],
  ['ENOTDIR', 'a part of its path is a file'],
  ['EPERM', 'not permitted'],
  ['EROFS', 'the disk is read-only'],
  ['ESTALE', 'it was removed on another machine'],
]);

/** Where there is something better to do than to look. */
const HINTS = new Map([
  ['EDQUOT', 'free some space and run again'],
  ['ENAMETOOLONG', 'use a shorter one'],
  ['ENOSPC', 'free some space and run again'],
]);

/** A refusal of the system in words, and what to do about it. */
export interface SystemFault {
  readonly reason: string;
  readonly hint: string;
}

/** What an error of Node's says about the machine, its disks and rights; `undefined` for every other error. */
export function systemFault(error: unknown): SystemFault | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code === 'ENOENT') return faultOfLink(error as NodeJS.ErrnoException);
  const reason = REASONS.get(code ?? '');
  if (reason === undefined) return undefined;
  return { reason, hint: HINTS.get(code ?? '') ?? 'check the folder, its owner and its mode' };
}

/** What is not there is for the code to know, but where a link on the way leads nowhere: a disk that is not mounted. */
function faultOfLink({ path }: NodeJS.ErrnoException): SystemFault | undefined {
  const link = path === undefined ? undefined : danglingLink(path);
  if (link === undefined) return undefined;
  return {
    reason: `${link} is a symbolic link that leads nowhere`,
    hint: 'make what it leads to, or mount the disk where that lies; or remove the link',
  };
}

/** The symbolic link, the path itself or above it, that leads nowhere; `undefined` where there is none. */
export function danglingLink(path: string): string | undefined {
  try {
    for (let at = path; at !== dirname(at); at = dirname(at)) {
      const stat = lstatSync(at, { throwIfNoEntry: false });
      if (stat?.isSymbolicLink() === true)
        return statSync(at, { throwIfNoEntry: false }) === undefined ? at : undefined;
      if (stat !== undefined) return undefined;
    }
  } catch {
    // Whatever keeps us from looking, the caller has an error of its own.
  }
  return undefined;
}

/** The same as problems for the user, where nobody on the way knew better what was being done. */
export function systemProblem(error: unknown): readonly Problem[] | undefined {
  const fault = systemFault(error);
  if (fault === undefined) return undefined;
  const { path, dest, syscall = 'a call' } = error as NodeJS.ErrnoException & { readonly dest?: string };
  const what = path === undefined ? `the system refuses ${syscall}` : `cannot use ${culprit(path, dest)}`;
  return [{ code: 'PIPE_SYSTEM', message: `${what}: ${fault.reason}`, hint: fault.hint }];
}

/** Which path the system refuses, of a call that may have two. */
function culprit(path: string, dest: string | undefined): string {
  const refused = dest !== undefined && isReadable(path) ? dest : path;
  // Nobody knows the name of what is not finished yet: its folder is what must not be changed.
  return basename(refused).startsWith(TEMPORARY_PREFIX) ? dirname(refused) : refused;
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** What is read of a file; `undefined` where this user may not. */
export function unlessDenied<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isDenied(error)) return undefined;
    throw error;
  }
}

/** Whether an error says that this user may not do it. */
export function isDenied(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EACCES' || code === 'EPERM';
}
