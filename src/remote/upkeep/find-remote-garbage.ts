import { entryOf } from '../../lockfile/entry.ts';
import type { Digest } from '../../kit/digest.ts';
import { rawOfDigest } from '../../kit/digest.ts';
import type { GarbageVisitor } from '../../store/collect.ts';
import { SMALL_PACK, MOST_SMALL, UNNEEDED_PART } from '../../store/collect.ts';
import { FRAME_HEAD, ROW } from '../../store/pack.ts';
import type { PlaceEntry } from '../../store/place/place.ts';
import type { Catalog } from '../catalog.ts';
import { listAll } from '../read-object.ts';
import type { Remote } from '../remote.ts';
import { KEYS, looseOfKey, packKey, packOfKey } from '../remote-layout.ts';
import type { RemoteMarks } from './mark-remote.ts';
import type { RemoteLeases } from './read-leases.ts';
import { isRecent } from './read-leases.ts';
import type { RemoteRun } from './read-runs.ts';

/** What nobody needs in a remote. */
export interface RemoteGarbage {
  /** Keys of run records, and of large objects. */
  readonly runs: readonly string[];
  readonly loose: readonly string[];
  /** Packs of which nothing is needed. */
  readonly empty: readonly Digest[];
  /** Packs of which too little is needed, and small ones that are merged, by their numbers: what is needed is packed anew. */
  readonly rewritten: readonly number[];
  readonly counts: RemoteGarbageCounts;
}

export interface RemoteGarbageCounts {
  /** Objects that go, and bytes that are free then. */
  readonly objects: number;
  readonly bytes: number;
  readonly runs: number;
  /** Objects that nobody needs, and that stay in packs that are mostly needed. */
  readonly leftObjects: number;
  readonly leftBytes: number;
  /** Objects and run records that nobody needs, and that stay since they were written within the grace period. */
  readonly recent: number;
  /** Those that stay since a lease names them: of a push that runs, or ended within the grace period. */
  readonly relied: number;
  /** Small packs that are merged. */
  readonly merged: number;
  /** Packs that nobody knows what they hold. */
  readonly unreadable: number;
}

export interface GarbageSearch {
  readonly catalog: Catalog;
  readonly marks: RemoteMarks;
  readonly runs: readonly RemoteRun[];
  readonly leases: RemoteLeases;
  readonly graceMs: number;
  /** Told how many files more it has looked at. */
  readonly onLook?: (files: number) => void;
}

/**
 * Looks for what nobody needs. Marks what the run records need that stay: logs.
 * @param visitor told of what goes
 */
export async function findRemoteGarbage(
  { place }: Pick<Remote, 'place'>,
  search: GarbageSearch,
  visitor: GarbageVisitor = {},
): Promise<RemoteGarbage> {
  const { catalog, leases, graceMs, onLook } = search;
  const now = await place.now();
  const keptAs = ({ key, modifiedAt }: PlaceEntry): Kept | undefined => {
    if (isRecent(now - modifiedAt, graceMs)) return 'recent';
    return leases.has(key) ? 'relied' : undefined;
  };
  const found = new Found();
  const runs = unneededRuns(search, { keptAs, found, visitor });
  const loose = await unneededLoose(place, search, { keptAs, found, visitor });
  const packs = new Map((await listAll(place, KEYS.packs)).map((entry) => [packOfKey(entry.key), entry]));
  onLook?.(packs.size);
  const rows = catalog.rows.packs.map(({ name }, number) => ({ number, entry: packs.get(name) }));
  const listed = rows.flatMap(({ number, entry }) => (entry === undefined ? [] : [{ number, entry }]));
  const chosen = choosePacks(listed, search, { keptAs, found, visitor });
  found.counts.unreadable = catalog.broken.size;
  return { runs, loose, ...chosen, counts: found.counts };
}

/** Why something stays that nobody needs: see the counts of these names. */
type Kept = 'recent' | 'relied';

interface Sorting {
  readonly keptAs: (entry: PlaceEntry) => Kept | undefined;
  readonly found: Found;
  readonly visitor: GarbageVisitor;
}

class Found {
  readonly counts = {
    objects: 0,
    bytes: 0,
    runs: 0,
    leftObjects: 0,
    leftBytes: 0,
    recent: 0,
    relied: 0,
    merged: 0,
    unreadable: 0,
  };
}

function unneededRuns({ runs, marks }: GarbageSearch, { keptAs, found: { counts }, visitor }: Sorting): string[] {
  const keys: string[] = [];
  for (const { entry, record } of runs) {
    // What this pipe does not understand is not its to remove; what is damaged is a matter of `fsck`.
    if (record === undefined) continue;
    const isNeeded = record.outs.every((out) => marks.hasEntry(entryOf(out)));
    const kept = keptAs(entry);
    if (isNeeded || kept !== undefined) {
      if (record.log !== null) marks.needed.add(rawOfDigest(record.log), 0, { size: undefined });
      if (!isNeeded && kept !== undefined) counts[kept] += 1;
      continue;
    }
    keys.push(entry.key);
    counts.runs += 1;
    counts.bytes += entry.size;
    visitor.run?.(record);
  }
  return keys;
}

async function unneededLoose(
  place: Remote['place'],
  { marks, onLook }: GarbageSearch,
  { keptAs, found: { counts }, visitor }: Sorting,
): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of place.list(KEYS.loose)) {
    onLook?.(page.length);
    for (const entry of page) {
      const digest = looseOfKey(entry.key);
      const raw = digest && rawOfDigest(digest);
      if (raw === undefined || marks.needed.has(raw)) continue;
      const kept = keptAs(entry);
      if (kept !== undefined) {
        counts[kept] += 1;
        continue;
      }
      keys.push(entry.key);
      counts.objects += 1;
      counts.bytes += entry.size;
      visitor.object?.(raw, entry.size);
    }
  }
  return keys;
}

function choosePacks(
  listed: readonly { readonly number: number; readonly entry: PlaceEntry }[],
  { catalog: { rows }, marks: { needed } }: GarbageSearch,
  { keptAs, found: { counts }, visitor }: Sorting,
): Pick<RemoteGarbage, 'empty' | 'rewritten'> {
  const empty: Digest[] = [];
  const sparse: number[] = [];
  const small: number[] = [];
  for (const { number, entry } of listed) {
    const own = rows.rowsOf(number);
    let [objects, bytes, all] = [0, 0, 0];
    for (let at = 0; at < own.length; at += ROW) {
      const length = own.readUInt32LE(at + 36) + FRAME_HEAD;
      all += length;
      if (needed.has(own, at)) continue;
      objects += 1;
      bytes += length;
    }
    const kept = keptAs(entry);
    if (kept !== undefined) counts[kept] += objects;
    else if (objects > 0 && bytes >= all * UNNEEDED_PART) {
      const isEmpty = objects === own.length / ROW;
      if (isEmpty) empty.push(rows.packs[number]?.name as Digest);
      else sparse.push(number);
      counts.objects += objects;
      counts.bytes += isEmpty ? entry.size : bytes;
      for (let at = 0; at < own.length; at += ROW) {
        if (!needed.has(own, at)) visitor.object?.(own.subarray(at, at + 32), own.readUInt32LE(at + 36));
      }
    } else {
      counts.leftObjects += objects;
      counts.leftBytes += bytes;
      if (entry.size < SMALL_PACK) small.push(number);
    }
  }
  const isMany = small.length > MOST_SMALL;
  counts.merged = isMany ? small.length : 0;
  return { empty, rewritten: [...sparse, ...(isMany ? small : [])] };
}

/** The keys of everything that goes: run records first, so that none names what is gone. */
export function keysOfGarbage({ runs, loose, empty }: RemoteGarbage, replaced: readonly Digest[]): string[] {
  return [...runs, ...loose, ...[...empty, ...replaced].map(packKey)];
}
