import type { ObjectStore } from './object-store.ts';
import { BrokenTree, treeParts } from './read-tree.ts';
import type { Entry } from './tree.ts';

/**
 * What lies at a path below an entry; `undefined` when nothing does, or a tree on the way is absent or damaged.
 * @param below posix; empty for the entry itself
 */
export function entryAt(store: Pick<ObjectStore, 'read'>, entry: Entry, below: string): Entry | undefined {
  let at: Entry | undefined = entry;
  for (const name of below === '' ? [] : below.split('/')) {
    if (at?.kind !== 'dir') return undefined;
    at = childOf(store, at, name);
  }
  return at;
}

function childOf(store: Pick<ObjectStore, 'read'>, folder: Entry, name: string): Entry | undefined {
  try {
    for (const { tree } of treeParts(store, folder)) {
      const child = tree.get(name);
      if (child !== undefined) return child;
    }
    return undefined;
  } catch (error) {
    if (error instanceof BrokenTree) return undefined;
    throw error;
  }
}
