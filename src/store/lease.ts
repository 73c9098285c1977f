import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { isOnNetworkDisk } from '../kit/network-disk.ts';
import { ownedName, thisOwner } from '../kit/owner.ts';
import { systemFault } from '../kit/system-fault.ts';
import { namesIn } from '../kit/temporary.ts';
import { makeFolder } from '../kit/make-folder.ts';
import { PipeError } from '../problem/problem.ts';
import type { StoreLayout } from './layout.ts';
import { writeFully } from './pack-writer.ts';
import { shareFile } from './write-shared.ts';

/** How the names of leases end, and those of the ticket of whoever takes things out of the store. */
export const LEASE = '.lease';
export const UPKEEP = '.upkeep';

/** How often a process says that it is still there, in milliseconds: another machine cannot ask for it. */
const RENEW_MS = 60_000;

/** After so long it is worth a look whether the lease is still there, in milliseconds of the clock on the wall. */
const CHECK_MS = 1_000;

const { O_APPEND, O_CREAT, O_EXCL, O_SYNC, O_WRONLY } = constants;

/**
 * What a process relies on in a store: a file that names it, path by path, for as long as the process runs. Whoever
 * takes things out of the store leaves what any lease names (docs/formats.md, "Leases"). A path is named before the
 * process looks whether it is there: whoever removes it moves it aside first, then reads the leases, so that one of the
 * two sees the other.
 */
export class Lease {
  readonly #layout: StoreLayout;
  readonly #path: string;
  readonly #fd: number;
  readonly #timer: NodeJS.Timeout;
  #isOver = false;
  #checkedAt = Date.now();

  private constructor(layout: StoreLayout, path: string) {
    this.#layout = layout;
    this.#path = path;
    // What another machine is to see must not wait here until the file is closed.
    const sync = isOnNetworkDisk(path) ? O_SYNC : 0;
    this.#fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | sync, 0o666);
    this.#timer = setInterval(() => {
      this.#renew();
    }, RENEW_MS).unref();
  }

  /** The lease of this process on a store, opened where there is none yet; `undefined` where nothing can be written. */
  static of(layout: StoreLayout): Lease | undefined {
    const known = open.get(layout.root);
    if (known?.isThere() === true) return known;
    known?.end();
    try {
      makeFolder(layout.leases, layout);
      const path = join(layout.leases, `${ownedName(thisOwner())}${LEASE}`);
      const lease = new Lease(layout, path);
      // Whoever takes things out must be able to read it.
      if (layout.shared) shareFile(path);
      if (!isWatching) process.once('exit', endAll);
      isWatching = true;
      open.set(layout.root, lease);
      return lease;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A store to read from only: what it holds is in the hands of others.
      if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return undefined;
      throw error;
    }
  }

  /**
   * Names a path of the store, absolute.
   * @throws {PipeError} PIPE_STORE_LEASE when the lease was seen to be taken away
   */
  pin(path: string): void {
    // A clock that also goes on while the machine sleeps.
    if (this.#isOver || Math.abs(Date.now() - this.#checkedAt) > CHECK_MS) this.check();
    // The line before may have been cut off by a disk that was full.
    writeFully(this.#fd, Buffer.from(`\n${relative(this.#layout.base, path)}\n`));
  }

  /**
   * To be called before anything is written down that refers to the store: whoever did not hear of this process for long
   * enough, since the machine slept, takes it for gone and its lease away. Then nothing that it named is sure to be there.
   * @throws {PipeError} PIPE_STORE_LEASE
   */
  check(): void {
    this.#checkedAt = Date.now();
    if (this.isThere()) return;
    throw new PipeError({
      code: 'PIPE_STORE_LEASE',
      message: `the cache ${this.#layout.root} was cleaned up while this process stood still, so that what it had stored may be gone`,
      hint: 'run again: what is still there is not stored a second time',
    });
  }

  /** Whether the lease has not been taken away: nobody gets its name a second time. */
  isThere(): boolean {
    if (this.#isOver) return false;
    try {
      // On a network disk only opening asks the other machine.
      closeSync(openSync(this.#path, 'r'));
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ESTALE') return false;
      throw error;
    }
  }

  #renew(): void {
    try {
      writeFully(this.#fd, Buffer.from('\n'));
    } catch (error) {
      // A full disk, say: in the end the lease is taken away, and `check` says so.
      if (systemFault(error) === undefined) throw error;
    }
  }

  /**
   * Ends the lease: what the process relied on is written down by now. While somebody takes things out of the store,
   * who may have read locks before, it stays, as that of a process that is gone.
   */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#timer);
    closeSync(this.#fd);
    if (open.get(this.#layout.root) === this) open.delete(this.#layout.root);
    try {
      if (!namesIn(this.#layout.leases).some((name) => name.endsWith(UPKEEP))) rmSync(this.#path, { force: true });
    } catch (error) {
      // What is left is the lease of a process that is gone.
      if (systemFault(error) === undefined) throw error;
    }
  }
}

/** By the root of the store. A process has one lease on each, whatever opens it how often. */
const open = new Map<string, Lease>();
let isWatching = false;

function endAll(): void {
  for (const lease of [...open.values()]) lease.end();
}
