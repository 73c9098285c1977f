import { setTimeout } from 'node:timers/promises';
import { ownedName, thisOwner } from '../kit/owner.ts';
import type { Place, PlaceEntry } from '../store/place/place.ts';
import { listAll } from './read-object.ts';
import { ifDenied } from './denied.ts';
import { elapsed, moment, placeClock } from './place-clock.ts';
import { KEYS } from './remote-layout.ts';
import { DEAD_MS, LARGEST_NOTE, isDead, namesAny, withoutBase } from './tombstones.ts';

/** How often a push says that it still runs, in milliseconds. */
const RENEW_MS = 60_000;

/** A lease that was not renewed for this time may have stopped counting: a collection may have passed it by. */
const LAPSED_MS = DEAD_MS - 5 * 60_000;

/** A push that failed does not wait longer than this to say that it relies on nothing any more, in milliseconds. */
const LAST_WORD_MS = 5_000;

/** How long to wait before a tombstone is looked at again, unless it is said. */
const POLL_MS = 1_000;

/** What a push relies on in a remote, and what it writes there: nobody removes what a lease names. */
export interface RemoteLease {
  /** Where it lies. */
  readonly key: string;
  /** Names keys. They count when `settle` has ended. */
  readonly add: (keys: Iterable<string>) => void;
  /** Says that keys are not relied on any more. */
  readonly drop: (keys: Iterable<string>) => Promise<void>;
  /** Whether all keys are named, and were when `settle` last ended. */
  readonly covers: (keys: Iterable<string>) => boolean;
  /** The keys that are named, and were when `settle` last ended. */
  readonly settled: () => readonly string[];
  /**
   * Writes the lease if it says anything new, then looks whether any of its keys is about to be removed, and waits until
   * that is over. One that names nothing is not written.
   * @returns whether what is there must be looked at again: it had to wait, or the lease had lapsed before
   */
  readonly settle: () => Promise<boolean>;
  /**
   * Whether it has counted all the time since `settle` last wrote it. A machine that slept did not renew it: what was
   * relied on may have gone meanwhile.
   */
  readonly holds: () => boolean;
  /**
   * Says in the lease that the push has come to its end: it stays for those who are told of what was pushed. One that
   * names nothing does not.
   * @returns whether it has held until then; if not, the push has not ended, and all must be looked at again
   */
  readonly finish: () => Promise<boolean>;
  /** Ends its renewal. A push that has not come to its end relies on nothing from here on: its lease goes. Never fails. */
  readonly close: () => Promise<void>;
}

export interface RemoteLeaseOptions {
  readonly signal: AbortSignal;
  /** The same place, which still works when the signal is aborted. */
  readonly lasting?: (() => Promise<Place>) | undefined;
  /** Told once when a collection has to be waited for. */
  readonly onWait?: (() => void) | undefined;
  /** How long to wait before a tombstone is looked at again, in milliseconds. */
  readonly pollMs?: number | undefined;
}

/** A lease of this process on a remote, which names nothing yet (docs/formats.md, "Leases and tombstones"). */
export async function openRemoteLease(
  place: Place,
  { signal, onWait, pollMs = POLL_MS, lasting = () => Promise.resolve(place) }: RemoteLeaseOptions,
): Promise<RemoteLease> {
  const key = KEYS.leases + ownedName(thisOwner());
  const keys = new Set<string>();
  const settled = new Set<string>();
  const now = await placeClock(place);
  let isEnded = false;
  let isWritten = false;
  let renewed = moment();
  let hasLapsed = false;
  // One that was never written names nothing that could have gone.
  const holds = (): boolean => !isWritten || (!hasLapsed && elapsed(renewed) <= LAPSED_MS);
  // One after another: an older one must not take the place of a newer one.
  let last: Promise<unknown> = Promise.resolve();
  const text = (): string =>
    JSON.stringify({
      schema: 'pipe.lease/1',
      at: now(),
      keys: [...keys].map(withoutBase),
      ...(isEnded ? { ended: true } : {}),
    });
  /** Anew: what it names is looked for afterwards, so that a time before in which it did not count is no harm. */
  const write = ({ isAnew = false, to = place } = {}): Promise<void> => {
    const writing = last.then(async () => {
      // Before: it counts from some moment after this one.
      const at = moment();
      await to.write(key, [Buffer.from(text())]);
      hasLapsed = !isAnew && (hasLapsed || elapsed(renewed) > LAPSED_MS);
      renewed = at;
      isWritten = true;
    });
    last = writing.catch(() => undefined);
    return writing;
  };
  const remove = async (from: Place): Promise<void> => {
    // An older one that is still being written must not come back.
    await last;
    await from.remove([key]);
  };
  const timer = setInterval(() => {
    // That it failed shows in the time.
    if (isWritten) write().catch(() => undefined);
  }, RENEW_MS).unref();
  return {
    key,
    add: (more) => {
      for (const each of more) keys.add(each);
    },
    async drop(fewer) {
      for (const each of fewer) {
        keys.delete(each);
        settled.delete(each);
      }
      await write();
    },
    covers: (wanted) => [...wanted].every((each) => settled.has(each)),
    settled: () => [...settled],
    holds,
    async settle() {
      const isLate = isWritten && !holds();
      if (isLate || keys.size > settled.size) await write({ isAnew: true });
      // Nothing that is about to be removed concerns it.
      if (keys.size === 0) return isLate;
      for (const each of keys) settled.add(each);
      return (await waitForTombstones(place, { keys, now, signal, onWait, pollMs })) || isLate;
    },
    async finish() {
      isEnded = true;
      if (!isWritten) return isEnded;
      // One that does not say so counts as that of a push that still runs, for some time: no harm.
      await (keys.size === 0 ? remove(place) : write()).catch(() => undefined);
      isEnded = holds();
      return isEnded;
    },
    async close() {
      clearInterval(timer);
      if (isEnded || !isWritten) return;
      isEnded = true;
      keys.clear();
      const saying = (async () => {
        const still = signal.aborted ? await lasting() : place;
        // Who may not remove it says that it names nothing.
        await remove(still).catch(() => write({ to: still }));
      })().catch(() => undefined);
      // A server that does not answer is not waited for: the lease stops counting by itself.
      await Promise.race([saying, setTimeout(LAST_WORD_MS, undefined, { ref: false })]);
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
      if (entry.size > LARGEST_NOTE) return keys.size > 0;
      const bytes = await place.read(entry.key, { offset: 0, length: LARGEST_NOTE });
      return bytes !== undefined && namesAny(bytes, keys);
    }),
  );
  return found.some(Boolean);
}
