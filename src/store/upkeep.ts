import { closeSync, fstatSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { writeProblem } from '../kit/atomic-file.ts';
import type { Blake3 } from '../kit/blake3.ts';
import { rawOfDigest } from '../kit/digest.ts';
import { isGone, ownedName, ownerOfName, stateOf, thisOwner } from '../kit/owner.ts';
import { readAt } from './pack-file.ts';
import { namesIn } from '../kit/temporary.ts';
import { makeFolder } from '../kit/make-folder.ts';
import { PipeError } from '../problem/problem.ts';
import { DigestMap, NOWHERE } from './digest-map.ts';
import type { StoreLayout } from './layout.ts';
import { digestOfPath } from './layout.ts';
import { LEASE, UPKEEP } from './lease.ts';
import { openLimbo, putBack } from './limbo.ts';
import { sweepStore } from './sweep.ts';

/** How long to wait for somebody else's upkeep of the same store. */
const WAIT_MS = 10_000;

/** The lease of a process that nothing can be asked of and that was not renewed for so long is over. */
const STALE_MS = 3_600_000;

/** How many files are aside at once. */
const BATCH = 256;

/** What becomes of a file that is taken out: it lies at `path` and came from `from`. */
export type Dispose = (path: string, from: string) => void;

/** The right to take things out of a store: one process has it at a time. */
export interface Upkeep {
  /** Whether a process relies on a file of the store, as far as the leases told when they were last read. */
  isHeld(path: string): boolean;
  /** Takes files out, unless a process relies on them; returns how many are left for that. */
  remove(paths: Iterable<string>, dispose: Dispose): number;
  end(): void;
}

/**
 * Begins the upkeep of a store: what killed processes left is put in order first. Whoever decides by locks and pointers
 * what goes reads them afterwards: what a process has written down by then is found there, and what it relies on later
 * stands in its lease, which stays until the upkeep has ended.
 * @throws {PipeError} PIPE_STORE_BUSY when another process has had the store for ten seconds; PIPE_FILE_WRITE for a
 * store that is not ours to write.
 */
export async function beginUpkeep(layout: StoreLayout, blake3: Blake3, waitMs = WAIT_MS): Promise<Upkeep> {
  const ticket = await takeTicket(layout, waitMs);
  const pins = new Pins(layout);
  removeOldLeases(layout, ticket);
  sweepStore(layout, { blake3, owner: thisOwner() });
  pins.read();
  const limbo = openLimbo(layout);
  const settle = (dispose: Dispose): number => {
    let held = 0;
    pins.read();
    for (const { path, from } of limbo.taken()) {
      if (!pins.has(from)) {
        dispose(path, from);
        continue;
      }
      putBack(path, from);
      held += 1;
    }
    return held;
  };
  return {
    isHeld: (path) => pins.has(path),
    remove(paths, dispose) {
      let [held, aside] = [0, 0];
      for (const path of paths) {
        if (aside === 0) pins.read();
        if (pins.has(path)) held += 1;
        else if (limbo.take(path)) aside += 1;
        if (aside < BATCH) continue;
        held += settle(dispose);
        aside = 0;
      }
      return held + settle(dispose);
    },
    end() {
      limbo.close();
      removeOldLeases(layout, ticket);
      rmSync(ticket, { force: true });
    },
  };
}

/** Puts a ticket there and looks: of two processes, the later one sees the other, so that both are never alone. */
async function takeTicket(layout: StoreLayout, waitMs: number): Promise<string> {
  const deadline = performance.now() + waitMs;
  const ticket = join(layout.leases, `${ownedName(thisOwner())}${UPKEEP}`);
  for (;;) {
    try {
      makeFolder(layout.leases, layout);
      writeFileSync(ticket, '');
    } catch (error) {
      throw writeProblem(ticket, error);
    }
    const other = otherTicket(layout, ticket);
    if (other === undefined) return ticket;
    rmSync(ticket, { force: true });
    if (performance.now() > deadline) {
      throw new PipeError({
        code: 'PIPE_STORE_BUSY',
        message: `another process is taking things out of the cache ${layout.root}`,
        hint: `wait for it to end; if it ran on another machine or in a container that is gone, remove ${other}`,
      });
    }
    // Random, so that two processes that saw each other do not meet again for ever.
    await setTimeout(5 + Math.random() * 50);
  }
}

function otherTicket(layout: StoreLayout, ours: string): string | undefined {
  for (const name of namesIn(layout.leases)) {
    const path = join(layout.leases, name);
    const owner = ownerOfName(name);
    if (!name.endsWith(UPKEEP) || path === ours || owner === undefined) continue;
    if (!isGone(owner)) return path;
    rmSync(path, { force: true });
  }
  return undefined;
}

/** Removes the leases of processes that are gone. Only whoever has the ticket may: another might need them still. */
function removeOldLeases(layout: StoreLayout, ticket: string): void {
  const now = statSync(ticket, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  for (const name of namesIn(layout.leases)) {
    const owner = ownerOfName(name);
    if (!name.endsWith(LEASE) || owner === undefined) continue;
    const path = join(layout.leases, name);
    const state = stateOf(owner);
    const renewed = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (state === 'gone' || (state === 'unknown' && now - renewed > STALE_MS)) rmSync(path, { force: true });
  }
}

/** Whether a process relies on a file of the store by now; for those who only look. */
export function heldNow(layout: StoreLayout): (path: string) => boolean {
  const pins = new Pins(layout);
  pins.read();
  return (path) => pins.has(path);
}

/** What all leases name. What was read stays, whatever becomes of the lease. */
class Pins {
  readonly #layout: StoreLayout;
  readonly #loose = new DigestMap();
  readonly #others = new Set<string>();
  /** How far each lease was read. */
  readonly #read = new Map<string, number>();

  constructor(layout: StoreLayout) {
    this.#layout = layout;
  }

  has(path: string): boolean {
    const inside = relative(this.#layout.base, path).replaceAll(sep, '/');
    const digest = digestOfPath(inside);
    return digest === undefined ? this.#others.has(inside) : this.#loose.has(rawOfDigest(digest));
  }

  /** Reads what the leases have named since. */
  read(): void {
    for (const name of namesIn(this.#layout.leases)) if (name.endsWith(LEASE)) this.#readLease(name);
  }

  #readLease(name: string): void {
    let fd: number;
    try {
      fd = openSync(join(this.#layout.leases, name), 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    try {
      const from = this.#read.get(name) ?? 0;
      const text = readAt(fd, from, fstatSync(fd).size - from).toString('latin1');
      // A line that is being written is read the next time: whoever writes it looks at nothing before it is there.
      const end = text.lastIndexOf('\n') + 1;
      for (const line of text.slice(0, end).split('\n')) this.#add(line);
      this.#read.set(name, from + end);
    } finally {
      closeSync(fd);
    }
  }

  #add(line: string): void {
    const digest = digestOfPath(line);
    if (digest !== undefined) this.#loose.add(rawOfDigest(digest), 0, NOWHERE);
    else if (line !== '') this.#others.add(line);
  }
}
