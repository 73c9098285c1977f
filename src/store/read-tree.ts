import { isUtf8 } from 'node:buffer';
import type { Digest } from '../kit/digest.ts';
import { byCodeUnit } from '../kit/order.ts';
import type { ObjectStore } from './object-store.ts';
import type { Entry, Part, Tree } from './tree.ts';
import { filesOf } from './tree.ts';
import {
  HIGHEST,
  LARGEST_LIST,
  LARGEST_PART,
  WHOLE,
  decodeBranch,
  decodeTree,
  endsPart,
  isBranch,
  joinParts,
} from './tree.ts';

/** Some entries of a folder, all of them unless it is a big one, with the object that lists them. */
export interface TreePart extends PartObject {
  readonly tree: Tree;
}

/** The object of a part, and what it adds up to. */
export interface PartObject {
  readonly digest: Digest;
  readonly size: number;
  readonly files: number;
}

/**
 * Thrown inside when an object of a folder is absent, damaged, or does not say what stands above it. Those who call
 * from outside get `undefined` or `false`.
 */
export class BrokenTree extends Error {}

/**
 * The entries of a folder, a part at a time, so that a folder of any size fits into memory.
 * @param onBranch is told of the objects that lead to the parts
 * @throws {BrokenTree}
 */
export function* treeParts(
  store: Pick<ObjectStore, 'read'>,
  entry: Entry,
  onBranch?: (digest: Digest) => void,
): Generator<TreePart> {
  for (const part of knownParts(store, entry, { onBranch })) if ('tree' in part) yield part;
}

/**
 * The same, without reading the parts that the caller knows: these come without their entries.
 * @throws {BrokenTree}
 */
export function* knownParts(
  store: Pick<ObjectStore, 'read'>,
  entry: Entry,
  { isKnown, onBranch }: { isKnown?: (digest: Digest) => boolean; onBranch?: ((digest: Digest) => void) | undefined },
): Generator<TreePart | PartObject> {
  if (entry.kind !== 'dir') throw new BrokenTree();
  const branches = new Map<string, Digest>();
  const onText = (text: string, digest: Digest): void => {
    onBranch?.(digest);
    branches.set(text, digest);
  };
  const cuts: Cut[] = [];
  let isSeen = true;
  for (const part of partsBelow(store, entry, { height: 0, onText, isKnown })) {
    if ('tree' in part) cuts.push(cutOf(part, branches.size > 0));
    else isSeen = false;
    yield part;
  }
  // Where parts were left out, they are those of a folder that was walked here.
  if (isSeen && !isAsWritten(cuts, branches, entry.digest)) throw new BrokenTree();
}

/** Where a part of a folder was cut. */
interface Cut extends Part {
  readonly entries: number;
  /** Whether it goes on behind a name that ends a part. */
  readonly isLong: boolean;
  /** Whether it ends where a part ends, even if more entries follow. */
  readonly isEnded: boolean;
}

function cutOf({ tree, digest, size, files }: TreePart, isBelowBranch: boolean): Cut {
  const names = [...tree.keys()];
  const last = names.at(-1) ?? '';
  const isEnded = names.length === LARGEST_PART || endsPart(last);
  // Most folders are not split: of their names nothing needs to be known.
  const isLong = (isBelowBranch || names.length > WHOLE) && names.slice(0, -1).some((name) => endsPart(name));
  return { last, digest, size, files, entries: names.length, isEnded, isLong };
}

/** Whether a folder is cut into parts, and these joined by branches, as a writer would have done it. */
function isAsWritten(cuts: readonly Cut[], branches: ReadonlyMap<string, Digest>, root: Digest): boolean {
  const entries = cuts.reduce((sum, cut) => sum + cut.entries, 0);
  if (entries <= WHOLE) return cuts.length === 1 && branches.size === 0;
  if (
    cuts.some(
      ({ isLong, ...cut }, at) => isLong || cut.entries > LARGEST_PART || !(cut.isEnded || at === cuts.length - 1),
    )
  )
    return false;
  const known = (text: string): Digest => {
    const digest = branches.get(text);
    if (digest === undefined) throw new BrokenTree();
    return digest;
  };
  return joinParts(cuts, known).digest === root;
}

interface Below extends Bounds {
  readonly height: number;
  readonly onText: (text: string, digest: Digest) => void;
  readonly isKnown: ((digest: Digest) => boolean) | undefined;
}

/** What the names of a part lie between, as the branch above has it. */
export interface Bounds {
  /** The last name before. */
  readonly after?: string | undefined;
  /** The last name. */
  readonly last?: string | undefined;
}

function* partsBelow(
  store: Pick<ObjectStore, 'read'>,
  part: Omit<Part, 'last'>,
  { height, onText, isKnown, ...bounds }: Below,
): Generator<TreePart | PartObject> {
  if (isKnown?.(part.digest) === true) {
    yield { digest: part.digest, size: part.size, files: part.files };
    return;
  }
  const bytes = store.read(part.digest);
  if (bytes === undefined) throw new BrokenTree();
  const opened = openPart(bytes, part, { ...bounds, height });
  if ('tree' in opened) {
    yield opened;
    return;
  }
  onText(opened.text, part.digest);
  let { after } = bounds;
  for (const each of opened.parts) {
    yield* partsBelow(store, each, { height: height + 1, last: each.last, onText, isKnown, after });
    after = each.last;
  }
}

/**
 * What the bytes of a folder's object, or of a part of it, say: entries, or the parts below it.
 * @param height number of branches above
 * @throws {BrokenTree} when they are neither, or not what is said of them above
 */
export function openPart(
  bytes: Buffer,
  part: Omit<Part, 'last'>,
  { height, after, last }: Bounds & { readonly height: number },
): TreePart | { readonly text: string; readonly parts: readonly Part[] } {
  if (bytes.length > LARGEST_LIST || height > HIGHEST || !isUtf8(bytes)) throw new BrokenTree();
  const text = bytes.toString('utf8');
  if (!isBranch(text)) return leafOf(text, part, { after, last });
  const parts = decodeBranch(text);
  if (parts === undefined) throw new BrokenTree();
  if (sumOf(parts, 'size') !== part.size || sumOf(parts, 'files') !== part.files) throw new BrokenTree();
  if (last !== undefined && parts.at(-1)?.last !== last) throw new BrokenTree();
  const [first] = parts;
  if (after !== undefined && (first === undefined || byCodeUnit(after, first.last) >= 0)) throw new BrokenTree();
  return { text, parts };
}

function leafOf(text: string, { digest, size, files }: Omit<Part, 'last'>, { after, last }: Bounds): TreePart {
  const tree = decodeTree(text);
  if (tree === undefined) throw new BrokenTree();
  let [bytes, count] = [0, 0];
  let [first, end]: [string | undefined, string | undefined] = [undefined, undefined];
  for (const [name, child] of tree) {
    first ??= name;
    end = name;
    bytes += child.size;
    count += filesOf(child);
  }
  if (bytes !== size || count !== files || (last !== undefined && end !== last)) throw new BrokenTree();
  if (after !== undefined && (first === undefined || byCodeUnit(after, first) >= 0)) throw new BrokenTree();
  return { tree, digest, size, files };
}

function sumOf(parts: readonly Part[], what: 'size' | 'files'): number {
  return parts.reduce((sum, part) => sum + part[what], 0);
}

/** The tree of a folder; `undefined` when its object is absent, damaged, or not a tree of the size that it should be. */
export function readTree(store: Pick<ObjectStore, 'read'>, entry: Entry): Tree | undefined {
  try {
    const [first, ...more] = treeParts(store, entry);
    if (first !== undefined && more.length === 0) return first.tree;
    return new Map([first, ...more].flatMap((part) => [...(part?.tree ?? [])]));
  } catch (error) {
    if (error instanceof BrokenTree) return undefined;
    throw error;
  }
}

/** The entries of two folders. */
export interface TreePair {
  readonly before: Tree;
  readonly after: Tree;
}

/** Reads what folders hold. */
export interface ReadTree {
  /** The contents of a folder; `undefined` where its object is absent or damaged. */
  (folder: Entry): Tree | undefined;
  /** Those of two folders, which may do without what both of them hold. */
  readonly pair?: ((before: Entry, after: Entry) => TreePair | undefined) | undefined;
}

/**
 * The entries of two folders, without those that are in parts of both: of a big folder that has changed little, few are
 * left. `undefined` when an object that is read is absent, damaged, or not what is said of it.
 */
export function readUnlike(store: Pick<ObjectStore, 'read'>, before: Entry, after: Entry): TreePair | undefined {
  try {
    const open = (parts: readonly Unread[]): Unread[] => parts.flatMap((each) => opened(store, each));
    let [left, right] = [[rootOf(before)], [rootOf(after)]];
    while ([...left, ...right].some((each) => each.tree === undefined)) {
      [left, right] = [without(left, right), without(right, left)];
      [left, right] = [open(left), open(right)];
    }
    return { before: joined(without(left, right)), after: joined(without(right, left)) };
  } catch (error) {
    if (error instanceof BrokenTree) return undefined;
    throw error;
  }
}

/** A part of a folder, or a branch over such parts; read once its tree is there. */
interface Unread extends PartObject, Bounds {
  readonly height: number;
  readonly tree?: Tree;
}

function rootOf(folder: Entry): Unread {
  if (folder.kind !== 'dir') throw new BrokenTree();
  return { digest: folder.digest, size: folder.size, files: folder.files, height: 0 };
}

/** Of what is said otherwise of one list, one side is wrong: that shows when it is read. */
function without(parts: readonly Unread[], others: readonly Unread[]): Unread[] {
  const keyOf = ({ digest, size, files }: Unread): string => `${digest} ${size} ${files}`;
  const known = new Set(others.map(keyOf));
  return parts.filter((part) => !known.has(keyOf(part)));
}

function opened(store: Pick<ObjectStore, 'read'>, part: Unread): Unread[] {
  if (part.tree !== undefined) return [part];
  const bytes = store.read(part.digest);
  if (bytes === undefined) throw new BrokenTree();
  const found = openPart(bytes, part, part);
  if ('tree' in found) return [{ ...part, tree: found.tree }];
  return found.parts.map((each, at) => ({
    ...each,
    height: part.height + 1,
    after: at === 0 ? part.after : found.parts[at - 1]?.last,
  }));
}

function joined(parts: readonly Unread[]): Tree {
  return new Map(parts.flatMap(({ tree }) => [...(tree ?? [])]));
}
