import type { AwayThing } from '../../run/inputs.ts';
import { isSameObject } from '../../store/diff-tree.ts';
import type { TreeEdit } from '../../store/edit-tree.ts';
import type { Entry, Tree } from '../../store/tree.ts';

/** What is recorded of a path, what lies there, and what lay there when the two last agreed. */
export interface ThreeSides {
  readonly recorded: Entry | undefined;
  readonly present: Entry | undefined;
  readonly base: Entry | undefined;
  /** Whether it is known what lay there: without it, `base` says nothing. */
  readonly isBaseKnown: boolean;
  /** Whether `base` holds only what was put in place by itself: what it does not hold never came. */
  readonly isBasePartial?: boolean;
  /** Whether something lay there of which nobody knows any more what: the list that told is gone. */
  readonly isBaseLost?: boolean;
}

/** How the workspace differs from what is recorded. All paths begin with the one that was compared. */
export interface Difference {
  /** What was changed here; without an entry, removed. */
  readonly edits: readonly TreeEdit[];
  /** What is recorded, and was never put in place here. */
  readonly absent: readonly AwayThing[];
  /** What was recorded anew elsewhere, while it stayed here as it was. */
  readonly behind: readonly string[];
  /** Folders of which nobody can tell, since their lists are not here; they were whole once. */
  readonly unknown: readonly string[];
  /** The same of folders that hold something, and that never were what is recorded: a part of them may never have come. */
  readonly unlisted: readonly AwayThing[];
  /** What was changed here or recorded anew elsewhere, and nobody can tell which: the list of what lay there is gone. */
  readonly lost: readonly string[];
}

/** No difference. */
export const SAME: Difference = { edits: [], absent: [], behind: [], unknown: [], unlisted: [], lost: [] };

export interface CompareStore {
  readonly read: (folder: Entry) => Tree | undefined;
  /** Whether the store has an object. */
  readonly has: (entry: Entry) => boolean;
}

/**
 * Tells what was changed in the workspace from what never came there and from what was changed elsewhere, as a
 * three-way merge does. Where the base is not known, what is missing never came, and what the store has is not new.
 */
export function compare(path: string, sides: ThreeSides, store: CompareStore): Difference {
  const found = { edits: [], absent: [], behind: [], unknown: [], unlisted: [], lost: [] };
  look(path, sides, { ...found, store });
  return found;
}

interface Found {
  readonly edits: TreeEdit[];
  readonly absent: AwayThing[];
  readonly behind: string[];
  readonly unknown: string[];
  readonly unlisted: AwayThing[];
  readonly lost: string[];
  readonly store: CompareStore;
}

function look(path: string, sides: ThreeSides, found: Found): void {
  const { recorded, present, base, isBaseKnown } = sides;
  if (isSameObject(recorded, present)) return;
  if (present === undefined) {
    if (recorded === undefined) return;
    if (isBaseKnown && base !== undefined) found.edits.push({ path, entry: undefined });
    else found.absent.push({ path, entry: recorded });
    return;
  }
  if (sides.isBaseLost === true && !(recorded?.kind === 'dir' && present.kind === 'dir')) {
    found.lost.push(path);
    return;
  }
  const isPartOf = sides.isBasePartial === true && recorded?.kind === 'dir' && present.kind === 'dir';
  if (!isPartOf && (isBaseKnown ? isSameObject(base, present) : isStored(present, found.store))) {
    found.behind.push(path);
    return;
  }
  if (recorded?.kind === 'dir' && present.kind === 'dir') inside(path, { ...sides, recorded, present }, found);
  else found.edits.push({ path, entry: present });
}

function inside(
  path: string,
  {
    recorded,
    present,
    base,
    isBaseKnown,
    isBasePartial = false,
    isBaseLost = false,
  }: ThreeSides & { readonly recorded: Entry; readonly present: Entry },
  found: Found,
): void {
  const { read } = found.store;
  const [theirs, ours] = [read(recorded), read(present)];
  const wasWhole = isBaseKnown && base?.kind === 'dir' && !isBasePartial;
  if (theirs === undefined && !wasWhole) {
    found.unlisted.push({ path, entry: recorded });
    return;
  }
  if (theirs === undefined || ours === undefined) {
    found.unknown.push(path);
    return;
  }
  const before = base?.kind === 'dir' ? read(base) : undefined;
  const isLost = isBaseLost || (isBaseKnown && base?.kind === 'dir' && before === undefined);
  const isKnown = isBaseKnown && !isLost;
  for (const name of new Set([...theirs.keys(), ...ours.keys()])) {
    const sides = { recorded: theirs.get(name), present: ours.get(name), base: before?.get(name) };
    look(`${path}/${name}`, { ...sides, isBaseKnown: isKnown, isBasePartial, isBaseLost: isLost }, found);
  }
}

/** Of a folder that the store has, the files tell. */
function isStored(entry: Entry, { has }: CompareStore): boolean {
  return entry.kind !== 'dir' && has(entry);
}
