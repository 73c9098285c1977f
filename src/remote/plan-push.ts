import type { Blake3 } from '../kit/blake3.ts';
import type { Digest, RawDigest } from '../kit/digest.ts';
import { ROW } from '../store/pack.ts';
import type { ObjectSet } from './object-set.ts';
import { PackPlanner, isGapless } from './pack-image.ts';
import { LARGEST_PACKED } from './remote-layout.ts';
import type { PackTable } from './tables.ts';
import { packSize } from './tables.ts';

/** What is sent to a remote, and how. */
export interface PushPlan {
  /** Packs of the local store that go as they are. */
  readonly whole: readonly PackTable[];
  /** New packs of objects that lie elsewhere in the local store. */
  readonly built: readonly PackTable[];
  /** Objects that go alone. */
  readonly large: readonly { readonly digest: RawDigest; readonly size: number }[];
}

export interface PushNeeds {
  /** Everything that belongs to this push: nothing else may be sent. */
  readonly belongs: ObjectSet;
  /** What of it the remote lacks and the local store has; the group is the local pack that it lies in (from 1), or 0. */
  readonly absent: ObjectSet;
  /** The table of a local pack (from 1); `undefined` when it cannot be read. */
  readonly tableOf: (pack: number) => PackTable | undefined;
}

/** No larger pack is held in memory to be looked through before it goes. */
const LARGEST_WHOLE = 64 << 20;

/**
 * Chooses how objects are sent: a local pack as it is only if every object in it belongs to the push, and most of it is
 * absent there; other objects of up to 4 MiB in new packs, larger ones alone.
 */
export function planPush({ belongs, absent, tableOf }: PushNeeds, blake3: Blake3): PushPlan {
  const bytesIn = new Map<number, number>();
  absent.each((_, __, { group, size = 0 }) => {
    bytesIn.set(group, (bytesIn.get(group) ?? 0) + size);
  });
  const whole = new Map<number, PackTable>();
  for (const [pack, bytes] of bytesIn) {
    const table = pack === 0 ? undefined : tableOf(pack);
    if (table !== undefined && isSentWhole(table, { bytes, belongs })) whole.set(pack, table);
  }
  const planner = new PackPlanner(blake3);
  const built: PackTable[] = [];
  const large: { digest: RawDigest; size: number }[] = [];
  absent.each((bytes, at, { group, size = 0 }) => {
    if (whole.has(group)) return;
    const digest = bytes.subarray(at, at + 32);
    if (size > LARGEST_PACKED) large.push({ digest: Buffer.from(digest), size });
    else built.push(...present(planner.add(digest, size)));
  });
  built.push(...present(planner.end()));
  return { whole: [...whole.values()], built, large };
}

function present<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}

function isSentWhole(
  table: PackTable,
  { bytes, belongs }: { readonly bytes: number; readonly belongs: ObjectSet },
): boolean {
  const { rows, end } = table;
  if (packSize(table) > LARGEST_WHOLE || !isGapless(rows, end)) return false;
  let all = 0;
  for (let at = 0; at < rows.length; at += ROW) {
    const length = rows.readUInt32LE(at + 36);
    if (length > LARGEST_PACKED || !belongs.has(rows, at)) return false;
    all += length;
  }
  return bytes * 2 >= all;
}

/** The names of the packs that a plan writes. */
export function packsOf({ whole, built }: PushPlan): Digest[] {
  return [...whole, ...built].map(({ name }) => name);
}
