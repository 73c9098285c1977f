import { parseJson } from '../../kit/parse-json.ts';
import type { Place, PlaceEntry } from '../../store/place/place.ts';
import { byteLimit } from '../byte-limit.ts';
import { listAll } from '../read-object.ts';
import { KEYS } from '../remote-layout.ts';
import { DEAD_MS, LARGEST_NOTE } from '../tombstones.ts';

/** What pushes rely on in a remote, as far as their leases count. */
export interface RemoteLeases {
  /** Whether a push relies on a key. */
  readonly has: (key: string) => boolean;
  /** The keys of leases that do not count any more. */
  readonly stale: readonly string[];
}

/** Leases that are read at once, and their bytes. */
const AT_ONCE = 16;
const MOST_HELD = 64 << 20;

/** Of leases that have more bytes together not all are read: then everything counts as named. */
const MOST_BYTES = 512 << 20;

/**
 * Reads the leases of a remote: those of pushes that run, and those that were written within the grace period. One that
 * makes no sense counts as naming everything.
 * @param graceMs in milliseconds
 */
export async function readLeases(place: Place, graceMs: number): Promise<RemoteLeases> {
  const listed = await listAll(place, KEYS.leases);
  const now = await place.now();
  const keys = new Set<string>();
  const stale: string[] = [];
  let isAll = false;
  let left = MOST_BYTES;
  const limit = byteLimit({ tasks: AT_ONCE, bytes: MOST_HELD });
  const read = async ({ key, modifiedAt, size }: PlaceEntry): Promise<void> => {
    const age = now - modifiedAt;
    const isOld = age > Math.max(graceMs, DEAD_MS);
    if (!isOld) left -= size;
    if (!isOld && (size > LARGEST_NOTE || left < 0)) {
      isAll = true;
      return;
    }
    const bytes = isOld ? undefined : await place.read(key, { offset: 0, length: LARGEST_NOTE });
    const lease = bytes === undefined ? undefined : leaseIn(bytes);
    // That of a push that has ended counts for the grace period alone; one that does not say so may be running.
    if (bytes === undefined || (lease?.isEnded === true && !isRecent(age, graceMs))) stale.push(key);
    else if (lease === undefined) isAll = true;
    else for (const each of lease.keys) keys.add(`v1/${each}`);
  };
  await Promise.all(listed.map((entry) => limit(Math.min(entry.size, LARGEST_NOTE), () => read(entry))));
  return { has: (key) => isAll || keys.has(key), stale };
}

/** Whether something of this age lies within the grace period; places may tell whole seconds. */
export function isRecent(age: number, graceMs: number): boolean {
  return graceMs > 0 && age < graceMs + 1000;
}

function leaseIn(bytes: Buffer): { readonly keys: readonly string[]; readonly isEnded: boolean } | undefined {
  const value = parseJson(bytes.toString('utf8')) as {
    readonly schema?: unknown;
    readonly keys?: unknown;
    readonly ended?: unknown;
  } | null;
  if (value?.schema !== 'pipe.lease/1' || !Array.isArray(value.keys)) return undefined;
  return { keys: (value.keys as unknown[]).filter((key) => typeof key === 'string'), isEnded: value.ended === true };
}
