import { setTimeout } from 'node:timers/promises';
import { ownedName, thisOwner } from '../../kit/owner.ts';
import { PipeError } from '../../problem/problem.ts';
import type { Place } from '../../store/place/place.ts';
import { elapsed, moment, placeClock } from '../place-clock.ts';
import { listAll } from '../read-object.ts';
import type { Remote } from '../remote.ts';
import { readLeases } from './read-leases.ts';
import { KEYS } from '../remote-layout.ts';
import { DEAD_MS, isDead, tombstoneText } from '../tombstones.ts';

/** How often a collection says that it still runs, in milliseconds. */
const RENEW_MS = 60_000;

/** Of what was asked for, a server does nothing after this time. */
const REFUSED_MS = 15 * 60_000;

/** How long to wait for another collection of the same remote. */
const WAIT_MS = 10_000;

/** Keys that go with one request, between two looks at whether they still may. */
const BATCH = 1000;

/** The right to take things out of a remote: one process has it at a time (docs/formats.md, "Leases and tombstones"). */
export interface RemoteUpkeep {
  /**
   * Names keys that are to go; then looks who relies on them.
   * @returns those that nobody relies on: they may be removed until the upkeep ends
   */
  condemn(keys: readonly string[]): Promise<string[]>;
  /**
   * Takes out keys that were condemned.
   * @param before is given each batch before it is removed
   */
  remove(keys: readonly string[], before?: (batch: readonly string[]) => Promise<void>): Promise<void>;
  /** Keys of leases that did not count when they were last read. */
  readonly staleLeases: () => readonly string[];
  /** Takes the tombstone back. Never fails: what is left of it is of a collection that died. */
  end(): Promise<void>;
}

export interface UpkeepOptions {
  /** What was written, or pushed, within this time stays. */
  readonly graceMs: number;
  /** How long to wait for another collection, in milliseconds. */
  readonly waitMs?: number;
}

/**
 * Begins the upkeep of a remote. Whoever decides by locks and pointers what goes reads them afterwards.
 * @throws {PipeError} PIPE_REMOTE_DENIED for who may not remove things there, before anything is written;
 * PIPE_REMOTE_BUSY when somebody else has the remote
 */
export async function beginRemoteUpkeep(
  { place, signal, lasting }: Pick<Remote, 'place' | 'signal' | 'lasting'>,
  { graceMs, waitMs = WAIT_MS }: UpkeepOptions,
): Promise<RemoteUpkeep> {
  const key = KEYS.tombstones + ownedName(thisOwner());
  // It is not there. Who may not remove anything is told so now, and leaves no tombstone in the way of others.
  await place.remove([key]);
  let keys: readonly string[] = [];
  let renewed = moment();
  let last: Promise<unknown> = Promise.resolve();
  const now = await placeClock(place);
  const checkTime = (): void => {
    if (elapsed(renewed) > DEAD_MS - REFUSED_MS) throw tooLate(place);
  };
  const write = (): Promise<void> => {
    const writing = last.then(async () => {
      checkTime();
      const at = moment();
      await place.write(key, [Buffer.from(tombstoneText(keys, now()))]);
      renewed = at;
    });
    last = writing.catch(() => undefined);
    return writing;
  };
  const takeBack = async (): Promise<void> => {
    const still = signal.aborted ? await lasting() : place;
    await still.remove([key]);
  };
  await begin(place, { key, write, takeBack, signal, now, waitMs });
  const timer = setInterval(() => {
    // That it failed shows in the time.
    write().catch(() => undefined);
  }, RENEW_MS).unref();
  let stale: readonly string[] = [];
  return {
    async condemn(wanted) {
      keys = wanted;
      await write();
      const leases = await readLeases(place, graceMs);
      ({ stale } = leases);
      const free = wanted.filter((each) => !leases.has(each));
      keys = free;
      if (free.length < wanted.length) await write();
      return free;
    },
    async remove(condemned, before) {
      for (let at = 0; at < condemned.length; at += BATCH) {
        const batch = condemned.slice(at, at + BATCH);
        checkTime();
        await before?.(batch);
        checkTime();
        await place.remove(batch);
      }
    },
    staleLeases: () => stale,
    async end() {
      clearInterval(timer);
      await last;
      await takeBack().catch(() => undefined);
    },
  };
}

interface Beginning {
  readonly key: string;
  readonly write: () => Promise<void>;
  readonly takeBack: () => Promise<void>;
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly waitMs: number;
}

/** Puts a tombstone there and looks: of two collections, the later one sees the other, so that both are never alone. */
async function begin(place: Place, { key, write, takeBack, signal, now, waitMs }: Beginning): Promise<void> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    let other: string | undefined;
    try {
      await write();
      other = await otherTombstone(place, key, now());
    } catch (error) {
      await takeBack().catch(() => undefined);
      throw error;
    }
    if (other === undefined) return;
    await takeBack();
    if (performance.now() > deadline) throw busy(place, other);
    // Random, so that two that saw each other do not meet again for ever.
    await setTimeout(20 + Math.random() * 200, undefined, { signal });
  }
}

async function otherTombstone(place: Place, own: string, now: number): Promise<string | undefined> {
  for (const entry of await listAll(place, KEYS.tombstones)) {
    if (entry.key === own) continue;
    if (!isDead(entry, now)) return entry.key;
    await place.remove([entry.key]);
  }
  return undefined;
}

function busy({ name }: Place, other: string): PipeError {
  return new PipeError({
    code: 'PIPE_REMOTE_BUSY',
    message: `another process is taking things out of ${name}`,
    hint: `wait for it to end; if it was killed, it stops counting after ${String(DEAD_MS / 60_000)} minutes (${other})`,
  });
}

function tooLate({ name }: Place): PipeError {
  return new PipeError({
    code: 'PIPE_REMOTE_FAILED',
    message: `the collection of ${name} could not tell others in time that it still runs, so it stopped`,
    hint: 'nothing that is needed is gone; run it again',
  });
}
