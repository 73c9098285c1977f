import { byCodeUnit, sortedBy } from '../kit/order.ts';
import type { TreeChange } from './diff-tree.ts';
import type { Entry } from './tree.ts';

/** A change, or something that went from one path to another. */
export type RenamedOrChange =
  TreeChange | { readonly kind: 'renamed'; readonly from: string; readonly path: string; readonly entry: Entry };

type Added = Extract<TreeChange, { readonly kind: 'added' }>;
type Deleted = Extract<TreeChange, { readonly kind: 'deleted' }>;

/**
 * Makes renames of what is gone from one path and new at another with the same bytes and kind. Paths of the same base
 * name go together first, then the rest, both in the order of their paths. Empty folders are left alone.
 * @returns sorted by path, a rename by its new one
 */
export function pairRenames(changes: Iterable<TreeChange>): RenamedOrChange[] {
  const result: RenamedOrChange[] = [];
  const moves = new Map<string, { readonly deleted: Deleted[]; readonly added: Added[] }>();
  for (const change of changes) {
    const identity = identityOf(change);
    if (identity === undefined) {
      result.push(change);
      continue;
    }
    const group = moves.get(identity) ?? { deleted: [], added: [] };
    if (change.kind === 'added') group.added.push(change);
    if (change.kind === 'deleted') group.deleted.push(change);
    moves.set(identity, group);
  }
  for (const { deleted, added } of moves.values()) {
    const left = { deleted: sortedBy(deleted, pathOf), added: sortedBy(added, pathOf) };
    const byName = pairUp(left, ({ path }) => baseName(path));
    const byOrder = pairUp(byName, () => '');
    for (const list of [byName.renamed, byOrder.renamed, byOrder.deleted, byOrder.added]) {
      for (const each of list) result.push(each);
    }
  }
  return result.sort((a, b) => byCodeUnit(a.path, b.path) || byCodeUnit(a.kind, b.kind));
}

/** What two ends of a rename have in common; `undefined` for what is no end of one. */
function identityOf(change: TreeChange): string | undefined {
  if (change.kind !== 'added' && change.kind !== 'deleted') return undefined;
  const entry = change.kind === 'added' ? change.after : change.before;
  const isEmptyFolder = entry.kind === 'dir' && entry.files === 0;
  return isEmptyFolder ? undefined : `${entry.kind} ${entry.digest} ${String(entry.size)}`;
}

interface Ends {
  readonly deleted: readonly Deleted[];
  readonly added: readonly Added[];
}

/** Pairs those of one key, first with first; what is left over keeps its order. */
function pairUp(
  { deleted, added }: Ends,
  keyOf: (end: Deleted | Added) => string,
): Ends & { renamed: RenamedOrChange[] } {
  const waiting = new Map<string, Deleted[]>();
  // From the end, so that the first is the next to be taken.
  for (const end of deleted.toReversed()) getOrMake(waiting, keyOf(end)).push(end);
  const renamed: RenamedOrChange[] = [];
  const taken = new Set<Deleted>();
  const rest = added.filter((end) => {
    const from = waiting.get(keyOf(end))?.pop();
    if (from === undefined) return true;
    taken.add(from);
    renamed.push({ kind: 'renamed', from: from.path, path: end.path, entry: end.after });
    return false;
  });
  return { renamed, added: rest, deleted: deleted.filter((end) => !taken.has(end)) };
}

function getOrMake<T>(lists: Map<string, T[]>, key: string): T[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

function pathOf({ path }: TreeChange): string {
  return path;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
