import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Stats } from 'node:fs';

/** Errors that say that there is no such file, or none that could hold an object. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG']);

/** Whether the system says that something is not there. */
export function isAbsent(error: unknown): boolean {
  return ABSENT.has((error as NodeJS.ErrnoException).code ?? '');
}

/** What a promise gives; `undefined` when the system says that something is not there. */
export async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/**
 * The path of what lies in a folder under a key, none of whose folders is a symbolic link; `undefined` when one is, or
 * when they are not there. Only the root itself may be reached through links.
 */
export async function pathInside(root: string, key: string): Promise<string | undefined> {
  const real = await ifThere(realpath(root));
  if (real === undefined) return undefined;
  const path = join(real, key);
  const folder = dirname(path);
  return (await ifThere(realpath(folder))) === folder ? join(folder, basename(path)) : undefined;
}

/** The stat values of a plain file; `undefined` for everything else, also a symbolic link to one. */
export async function statFile(path: string): Promise<Stats | undefined> {
  const stat = await ifThere(lstat(path));
  return stat?.isFile() === true ? stat : undefined;
}
