import { isGone, ownerOfName } from '../kit/owner.ts';
import { parseJson } from '../kit/parse-json.ts';
import type { PlaceEntry } from '../store/place/place.ts';
import { KEYS } from './remote-layout.ts';

/** A collection that said nothing for so long has died, in milliseconds. */
export const DEAD_MS = 20 * 60_000;

/** No lease or tombstone is larger, in bytes: one that is counts as naming everything. */
export const LARGEST_NOTE = 64 << 20;

/** Of one whose process is known to be gone only what it had asked for last may still be done. */
const ORPHANED_MS = 60_000;

/**
 * Whether a tombstone is of a collection that died: anybody may remove it then.
 * @param now by the clock of the place
 */
export function isDead({ key, modifiedAt }: PlaceEntry, now: number): boolean {
  const owner = ownerOfName(key.slice(KEYS.tombstones.length));
  const age = now - modifiedAt;
  return age > DEAD_MS || (owner !== undefined && age > ORPHANED_MS && isGone(owner));
}

/** The text of a tombstone that names keys, which begin with `v1/`. */
export function tombstoneText(keys: Iterable<string>, at: number): string {
  return JSON.stringify({ schema: 'pipe.tombstone/1', at, keys: [...keys].map(withoutBase) });
}

/** A key as leases and tombstones name it. */
export function withoutBase(key: string): string {
  return key.replace(/^v1\//, '');
}

/** Whether a tombstone names any of some keys. Of one that makes no sense nobody knows: it counts as all. */
export function namesAny(tombstone: Buffer, keys: ReadonlySet<string>): boolean {
  const value = parseJson(tombstone.toString('utf8')) as { readonly schema?: unknown; readonly keys?: unknown } | null;
  if (value?.schema !== 'pipe.tombstone/1' || !Array.isArray(value.keys)) return keys.size > 0;
  return (value.keys as readonly unknown[]).some((key) => typeof key === 'string' && keys.has(`v1/${key}`));
}
