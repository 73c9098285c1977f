import { ROW } from '../store/pack.ts';
import type { ObjectSet } from './object-set.ts';
import type { PackedRows } from './packed-rows.ts';

/** From which packs of a remote objects come. */
export interface FetchPlan {
  /** Packs that become packs of the local store as they are. */
  readonly adopt: readonly PickedPack[];
  /** Packs of which some objects are taken. */
  readonly pick: readonly PickedPack[];
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
  const packs = new Set<number>();
  needed.each((digest, at) => {
    const pack = rows.packOf(digest, at);
    if (pack >= 0) packs.add(pack);
  });
  const looked = [...packs].sort((a, b) => a - b).map((pack) => ({ pack, ...lookAt(rows, pack, needs) }));
  const adopted = new Set(looked.filter((each) => each.isAdoptable).map(({ pack }) => pack));
  const plan = { adopt: [] as PickedPack[], pick: [] as PickedPack[] };
  for (const { pack, bytes, all, isAdoptable } of looked) {
    let [count, taken, group] = [0, 0, 0];
    const own = rows.rowsOf(pack);
    for (let at = 0; at < own.length; at += ROW) {
      const object =
        isAdoptable || isTakenFrom(rows, { pack, adopted }, { own, at }) ? needed.find(own, at) : undefined;
      if (object === undefined) continue;
      count += 1;
      taken += own.readUInt32LE(at + 36);
      group = Math.max(group, object.group);
    }
    if (count > 0)
      plan[isAdoptable ? 'adopt' : 'pick'].push({ pack, group, count, bytes: taken, isMost: bytes * 2 >= all });
  }
  return plan;
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

function lookAt(
  rows: PackedRows,
  pack: number,
  { wanted, needed, packedBytes }: FetchNeeds,
): { readonly isAdoptable: boolean; readonly bytes: number; readonly all: number } {
  const own = rows.rowsOf(pack);
  let [bytes, all] = [0, 0];
  let isAllWanted = true;
  let isAllSmall = true;
  for (let at = 0; at < own.length; at += ROW) {
    const length = own.readUInt32LE(at + 36);
    all += length;
    if (needed.has(own, at)) bytes += length;
    const object = wanted.find(own, at);
    if (object === undefined) isAllWanted = false;
    // What lists folders is packed whatever its size.
    else if (length > packedBytes && object.size !== undefined) isAllSmall = false;
  }
  return { isAdoptable: isAllWanted && isAllSmall && bytes * 2 >= all, bytes, all };
}
