import { isUtf8 } from 'node:buffer';
import type { Digest } from '../kit/digest.ts';
import { byCodeUnit } from '../kit/order.ts';
import type { ObjectStore } from './object-store.ts';
import { BrokenTree, treeParts } from './read-tree.ts';
import type { Entry, Part } from './tree.ts';
import {
  filesOf,
  HIGHEST,
  decodeBranch,
  endsPart,
  entryLine,
  isBranch,
  LARGEST_PART,
  treeText,
  WHOLE,
} from './tree.ts';

type Named = readonly [name: string, entry: Entry];

/**
 * The parts of a folder in order, without reading them: the folder itself where it is not split. A branch is read to
 * tell what it is over, its children are not.
 * @throws {BrokenTree}
 */
export function partsOf(store: Pick<ObjectStore, 'read'>, folder: Entry): Part[] {
  if (folder.kind !== 'dir') throw new BrokenTree();
  const { digest, size, files } = folder;
  const whole: Part = { last: '', digest, size, files };
  const top = branchAt(store, whole);
  if (top === undefined) return [whole];
  let parts = top;
  for (let height = 1; ; height += 1) {
    // All branches of one level are over the same kind of thing: the first tells.
    const [first] = parts;
    if (height > HIGHEST || first === undefined) throw new BrokenTree();
    if (branchAt(store, first) === undefined) return parts;
    parts = parts.flatMap((part) => {
      const below = branchAt(store, part);
      if (below?.at(-1)?.last !== part.last) throw new BrokenTree();
      return below;
    });
  }
}

function branchAt(store: Pick<ObjectStore, 'read'>, part: Part): Part[] | undefined {
  const bytes = store.read(part.digest);
  if (bytes === undefined || !isUtf8(bytes)) throw new BrokenTree();
  const text = bytes.toString('utf8');
  if (!isBranch(text)) return undefined;
  const parts = decodeBranch(text);
  if (parts === undefined || sum(parts, 'size') !== part.size || sum(parts, 'files') !== part.files) {
    throw new BrokenTree();
  }
  return parts;
}

/** What is to be done with the entries of some names. */
export interface PartEdits {
  /** Sorted. */
  readonly names: readonly string[];
  /** What lies at a name afterwards. */
  readonly edit: (name: string, before: Entry | undefined) => Entry | undefined;
}

/** Entries that are to be cut into parts, which begin where they do. */
export interface Run {
  readonly entries: Named[];
}

/** A folder after changes: parts that are as they were, and runs of entries. */
export interface Merged {
  readonly parts: readonly (Part | Run)[];
  /** How many entries there are; where that is more than a folder that is not split has, maybe more. */
  readonly count: number;
  /** All entries. */
  all(): Named[];
}

/**
 * Puts changes into the parts of a folder. A part is read when something in it changes, or when the part before it does
 * not end where it did.
 * @throws {BrokenTree}
 */
export function mergeParts(store: Pick<ObjectStore, 'read'>, before: readonly Part[], edits: PartEdits): Merged {
  const parts: (Part | Run)[] = [];
  let open: Run | undefined;
  let [at, removed] = [0, 0];
  for (const [index, part] of before.entries()) {
    const isLast = index === before.length - 1;
    const first = at;
    while (at < edits.names.length && (isLast || byCodeUnit(edits.names[at] as string, part.last) <= 0)) at += 1;
    if (open === undefined && first === at) {
      parts.push(part);
      continue;
    }
    const was = entriesOf(store, part);
    const entries = withEdits(was, edits.names.slice(first, at), edits.edit);
    removed += was.length - entries.length;
    if (open === undefined) parts.push((open = { entries }));
    else open.entries.push(...entries);
    // Whatever was cut before, what follows begins a part exactly where this one ends.
    const end = open.entries.at(-1);
    if (end !== undefined && endsPart(end[0])) open = undefined;
  }
  const read = new Map<Part, Named[]>();
  const entriesAt = (part: Part | Run): Named[] => {
    if ('entries' in part) return part.entries;
    const known = read.get(part) ?? entriesOf(store, part);
    read.set(part, known);
    return known;
  };
  return {
    parts: parts.filter((part) => !('entries' in part) || part.entries.length > 0),
    count: countOf(parts, { isAlreadyBig: before.length > 1 && removed <= 0, entriesAt }),
    all: () => parts.flatMap(entriesAt),
  };
}

/** Reads no more parts than it takes to know. */
function countOf(
  parts: readonly (Part | Run)[],
  { isAlreadyBig, entriesAt }: { readonly isAlreadyBig: boolean; readonly entriesAt: (part: Part | Run) => Named[] },
): number {
  if (isAlreadyBig) return WHOLE + 1;
  let count = 0;
  // What is known first.
  for (const part of [...parts].sort((a, b) => Number('entries' in b) - Number('entries' in a))) {
    if (count > WHOLE) break;
    count += entriesAt(part).length;
  }
  return count;
}

/**
 * The entries of a part, which is not itself cut.
 * @throws {BrokenTree}
 */
export function entriesOf(store: Pick<ObjectStore, 'read'>, { digest, size, files, last }: Part): Named[] {
  const found = [...treeParts(store, { kind: 'dir', digest, size, files })];
  const entries = found.flatMap(({ tree }) => [...tree]);
  // A branch says what the last name of each part is; of a whole folder nothing does.
  if (found.length !== 1 || (last !== '' && entries.at(-1)?.[0] !== last)) throw new BrokenTree();
  return entries;
}

function withEdits(entries: readonly Named[], names: readonly string[], edit: PartEdits['edit']): Named[] {
  if (names.length === 0) return [...entries];
  const result = new Map<string, Entry>(entries);
  for (const name of names) {
    const after = edit(name, result.get(name));
    if (after === undefined) result.delete(name);
    else result.set(name, after);
  }
  return [...result].sort(([a], [b]) => byCodeUnit(a, b));
}

/** Cuts entries into parts as a walk does, and stores them. A folder that is not split is one part, also without any. */
export function cutEntries(
  entries: readonly Named[],
  { isSplit, put }: { readonly isSplit: boolean; readonly put: (text: string) => Digest },
): Part[] {
  const parts: Part[] = [];
  let start = 0;
  for (const [index, [name]] of entries.entries()) {
    if (!isSplit || (!endsPart(name) && index + 1 - start < LARGEST_PART)) continue;
    parts.push(partWith(entries.slice(start, index + 1), put));
    start = index + 1;
  }
  if (start < entries.length || entries.length === 0) parts.push(partWith(entries.slice(start), put));
  return parts;
}

function partWith(entries: readonly Named[], put: (text: string) => Digest): Part {
  let [size, files] = [0, 0];
  for (const [, entry] of entries) {
    size += entry.size;
    files += filesOf(entry);
  }
  const digest = put(treeText(entries.map(([name, entry]) => entryLine(name, entry))));
  return { last: entries.at(-1)?.[0] ?? '', digest, size, files };
}

function sum(parts: readonly Part[], what: 'size' | 'files'): number {
  return parts.reduce((total, part) => total + part[what], 0);
}
