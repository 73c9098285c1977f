import { boundedTrees } from '../store/count-folders.ts';
import { diffTrees } from '../store/diff-tree.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Tree } from '../store/tree.ts';
import { filesOf } from '../store/tree.ts';

/** How many files are recorded that were not, recorded otherwise, and recorded no more. */
export interface Changes {
  readonly added: number;
  readonly modified: number;
  readonly deleted: number;
}

/** Counts what differs between two sets of entries, by files; `undefined` where a list of a folder is not here. */
export function countChanges(store: Pick<ObjectStore, 'read'>, before: Tree, after: Tree): Changes | undefined {
  const counts = { added: 0, modified: 0, deleted: 0 };
  if (before.size === 0) {
    // Nothing has to be read.
    for (const entry of after.values()) counts.added += filesOf(entry);
    return counts;
  }
  for (const change of diffTrees(before, after, boundedTrees(store))) {
    if (change.kind === 'unknown') return undefined;
    const entry = change.kind === 'deleted' ? change.before : change.after;
    if (entry.kind !== 'dir') counts[change.kind] += 1;
  }
  return counts;
}
