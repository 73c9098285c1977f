import type { Dirent } from 'node:fs';
import { readdirSync } from 'node:fs';
import { posix, resolve } from 'node:path';
import type { FingerprintOptions } from '../fingerprint/file.ts';
import { globBase, globMatcher } from '../graph/glob.ts';
import { TEMPORARY_PREFIX } from '../kit/temporary.ts';
import { isPointerName } from '../lockfile/pointer.ts';

/**
 * The files and folders that match a pattern, relative to the project root, sorted. What matches is not looked into;
 * pointers, and what `.pipeignore` leaves out, never match.
 */
export function globPaths({ root, ignored }: Pick<FingerprintOptions, 'root' | 'ignored'>, pattern: string): string[] {
  const matches = globMatcher(pattern);
  const found: string[] = [];
  const look = (folder: string): void => {
    for (const entry of namesOf(resolve(root, folder))) {
      const path = folder === '.' ? entry.name : `${folder}/${entry.name}`;
      if (entry.name.startsWith(TEMPORARY_PREFIX) || isPointerName(entry.name)) continue;
      if (ignored(path, entry.isDirectory())) continue;
      if (matches(path)) found.push(path);
      else if (entry.isDirectory()) look(path);
    }
  };
  const base = globBase(pattern);
  // What is no pattern is a name in its folder.
  look(matches(base) ? posix.dirname(base) : base);
  return found.sort();
}

function namesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
