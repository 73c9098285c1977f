import type { Dirent } from 'node:fs';
import { entriesOneByOne } from '../kit/folder-entries.ts';
import { helperThreads } from '../kit/helper-threads.ts';
import { FEWEST_TO_LOOK_AT } from './look-ahead.ts';

/** A walk over so many entries is long enough for threads to help with it. */
const MANY = 1_000;

/** Folders that are looked into to find out; where the first ones hold little, others hardly hold much. */
const MOST_FOLDERS = 12;

/**
 * Starts the helper threads for a walk over a path that looks like many files. They take as long to start as reading
 * some thousand files does: to be called first thing, while there is other work to do.
 * @param path absolute
 */
export function startThreadsFor(path: string): void {
  if (holdsMany(path)) helperThreads();
}

/** The same for a walk over so many files that are known already. */
export function startThreadsForFiles(files: number): void {
  if (files >= FEWEST_TO_LOOK_AT) helperThreads();
}

/** Whether the first folders at or below a path hold many entries. */
export function holdsMany(path: string): boolean {
  const folders = [path];
  let entries = 0;
  for (let at = 0; at < Math.min(folders.length, MOST_FOLDERS); at += 1) {
    const folder = folders[at] ?? '';
    for (const entry of someEntries(folder, MANY - entries)) {
      entries += 1;
      if (entry.isDirectory()) folders.push(`${folder}/${entry.name}`);
    }
    if (entries >= MANY) return true;
  }
  return false;
}

/** The first entries of a folder; none of what is no folder, or cannot be read: the walk says so. */
function someEntries(folder: string, most: number): Dirent[] {
  const found: Dirent[] = [];
  try {
    for (const entry of entriesOneByOne(folder)) {
      if (found.push(entry) >= most) break;
    }
  } catch {
    // Nobody asked for them yet.
  }
  return found;
}
