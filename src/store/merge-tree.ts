import { byCodeUnit } from '../kit/order.ts';
import { DEEPEST } from './count-folders.ts';
import { isSame } from './diff-tree.ts';
import type { TreeEdit } from './edit-tree.ts';
import { entriesOf, partsOf } from './edit-parts.ts';
import type { ObjectStore } from './object-store.ts';
import { BrokenTree } from './read-tree.ts';
import type { Entry, Part, Tree } from './tree.ts';

/** One path on both sides of a merge, and in what both began with. */
export interface ThreeEntries {
  readonly base: Entry | undefined;
  readonly ours: Entry | undefined;
  readonly theirs: Entry | undefined;
}

/** A path that both sides changed differently; an absent entry was removed, or is in the way of what lies below. */
export interface TreeConflict extends Omit<ThreeEntries, 'base'> {
  /** Posix, relative to the folder. */
  readonly path: string;
}

/** What makes of our folder the merged one, and what could not be decided: there it is as on our side. */
export interface TreeMerge {
  /** None inside another, nor at or inside a conflict. */
  readonly edits: readonly TreeEdit[];
  /** By path. */
  readonly conflicts: readonly TreeConflict[];
}

/** Few tree objects can stand for very many paths. Names; a merge of folders with a million files looks at three. */
const MOST_NAMES = 10_000_000;

/**
 * Merges two folders of the store file by file, without any file: what one side alone added, changed or removed is taken
 * from it, and so is what both did alike. A folder that one side removed stays while something is left in it. What is
 * the same on two sides is not read, nor are the parts of big folders.
 * @param sides folders; without a base, the one that both began with was empty
 * @throws {BrokenTree} when an object that must be read is absent or damaged
 */
export function mergeTrees(store: Pick<ObjectStore, 'read'>, sides: ThreeEntries): TreeMerge {
  const merger = new TreeMerger(store);
  merger.children('', sides);
  return {
    edits: merger.edits,
    conflicts: merger.conflicts.sort((a, b) => byCodeUnit(a.path, b.path)),
  };
}

class TreeMerger {
  readonly edits: TreeEdit[] = [];
  readonly conflicts: TreeConflict[] = [];
  readonly #store: Pick<ObjectStore, 'read'>;
  #names = 0;

  constructor(store: Pick<ObjectStore, 'read'>) {
    this.#store = store;
  }

  /** Merges what lies in a folder; whether anything is left in it. */
  children(path: string, sides: ThreeEntries, depth = 0): boolean {
    if (depth > DEEPEST) throw new BrokenTree();
    const [base, ours, theirs] = differing(this.#store, sides);
    let isAny = false;
    for (const name of new Set([...base.keys(), ...ours.keys(), ...theirs.keys()])) {
      this.#names += 1;
      if (this.#names > MOST_NAMES) throw new BrokenTree();
      const each = { base: base.get(name), ours: ours.get(name), theirs: theirs.get(name) };
      if (this.#child(path === '' ? name : `${path}/${name}`, each, depth)) isAny = true;
    }
    return isAny;
  }

  /** Merges what lies at a path; whether anything does afterwards. */
  #child(path: string, sides: ThreeEntries, depth: number): boolean {
    const { base, ours, theirs } = sides;
    if (isEqual(ours, theirs) || isEqual(base, theirs)) return ours !== undefined;
    if (isEqual(base, ours)) return this.#put(path, theirs);
    const file = mergedFile(sides);
    if (file === 'conflict') return this.#conflict(path, sides);
    if (ours?.kind !== 'dir' && theirs?.kind !== 'dir')
      return file === ours ? ours !== undefined : this.#put(path, file);
    return this.#folder(path, { ...sides, file }, depth);
  }

  /** Merges a path where there is a folder on one side at least, besides the `file` that is to lie there. */
  #folder(path: string, sides: ThreeEntries & { readonly file: Entry | undefined }, depth: number): boolean {
    const { base, ours, theirs, file } = sides;
    const [edits, conflicts] = [this.edits.length, this.conflicts.length];
    const isAny = this.children(path, sides, depth + 1);
    const [before, our, their] = [base, ours, theirs].map((each) => each?.kind === 'dir');
    const isThere = isAny || (our === their ? our === true : before !== true);
    if (isThere && file === undefined) {
      // An empty folder has nothing that would bring it along.
      return our === true || isAny ? true : this.#put(path, theirs);
    }
    this.edits.length = edits;
    this.conflicts.length = conflicts;
    if (isThere) return this.#conflict(path, sides);
    return file !== undefined && file === ours ? true : this.#put(path, file);
  }

  #put(path: string, entry: Entry | undefined): boolean {
    this.edits.push({ path, entry });
    return entry !== undefined;
  }

  #conflict(path: string, { ours, theirs }: ThreeEntries): true {
    this.conflicts.push({ path, ours, theirs });
    return true;
  }
}

/** The file, if any, that is to lie at a path, whatever folders do there. */
function mergedFile({ base, ours, theirs }: ThreeEntries): Entry | undefined | 'conflict' {
  const [before, our, their] = [base, ours, theirs].map((entry) => (entry?.kind === 'dir' ? undefined : entry));
  if (isEqual(our, their) || isEqual(before, their)) return our;
  return isEqual(before, our) ? their : 'conflict';
}

function isEqual(a: Entry | undefined, b: Entry | undefined): boolean {
  return a === undefined || b === undefined ? a === b : isSame(a, b);
}

/**
 * The entries of three folders, without those of parts that are in theirs and in one of the others: whatever the third
 * one says, nothing of them is to be done to ours.
 */
function differing(
  store: Pick<ObjectStore, 'read'>,
  { base, ours, theirs }: ThreeEntries,
): [base: Tree, ours: Tree, theirs: Tree] {
  const partsIn = (entry: Entry | undefined): Part[] => (entry?.kind === 'dir' ? partsOf(store, entry) : []);
  const [before, our, their] = [partsIn(base), partsIn(ours), partsIn(theirs)];
  const others = new Set([...before, ...our].map(({ digest }) => digest));
  const leftOut = new Set(their.map(({ digest }) => digest).filter((digest) => others.has(digest)));
  const entriesIn = (parts: readonly Part[]): Tree =>
    new Map(parts.filter(({ digest }) => !leftOut.has(digest)).flatMap((part) => entriesOf(store, part)));
  return [entriesIn(before), entriesIn(our), entriesIn(their)];
}
