import type { Place } from '../store/place/place.ts';
import { ifDenied } from './denied.ts';
import type { RemoteLease } from './remote-lease.ts';
import { KEYS } from './remote-layout.ts';
import type { TableCache } from './table-cache.ts';

/** The lease that the last push from here has left in a remote. */
export interface LeftLease {
  readonly key: string;
  /** What it names. */
  readonly keys: readonly string[];
}

/** What is remembered of it; `undefined` before the first push. */
export function lastLease(cache: TableCache): LeftLease | undefined {
  const [key = '', ...keys] = cache.read('lease')?.toString('utf8').split('\n') ?? [];
  return key.startsWith(KEYS.leases) ? { key, keys } : undefined;
}

/**
 * Removes the lease that the last push has left, when a push that has come to its end names all that it names: its own
 * lease counts for longer. So many pushes of the same leave one lease.
 * @param before as it was when this push began: one that has ended since counts for longer
 */
export async function replaceLease(
  { place, cache }: { readonly place: Place; readonly cache: TableCache },
  lease: RemoteLease,
  before: LeftLease | undefined,
): Promise<void> {
  const keys = lease.settled();
  // It has left none.
  if (keys.length === 0) return;
  cache.write('lease', [Buffer.from([lease.key, ...keys].join('\n'))]);
  // The push has ended well: who may not remove it, or cannot, leaves it to others.
  if (before !== undefined && lease.covers(before.keys)) await place.remove([before.key]).catch(() => undefined);
}

/** A lease that was not written for so long counts for nobody, whatever time of grace a collection gives. */
const FORGOTTEN_MS = 30 * 24 * 3600_000;

/** Of more, the rest is left to the next one who looks. */
const MOST_PAGES = 10;

/** Removes the leases that nobody has use for any more: machines come and go, and each has left one. */
export async function removeForgotten(place: Place): Promise<void> {
  const now = await place.now();
  let left = MOST_PAGES;
  for await (const page of place.list(KEYS.leases)) {
    const old = page.filter(({ modifiedAt }) => now - modifiedAt > FORGOTTEN_MS);
    if (old.length > 0) await place.remove(old.map(({ key }) => key)).catch(ifDenied);
    left -= 1;
    if (left === 0) return;
  }
}
