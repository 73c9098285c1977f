import { parseJson } from '../../kit/parse-json.ts';
import type { Place } from '../../store/place/place.ts';
import { listAll } from '../read-object.ts';
import { KEYS } from '../remote-layout.ts';
import { DEAD_MS } from '../tombstones.ts';

/** What pushes rely on in a remote, as far as their leases count. */
export interface RemoteLeases {
  /** Whether a push relies on a key. */
  readonly has: (key: string) => boolean;
  /** The keys of leases that do not count any more. */
  readonly stale: readonly string[];
}

/** Leases that are read at once. */
const AT_ONCE = 16;

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
  const read = async ({ key, modifiedAt }: (typeof listed)[number]): Promise<void> => {
    const age = now - modifiedAt;
    const bytes = age > Math.max(graceMs, DEAD_MS) ? undefined : await place.read(key);
    const lease = bytes === undefined ? undefined : leaseIn(bytes);
    // That of a push that has ended counts for the grace period alone; one that does not say so may be running.
    if (bytes === undefined || (lease?.isEnded === true && !isRecent(age, graceMs))) stale.push(key);
    else if (lease === undefined) isAll = true;
    else for (const each of lease.keys) keys.add(`v1/${each}`);
  };
  for (let at = 0; at < listed.length; at += AT_ONCE) await Promise.all(listed.slice(at, at + AT_ONCE).map(read));
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
  return { keys: (value.keys as unknown[]).map(String), isEnded: value.ended === true };
}
