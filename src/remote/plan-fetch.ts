import { ROW } from '../store/pack.ts';
import { ObjectSet } from './object-set.ts';
import type { PackedRows } from './packed-rows.ts';
import { LARGEST_LIST } from './remote-layout.ts';

/** From which packs of a remote objects come. */
export interface FetchPlan {
  /** Packs that become packs of the local store as they are. */
  readonly adopt: readonly PickedPack[];
  /** Packs of which some objects are taken. */
  readonly pick: readonly PickedPack[];
  /** What is needed and in no pack. */
  readonly unpacked: ObjectSet;
  /** Bytes of all that is needed, as far as it is known how many. */
  readonly bytes: number;
}

/** A pack of which some objects are taken. */
export interface PickedPack {
  /** Its number in the rows. */
  readonly pack: number;
  /** The group that is finished last of those that its objects are for. */
  readonly group: number;
  /** Objects and their bytes. */
  readonly count: number;
  readonly bytes: number;
  /** Whether most of the pack is wanted, so that it is rather read than picked from. */
  readonly isMost: boolean;
}

export interface FetchNeeds {
  /** Everything that belongs to what is fetched. */
  readonly wanted: ObjectSet;
  /** What of it is not here. */
  readonly needed: ObjectSet;
  /** Files up to this size are packed in the local store. */
  readonly packedBytes: number;
}

/**
 * Chooses packs: one of which everything is wanted, most is needed and all is small goes into the local store as it is.
 * Each object is taken from one pack; where several have it, from one that comes whole.
 */
export function planFetch(rows: PackedRows, needs: FetchNeeds): FetchPlan {
  const { needed } = needs;
  const tallies = new Map<number, Tally>();
  const unpacked = new ObjectSet();
  let { bytes } = needed;
  needed.each((digest, at, object) => {
    const pack = rows.packOf(digest, at);
    const tally = tallies.get(pack);
    if (pack < 0) unpacked.add(digest, at, object);
    else if (tally === undefined) tallies.set(pack, { objects: 1, group: object.group });
    else {
      tally.objects += 1;
      tally.group = Math.max(tally.group, object.group);
    }
    // How long lists are nobody says but the tables.
    if (object.size === undefined) bytes += rows.find(digest, at)?.length ?? 0;
  });
  const packs = [...tallies].sort(([a], [b]) => a - b);
  const looked = packs.map(([pack, tally]) => lookAt(rows, { pack, tally }, needs));
  const adopt = looked.filter((each) => each.isAdoptable);
  const adopted = new Set(adopt.map(({ pack }) => pack));
  const pick = looked.flatMap((each) => (each.isAdoptable ? [] : pickFrom(rows, each, { needed, adopted })));
  return { adopt, pick, unpacked, bytes };
}

/** What is taken of a pack that is not taken as it is; nothing where other packs have all of it. */
function pickFrom(
  rows: PackedRows,
  { pack, isMost }: PickedPack,
  { needed, adopted }: { readonly needed: ObjectSet; readonly adopted: ReadonlySet<number> },
): PickedPack[] {
  let [count, bytes, group] = [0, 0, 0];
  const own = rows.rowsOf(pack);
  for (let at = 0; at < own.length; at += ROW) {
    const neededBy = isTakenFrom(rows, { pack, adopted }, { own, at }) ? needed.groupOf(own, at) : -1;
    if (neededBy < 0) continue;
    count += 1;
    bytes += own.readUInt32LE(at + 36);
    group = Math.max(group, neededBy);
  }
  return count > 0 ? [{ pack, group, count, bytes, isMost }] : [];
}

/** Whether an object, of which `at` in `own` is the row, is taken from a pack rather than from another one that has it. */
export function isTakenFrom(
  rows: PackedRows,
  { pack, adopted }: { readonly pack: number; readonly adopted: ReadonlySet<number> },
  { own, at }: { readonly own: Buffer; readonly at: number },
): boolean {
  if (rows.packOf(own, at) !== pack) return false;
  return adopted.size === 0 || !rows.findAll(own, at).some((place) => adopted.has(place.pack));
}

/** Needed objects that a pack is the first to have, and the last of their groups. */
interface Tally {
  objects: number;
  group: number;
}

function lookAt(
  rows: PackedRows,
  { pack, tally }: { readonly pack: number; readonly tally: Tally },
  { wanted, needed, packedBytes }: FetchNeeds,
): PickedPack & { readonly isAdoptable: boolean } {
  const own = rows.rowsOf(pack);
  // As many of its objects as it has rows: then each row is needed, and none has to be looked for.
  const isWhole = tally.objects === own.length / ROW;
  let [group, count, bytes, all] = [0, 0, 0, 0];
  let isAllWanted = true;
  let isAllSmall = true;
  for (let at = 0; at < own.length; at += ROW) {
    const length = own.readUInt32LE(at + 36);
    all += length;
    const neededBy = isWhole ? tally.group : needed.groupOf(own, at);
    if (neededBy >= 0) {
      count += 1;
      bytes += length;
      group = Math.max(group, neededBy);
    } else if (!wanted.has(own, at)) isAllWanted = false;
    // What lists folders is packed whatever its size.
    const isFile = length > packedBytes && wanted.find(own, at)?.size !== undefined;
    if (isFile || length > LARGEST_LIST) isAllSmall = false;
  }
  const isMost = bytes * 2 >= all;
  return { pack, group, count, bytes, isMost, isAdoptable: isAllWanted && isAllSmall && isMost };
}
