import { setTimeout } from 'node:timers/promises';
import { ownedName, thisOwner } from '../kit/owner.ts';
import type { Place, PlaceEntry } from '../store/place/place.ts';
import { listAll } from './read-object.ts';
import { ifDenied } from './denied.ts';
import { placeClock } from './place-clock.ts';
import { KEYS } from './remote-layout.ts';
import { isDead, namesAny, withoutBase } from './tombstones.ts';

/** How often a push says that it still runs, in milliseconds. */
const RENEW_MS = 60_000;

/** How long to wait before a tombstone is looked at again, unless it is said. */
const POLL_MS = 1_000;

/** What a push relies on in a remote, and what it writes there: nobody removes what a lease names. */
export interface RemoteLease {
  /** Names keys. They count when `settle` has ended. */
  readonly add: (keys: Iterable<string>) => void;
  /** Whether all keys are named, and were when `settle` last ended. */
  readonly covers: (keys: Iterable<string>) => boolean;
  /**
   * Writes the lease if it says anything new, then looks whether any of its keys is about to be removed, and waits until
   * that is over.
   * @returns whether it had to wait: what is there must be looked at again then
   */
  readonly settle: () => Promise<boolean>;
  /**
   * Ends its renewal; the lease stays where it is, for those who are told of what was pushed.
   * @param isDone whether the push came to its end, so that the lease says so
   */
  readonly end: (isDone?: boolean) => Promise<void>;
}

export interface RemoteLeaseOptions {
  readonly signal: AbortSignal;
  /** Told once when a collection has to be waited for. */
  readonly onWait?: (() => void) | undefined;
  /** How long to wait before a tombstone is looked at again, in milliseconds. */
  readonly pollMs?: number | undefined;
}

/** A lease of this process on a remote, which names nothing yet (docs/formats.md, "Leases and tombstones"). */
export async function openRemoteLease(
  place: Place,
  { signal, onWait, pollMs = POLL_MS }: RemoteLeaseOptions,
): Promise<RemoteLease> {
  const key = KEYS.leases + ownedName(thisOwner());
  const keys = new Set<string>();
  const settled = new Set<string>();
  const now = await placeClock(place);
  let isEnded = false;
  // One after another: an older one must not take the place of a newer one.
  let last: Promise<unknown> = Promise.resolve();
  const write = (): Promise<void> => {
    const text = (): string =>
      JSON.stringify({
        schema: 'pipe.lease/1',
        at: now(),
        keys: [...keys].map(withoutBase),
        ...(isEnded ? { ended: true } : {}),
      });
    const writing = last.then(async () => {
      await place.write(key, [Buffer.from(text())]);
    });
    last = writing.catch(() => undefined);
    return writing;
  };
  let isWritten = false;
  const timer = setInterval(() => {
    // Once too late is no harm: the grace period is a day.
    write().catch(() => undefined);
  }, RENEW_MS).unref();
  return {
    add: (more) => {
      for (const each of more) keys.add(each);
    },
    covers: (wanted) => [...wanted].every((each) => settled.has(each)),
    async settle() {
      const isNew = !isWritten || keys.size > settled.size;
      if (isNew) await write();
      isWritten = true;
      for (const each of keys) settled.add(each);
      return waitForTombstones(place, { keys, now, signal, onWait, pollMs });
    },
    async end(isDone = false) {
      clearInterval(timer);
      isEnded = isDone;
      // One that does not say so counts as that of a push that still runs, for some time: no harm.
      if (isDone) await write().catch(() => undefined);
    },
  };
}

interface Waiting extends RemoteLeaseOptions {
  readonly keys: ReadonlySet<string>;
  readonly now: () => number;
}

async function waitForTombstones(place: Place, { keys, now, signal, onWait, pollMs }: Waiting): Promise<boolean> {
  for (let rounds = 0; ; rounds += 1) {
    const inTheWay = await tombstonesOf(place, { keys, now });
    if (!inTheWay) return rounds > 0;
    if (rounds === 0) onWait?.();
    await setTimeout(pollMs, undefined, { signal });
  }
}

/** Whether a collection that runs is about to remove any of some keys. What collections that died left is removed. */
async function tombstonesOf(place: Place, { keys, now }: Pick<Waiting, 'keys' | 'now'>): Promise<boolean> {
  const found = await Promise.all(
    (await listAll(place, KEYS.tombstones)).map(async (entry: PlaceEntry) => {
      if (isDead(entry, now())) {
        // Who may not remove anything leaves it to others.
        await place.remove([entry.key]).catch(ifDenied);
        return false;
      }
      const bytes = await place.read(entry.key);
      return bytes !== undefined && namesAny(bytes, keys);
    }),
  );
  return found.some(Boolean);
}
