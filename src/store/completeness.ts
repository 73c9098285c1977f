import type { Digest } from '../kit/digest.ts';
import { MOST_FILES } from '../lockfile/block.ts';
import { DEEPEST, emptyFolders } from './count-folders.ts';
import type { ObjectStore } from './object-store.ts';
import { BrokenTree, treeParts } from './read-tree.ts';
import type { Entry } from './tree.ts';
import { filesOf } from './tree.ts';

/** Whether every object that an entry needs is there, by name; bytes are checked when they are restored. */
export function isComplete(store: ObjectStore, entry: Entry): boolean {
  // Each tree is looked at once, however often it occurs: few trees can stand for very many folders.
  const complete = new Set<Digest>();
  const check = (each: Entry, depth: number): boolean => {
    if (!store.has(each.digest)) return false;
    if (each.kind !== 'dir' || complete.has(each.digest)) return true;
    if (depth >= DEEPEST) return false;
    for (const { tree } of treeParts(store, each)) {
      for (const child of tree.values()) if (!check(child, depth + 1)) return false;
    }
    complete.add(each.digest);
    return true;
  };
  return whole(() => check(entry, 0));
}

/** How many files of an entry the store lacks: of a folder whose list it lacks, all. */
export function lackingFiles(store: ObjectStore, entry: Entry): number {
  const known = new Map<Digest, number>();
  const count = (each: Entry, depth: number): number => {
    if (!store.has(each.digest) || depth >= DEEPEST) return filesOf(each);
    if (each.kind !== 'dir') return 0;
    const before = known.get(each.digest);
    if (before !== undefined) return before;
    let found = 0;
    const isRead = whole(() => {
      for (const { tree } of treeParts(store, each)) {
        for (const child of tree.values()) found += count(child, depth + 1);
      }
      return true;
    });
    const lacking = isRead ? found : filesOf(each);
    known.set(each.digest, lacking);
    return lacking;
  };
  return count(entry, 0);
}

/**
 * Whether folders nest deeper in an entry than anything is restored, or are too many without a file. What is missing has
 * no depth.
 */
export function nestsTooDeep(store: ObjectStore, entry: Entry): boolean {
  if (emptyFolders(store)(entry) > MOST_FILES) return true;
  let level: readonly Entry[] = [entry];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST) return true;
    // By digest: few trees can stand for very many folders.
    const next = new Map<Digest, Entry>();
    for (const each of level) for (const child of foldersIn(store, each)) next.set(child.digest, child);
    level = [...next.values()];
  }
  return false;
}

function foldersIn(store: ObjectStore, entry: Entry): Entry[] {
  const found: Entry[] = [];
  if (entry.kind !== 'dir') return found;
  whole(() => {
    for (const { tree } of treeParts(store, entry)) {
      for (const child of tree.values()) if (child.kind === 'dir') found.push(child);
    }
    return true;
  });
  return found;
}

function whole(look: () => boolean): boolean {
  try {
    return look();
  } catch (error) {
    if (error instanceof BrokenTree) return false;
    throw error;
  }
}
