import { byCodeUnit } from '../kit/order.ts';
import type { ObjectStore } from './object-store.ts';
import type { Bounds } from './read-tree.ts';
import { BrokenTree, openPart } from './read-tree.ts';
import type { Entry, Part } from './tree.ts';

/**
 * What lies at a path below an entry; `undefined` when nothing does, or a tree on the way is absent or damaged. Of big
 * folders only the parts on the way are read.
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

function childOf(store: Pick<ObjectStore, 'read'>, folder: Omit<Part, 'last'>, name: string): Entry | undefined {
  let part: Omit<Part, 'last'> = folder;
  let bounds: Bounds = {};
  try {
    for (let height = 0; ; height += 1) {
      const bytes = store.read(part.digest);
      if (bytes === undefined) return undefined;
      const opened = openPart(bytes, part, { height, ...bounds });
      if ('tree' in opened) return opened.tree.get(name);
      const at = opened.parts.findIndex(({ last }) => byCodeUnit(last, name) >= 0);
      const next = opened.parts[at];
      if (next === undefined) return undefined;
      bounds = { after: opened.parts[at - 1]?.last ?? bounds.after, last: next.last };
      part = next;
    }
  } catch (error) {
    if (error instanceof BrokenTree) return undefined;
    throw error;
  }
}
