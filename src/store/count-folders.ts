import type { Digest } from '../kit/digest.ts';
import { MOST_FILES } from '../lockfile/block.ts';
import type { ObjectStore } from './object-store.ts';
import type { ReadTree } from './read-tree.ts';
import { BrokenTree, readTree, readUnlike, treeParts } from './read-tree.ts';
import type { Entry } from './tree.ts';

/** Folders nested deeper than this are refused: a tree may come from a stranger. */
export const DEEPEST = 512;

/** Reads the lists of folders; not of one that stands for more folders than any holds files. */
export function boundedTrees(store: Pick<ObjectStore, 'read'>): ReadTree {
  const emptyIn = emptyFolders(store);
  const isBounded = (folder: Entry): boolean => emptyIn(folder) <= MOST_FILES;
  return Object.assign((folder: Entry) => (isBounded(folder) ? readTree(store, folder) : undefined), {
    pair: (before: Entry, after: Entry) =>
      isBounded(before) && isBounded(after) ? readUnlike(store, before, after) : undefined,
  });
}

/**
 * How many folders an entry without files stands for, itself included; 0 for other entries. What is said of a folder
 * bounds its files, and with them all folders but these: of them a few lists of a stranger can stand for very many.
 * Each list is read once; what cannot be read counts as empty.
 */
export function emptyFolders(store: Pick<ObjectStore, 'read'>): (entry: Entry) => number {
  const known = new Map<Digest, number>();
  const count = (folder: Entry, depth: number): number => {
    if (depth > DEEPEST) return 0;
    const before = known.get(folder.digest);
    if (before !== undefined) return before;
    let found = 1;
    try {
      for (const { tree } of treeParts(store, folder)) {
        for (const child of tree.values()) if (child.kind === 'dir') found += count(child, depth + 1);
      }
    } catch (error) {
      if (!(error instanceof BrokenTree)) throw error;
    }
    known.set(folder.digest, found);
    return found;
  };
  return (entry) => (entry.kind === 'dir' && entry.files === 0 ? count(entry, 0) : 0);
}
