import { byCodeUnit } from '../kit/order.ts';
import { DEEPEST } from './count-folders.ts';
import type { ReadTree, TreePair } from './read-tree.ts';
import type { Entry, Tree } from './tree.ts';

/**
 * What differs at a path, which is that of a file or a link; or of a folder that is only on one side and empty; or,
 * where `unknown`, of a folder that is not the same on both sides and whose contents are not known on one.
 */
export type TreeChange =
  | { readonly kind: 'added'; readonly path: string; readonly after: Entry }
  | { readonly kind: 'deleted'; readonly path: string; readonly before: Entry }
  | { readonly kind: 'modified'; readonly path: string; readonly before: Entry; readonly after: Entry }
  | { readonly kind: 'unknown'; readonly path: string; readonly before?: Entry; readonly after?: Entry };

/**
 * The differences of two sets of entries, which may be trees, or whatever lies at some paths that do not contain each
 * other. Sorted by path (UTF-16 code units), a folder's as if it ended with `/`. Folders that are the same on both sides are not read; nothing is read
 * before it is asked for. Few tree objects can stand for very many paths: whoever cannot trust them stops asking.
 */
export function* diffTrees(before: Tree, after: Tree, readTree: ReadTree): Generator<TreeChange, void, undefined> {
  const open = [pairs(before, after, '')];
  for (let pair = open.at(-1)?.next(); pair !== undefined; pair = open.at(-1)?.next()) {
    if (pair.done === true) {
      open.pop();
      continue;
    }
    const change = pair.value;
    if (change.kind === 'modified' && isSame(change.before, change.after)) continue;
    if (!isFolder(change)) {
      yield change;
      continue;
    }
    const inside = open.length <= DEEPEST ? insideOf(change, readTree) : undefined;
    if (inside === undefined) yield { ...change, kind: 'unknown' };
    else if (change.kind !== 'modified' && inside.before.size + inside.after.size === 0) yield change;
    else open.push(pairs(inside.before, inside.after, `${change.path}/`));
  }
}

/** Whether two entries say the same of a path. A size that does not fit a digest is a stranger's lie, and a difference. */
export function isSame(a: Entry, b: Entry): boolean {
  if (a.kind !== b.kind || a.digest !== b.digest || a.size !== b.size) return false;
  return a.kind !== 'dir' || b.kind !== 'dir' || a.files === b.files;
}

/** Whether two entries stand for the same object, whatever size they claim; also where there is none on either side. */
export function isSameObject(a: Entry | undefined, b: Entry | undefined): boolean {
  return a?.kind === b?.kind && a?.digest === b?.digest;
}

type Pair = Exclude<TreeChange, { readonly kind: 'unknown' }>;

/** A folder and a file of one name never make a pair. */
function isFolder(pair: Pair): boolean {
  return ('before' in pair ? pair.before : pair.after).kind === 'dir';
}

const EMPTY: Tree = new Map();

function insideOf(pair: Pair, readTree: ReadTree): TreePair | undefined {
  const unlike = pair.kind === 'modified' ? readTree.pair?.(pair.before, pair.after) : undefined;
  if (unlike !== undefined) return unlike;
  const before = 'before' in pair ? readTree(pair.before) : EMPTY;
  const after = 'after' in pair ? readTree(pair.after) : EMPTY;
  return before === undefined || after === undefined ? undefined : { before, after };
}

/** The entries of two folders, those of one name and kind together, in the order of the paths of all files below. */
function* pairs(before: Tree, after: Tree, prefix: string): Generator<Pair, undefined, undefined> {
  const [left, right] = [sorted(before), sorted(after)];
  for (let l = 0, r = 0; l < left.length || r < right.length;) {
    const [old, young] = [left[l], right[r]];
    const order = old === undefined ? 1 : young === undefined ? -1 : byCodeUnit(old.key, young.key);
    if (old !== undefined && order <= 0) l += 1;
    if (young !== undefined && order >= 0) r += 1;
    if (old !== undefined && young !== undefined && order === 0) {
      yield { kind: 'modified', path: prefix + old.name, before: old.entry, after: young.entry };
    } else if (old !== undefined && order < 0) yield { kind: 'deleted', path: prefix + old.name, before: old.entry };
    else if (young !== undefined) yield { kind: 'added', path: prefix + young.name, after: young.entry };
  }
  return undefined;
}

interface Keyed {
  /** A folder's ends with `/`, as the paths of its files go on. */
  readonly key: string;
  readonly name: string;
  readonly entry: Entry;
}

function sorted(tree: Tree): Keyed[] {
  const keyed = [...tree].map(([name, entry]) => ({ key: entry.kind === 'dir' ? `${name}/` : name, name, entry }));
  return keyed.sort((a, b) => byCodeUnit(a.key, b.key));
}
