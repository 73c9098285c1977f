import type { UnfinishedWrite } from '../../store/place/place.ts';
import { isDenied } from '../denied.ts';
import { listAll } from '../read-object.ts';
import type { Remote } from '../remote.ts';
import { KEYS } from '../remote-layout.ts';
import { isDead } from '../tombstones.ts';
import { isRecent, readLeases } from './read-leases.ts';

/** What nobody goes on with in a remote. */
export interface RemoteLeftovers {
  /** Keys. */
  readonly leases: readonly string[];
  readonly tombstones: readonly string[];
  readonly uploads: readonly UnfinishedWrite[];
}

/** Looks for what processes have left behind. Uploads that began within the grace period may go on still. */
export async function findLeftovers(
  { place }: Pick<Remote, 'place'>,
  { graceMs }: { readonly graceMs: number },
): Promise<RemoteLeftovers> {
  const now = await place.now();
  const { stale } = await readLeases(place, graceMs);
  const tombstones = (await listAll(place, KEYS.tombstones)).filter((entry) => isDead(entry, now));
  const uploads = await place.unfinished().catch((error: unknown) => {
    // Not every policy allows to look for them.
    if (isDenied(error)) return [];
    throw error;
  });
  return {
    leases: stale,
    tombstones: tombstones.map(({ key }) => key),
    uploads: uploads.filter(({ at }) => !isRecent(now - at, graceMs)),
  };
}

/** Removes them. */
export async function removeLeftovers(
  { place }: Pick<Remote, 'place'>,
  { leases, tombstones, uploads }: RemoteLeftovers,
): Promise<void> {
  await place.remove([...leases, ...tombstones]);
  await place.abandon(uploads);
}

/** For people: what is left behind, one a line. */
export function leftoverNames({ leases, tombstones, uploads }: RemoteLeftovers): string[] {
  return [...leases, ...tombstones, ...uploads.map(({ name }) => `${name} (unfinished)`)];
}
