import type { Digest, RawDigest } from '../kit/digest.ts';
import { digestOfRaw, rawOfDigest } from '../kit/digest.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { localSize } from './local-objects.ts';
import type { NamedObject } from './name-objects.ts';
import { nameObjects } from './name-objects.ts';
import { ObjectSet } from './object-set.ts';
import type { PushRoot } from './push.ts';
import { lookFor } from './presence.ts';
import { keepingLists, listReader } from './read-lists.ts';
import type { Remote } from './remote.ts';
import { hasFormat } from './remote.ts';
import { eachReference } from './tree-references.ts';
import { findWanted } from './wanted.ts';

/** Where an object is that is not in both. */
type State = 'new' | 'deleted' | 'missing';

const STATES: readonly State[] = ['new', 'deleted', 'missing'];

/** Objects, and their bytes as far as they are known. */
export interface Tally {
  objects: number;
  bytes: number;
}

/** How the local store and a remote differ in what a root needs. Objects of several roots count for each. */
export interface ComparedRoot {
  readonly root: PushRoot;
  /** Here, and not there. */
  readonly new: Tally;
  /** There, and not here. */
  readonly deleted: Tally;
  /** Neither here nor there. */
  readonly missing: Tally;
}

export interface Compared {
  readonly roots: readonly ComparedRoot[];
  /** The same of all roots together: each object once. */
  readonly total: Readonly<Record<State, Tally>>;
  readonly objects: number;
  /** What is neither here nor there, by path. */
  readonly missing: readonly NamedObject[];
}

/** Compares what the local store and a remote have of what roots need. Changes nothing. */
export async function compare(remote: Remote, store: ObjectStore, roots: readonly PushRoot[]): Promise<Compared> {
  const [, catalog] = await Promise.all([hasFormat(remote.place), remote.look()]);
  const { read: readThere, came } = keepingLists(listReader(remote, { catalog, store, expected: 0 }));
  const read = (digest: Digest): Buffer | undefined => store.read(digest);
  const { objects, unknown } = await findWanted(roots, {
    local: read,
    remote: readThere,
    alone: roots.flatMap(({ around = [] }) => around),
    signal: remote.signal,
  });
  const sizeOf = (digest: RawDigest, at: number): number | undefined =>
    came.get(digestOfRaw(digest.subarray(at, at + 32)))?.length ?? localSize(store, digest, at);
  const { absent } = await lookFor(remote, catalog, { objects, sizeOf });
  const total = nothing();
  const differing = new ObjectSet();
  objects.each((digest, at, { size }) => {
    const isHere = store.hasRaw(digest, at);
    const isThere = !absent.has(digest, at);
    if (isHere && isThere) return;
    const state = isHere ? 'new' : isThere ? 'deleted' : 'missing';
    // A push counts the bytes of lists, too.
    const bytes = size ?? sizeOf(digest, at);
    add(total[state], bytes);
    differing.add(digest, at, { size: bytes, group: STATES.indexOf(state) });
  });
  // A folder's list may have come only now.
  const readAny = (digest: Digest): Buffer | undefined => read(digest) ?? came.get(digest);
  const credit = crediting(differing, readAny);
  const compared = roots.map((root) => ({ root, ...(differing.count === 0 ? nothing() : credit(root)) }));
  const lost = new Set(unknown);
  const isMissing = total.missing.objects > 0 || lost.size > 0;
  const isMeant = (digest: RawDigest): boolean => absent.has(digest) && !store.hasRaw(digest);
  return {
    roots: compared,
    total,
    objects: objects.count,
    missing: isMissing ? nameObjects(roots, { isMeant, read: readAny }) : [],
  };
}

/** No path has more folders; a list that somebody made up may. */
const MOST_DEPTH = 2048;

function nothing(): Record<State, Tally> {
  const tally = (): Tally => ({ objects: 0, bytes: 0 });
  return { new: tally(), deleted: tally(), missing: tally() };
}

function add(tally: Tally, size = 0): void {
  tally.objects += 1;
  tally.bytes += size;
}

/**
 * Counts for one root after another what of some objects it needs. Lists below which there is none of them are
 * looked into once, whatever the number of roots.
 */
function crediting(
  differing: ObjectSet,
  read: (digest: Digest) => Buffer | undefined,
): (root: PushRoot) => Record<State, Tally> {
  const same = new ObjectSet();
  return ({ entry, around = [] }) => {
    const tallies = nothing();
    const seen = new ObjectSet();
    /** Whether an object, or anything below it, is one of them. */
    const visit = (digest: RawDigest, isList: boolean, depth = 0): boolean => {
      if (isList && same.has(digest)) return false;
      const found = differing.find(digest);
      const isFirst = seen.add(digest, 0, { size: undefined });
      if (found !== undefined && isFirst) add(tallies[STATES[found.group] as State], found.size);
      if (!isList) return found !== undefined;
      // One that was met before in this root has been counted; whether it is the same is known when it ends.
      const inside: { readonly digest: RawDigest; readonly isList: boolean }[] = [];
      const bytes = isFirst && depth < MOST_DEPTH ? read(digestOfRaw(digest)) : undefined;
      if (bytes === undefined) return true;
      eachReference(bytes, (each, kind) => {
        inside.push({ digest: Buffer.from(each), isList: kind === 'list' });
      });
      let isSame = found === undefined;
      for (const each of inside) if (visit(each.digest, each.isList, depth + 1)) isSame = false;
      if (isSame) same.add(digest, 0, { size: undefined });
      return !isSame;
    };
    if (entry.digest.startsWith('b3:')) visit(rawOfDigest(entry.digest), entry.kind === 'dir');
    for (const digest of around) visit(rawOfDigest(digest), false);
    return tallies;
  };
}
