import { digestOfRaw } from '../kit/digest.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Place } from '../store/place/place.ts';
import { ROW } from '../store/pack.ts';
import { writingThreads } from '../store/write-ahead.ts';
import { presentLoose } from './loose-presence.ts';
import { ObjectSet } from './object-set.ts';
import type { PackedRows } from './packed-rows.ts';
import type { LargeObject } from './receive-large.ts';
import { LARGEST_LIST, LARGEST_PACKED, looseKey } from './remote-layout.ts';
import type { WantedRoot } from './wanted.ts';
import { filesOf } from '../store/tree.ts';

/** Of an entry in a list, and of a frame around it: what a file costs beside its bytes. */
const BYTES_BESIDE = 200;

/** About how many bytes are going to be wanted. */
export function expectedBytes(roots: readonly WantedRoot[], store: Pick<ObjectStore, 'has'>): number {
  return roots.reduce((sum, { entry }) => {
    const isHere = store.has(entry.digest);
    return isHere ? sum : sum + entry.size + filesOf(entry) * BYTES_BESIDE;
  }, 0);
}

/** Starts helper threads where a folder of very many files is going to come: they are ready when it is there. */
export function startThreads(roots: readonly WantedRoot[], store: Pick<ObjectStore, 'has'>): void {
  for (const { entry } of roots) if (!store.has(entry.digest)) writingThreads(entry);
}

/** Objects and their bytes. */
export interface Amount {
  readonly objects: number;
  readonly bytes: number;
}

/** The objects of some rows that are needed. */
export function neededOf(rows: Buffer, needed: ObjectSet): Amount {
  let [objects, bytes] = [0, 0];
  for (let at = 0; at < rows.length; at += ROW) {
    if (!needed.has(rows, at)) continue;
    objects += 1;
    bytes += rows.readUInt32LE(at + 36);
  }
  return { objects, bytes };
}

/**
 * Of what is needed, what may come: an object that is called a list, and is larger there than any list, is added to `wrong`.
 * Of what length it is nobody says but the remote, which could fill the disk.
 */
export function withoutHugeLists(needed: ObjectSet, rows: PackedRows, wrong: ObjectSet): ObjectSet {
  return needed.filter((digest, at, { size }) => {
    const isHuge = size === undefined && (rows.find(digest, at)?.length ?? 0) > LARGEST_LIST;
    if (isHuge) wrong.add(digest, at, { size });
    return !isHuge;
  });
}

/**
 * Of objects that are in no pack, those that are files of their own there. What is nowhere is added to `absent`, and what
 * is called a list and is larger than any to `wrong`.
 */
export async function findLarge(
  place: Place,
  unpacked: ObjectSet,
  { absent, wrong }: { readonly absent: ObjectSet; readonly wrong: ObjectSet },
): Promise<(LargeObject & { readonly group: number })[]> {
  const others = new ObjectSet();
  unpacked.each((digest, at, object) => {
    const { size } = object;
    if (size === undefined || size > LARGEST_PACKED) others.add(digest, at, object);
    else absent.add(digest, at, { size });
  });
  const alone = [...others.entries()];
  const present = await presentLoose(place, alone);
  return alone.flatMap(({ digest, size, group }) => {
    const found = present.find(digest)?.size;
    const isHuge = size === undefined && (found ?? 0) > LARGEST_LIST;
    if (found === undefined) absent.add(digest, 0, { size });
    if (isHuge) wrong.add(digest, 0, { size });
    const key = looseKey(digestOfRaw(digest));
    return found === undefined || isHuge ? [] : [{ group, digest, size: found, key, offset: 0 }];
  });
}
