import { closeSync, existsSync, openSync, rmSync, writeSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ownedName, thisOwner } from '../kit/owner.ts';
import { systemFault } from '../kit/system-fault.ts';
import { namesIn } from '../kit/temporary.ts';
import { makeFolder } from '../kit/make-folder.ts';
import type { StoreLayout } from './layout.ts';
import { shareFile } from './write-shared.ts';

/** How the names of leases end, and those of the ticket of whoever takes things out of the store. */
export const LEASE = '.lease';
export const UPKEEP = '.upkeep';

/** How often a process says that it is still there, in milliseconds: another machine cannot ask for it. */
const RENEW_MS = 60_000;

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

  private constructor(layout: StoreLayout, path: string) {
    this.#layout = layout;
    this.#path = path;
    this.#fd = openSync(path, 'ax');
    this.#timer = setInterval(() => {
      writeSync(this.#fd, '\n');
    }, RENEW_MS).unref();
  }

  /** The lease of this process on a store, opened where there is none yet; `undefined` where nothing can be written. */
  static of(layout: StoreLayout): Lease | undefined {
    const known = open.get(layout.root);
    if (known !== undefined && existsSync(known.#path)) return known;
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

  /** Names a path of the store, absolute. */
  pin(path: string): void {
    writeSync(this.#fd, `${relative(this.#layout.base, path)}\n`);
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
