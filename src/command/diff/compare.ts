import type { Digest } from '../../kit/digest.ts';
import { bounded } from '../../kit/bounded.ts';
import { isWithin } from '../../kit/path.ts';
import type { NeedProblem } from '../../lockfile/needed.ts';
import { PipeError } from '../../problem/problem.ts';
import { diffTrees, isSame } from '../../store/diff-tree.ts';
import type { TreeChange } from '../../store/diff-tree.ts';
import type { MissingObject } from '../../store/missing-objects.ts';
import { missingObjects } from '../../store/missing-objects.ts';
import type { RenamedOrChange } from '../../store/pair-renames.ts';
import { pairRenames } from '../../store/pair-renames.ts';
import type { Entry } from '../../store/tree.ts';
import type { Side } from './side.ts';

/** What differs between two sides. */
export interface Comparison {
  /** Sorted by path. Tracked folders that differ stand beside what differs in them. */
  readonly changes: readonly RenamedOrChange[];
  /** What the store lacks of the first side; absent when nobody asked. */
  readonly missing?: readonly MissingObject[];
  readonly problems: readonly NeedProblem[];
}

export interface CompareOptions {
  /** Files and folders, relative to the project; none: everything. */
  readonly targets: readonly string[];
  /** Whether the store has an object; absent: it is not asked. */
  readonly has?: (digest: Digest) => boolean;
}

const FEWER = 'ask for a part of them with --targets';

/**
 * Compares what is tracked on two sides. What cannot be told, because a lock, a pointer or a path could not be read on
 * one side, is left out, and is among the problems.
 * @throws {PipeError} PIPE_TARGET_UNKNOWN for a target where neither side has anything; PIPE_FILE_TOO_BIG for more
 * than four million differences.
 */
export function compareSides(before: Side, after: Side, { targets, has }: CompareOptions): Comparison {
  const isNear = (path: string): boolean => targets.length === 0 || targets.some((each) => isRelated(each, path));
  const [old, young] = [comparable(before, after, isNear), comparable(after, before, isNear)];
  for (const target of targets) checkTarget(target, [before, after]);
  const isAsked = ({ path, kind }: TreeChange | (MissingObject & { kind?: never })): boolean =>
    targets.length === 0 ||
    targets.some((target) => (kind === 'unknown' ? isRelated(target, path) : isWithin(target, path)));
  const readTree = Object.assign((folder: Entry) => after.readTree(folder) ?? before.readTree(folder), {
    pair: (a: Entry, b: Entry) => after.readTree.pair?.(a, b) ?? before.readTree.pair?.(a, b),
  });
  const folders = changedFolders(old, young);
  const inside = bounded(diffTrees(old, young, readTree), FEWER).filter(
    (change) => change.kind === 'unknown' || !folders.has(change.path) || !isFolder(change),
  );
  return {
    changes: pairRenames([...folders.values(), ...inside].filter(isAsked)),
    ...(has === undefined
      ? {}
      : { missing: bounded(missingObjects(old, { has, readTree: before.readTree }), FEWER).filter(isAsked) }),
    problems: [...before.problems, ...after.problems],
  };
}

function isRelated(target: string, path: string): boolean {
  return isWithin(target, path) || isWithin(path, target);
}

/** The entries of a side that the other could know of. */
function comparable(side: Side, other: Side, isNear: (path: string) => boolean): Map<string, Entry> {
  const unread = new Set(other.problems.map(({ file }) => file));
  const isKnown = (path: string): boolean => {
    if (other.entries.has(path)) return true;
    return !unread.has(path) && !unread.has(side.trackedBy.get(path) ?? '');
  };
  return new Map([...side.entries].filter(([path]) => isNear(path) && isKnown(path)));
}

function checkTarget(target: string, sides: readonly Side[]): void {
  for (const side of sides) {
    for (const [path, entry] of side.entries) {
      if (isWithin(target, path)) return;
      if (isWithin(path, target) && isThere(side, entry, target.slice(path.length + 1))) return;
    }
    if (side.problems.some(({ file }) => isRelated(target, file))) return;
  }
  const message = `nothing that is tracked lies at ${target}`;
  throw new PipeError({
    code: 'PIPE_TARGET_UNKNOWN',
    message,
    hint: 'targets are outs, tracked data and files in them',
  });
}

/** Whether anything lies below an entry, or might: a folder whose tree is not there may hold anything. */
function isThere(side: Side, entry: Entry, below: string): boolean {
  let at = entry;
  for (const name of below.split('/')) {
    if (at.kind !== 'dir') return false;
    const tree = side.readTree(at);
    if (tree === undefined) return true;
    const next = tree.get(name);
    if (next === undefined) return false;
    at = next;
  }
  return true;
}

/** The tracked folders that are not the same on both sides, by path. */
function changedFolders(old: ReadonlyMap<string, Entry>, young: ReadonlyMap<string, Entry>): Map<string, TreeChange> {
  const changes = new Map<string, TreeChange>();
  for (const path of new Set([...old.keys(), ...young.keys()])) {
    const [before, after] = [folderAt(old, path), folderAt(young, path)];
    if (before !== undefined && after !== undefined) {
      if (!isSame(before, after)) changes.set(path, { kind: 'modified', path, before, after });
    } else if (before !== undefined) changes.set(path, { kind: 'deleted', path, before });
    else if (after !== undefined) changes.set(path, { kind: 'added', path, after });
  }
  return changes;
}

function folderAt(entries: ReadonlyMap<string, Entry>, path: string): Entry | undefined {
  const entry = entries.get(path);
  return entry?.kind === 'dir' ? entry : undefined;
}

function isFolder(change: TreeChange): boolean {
  return ('before' in change ? change.before : 'after' in change ? change.after : undefined)?.kind === 'dir';
}
