import type { Stats } from 'node:fs';
import { chmodSync, linkSync, lstatSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Digest } from '../kit/digest.ts';
import { writeAll } from '../kit/write-all.ts';
import { reflink } from './copy.ts';
import type { StoreLayout } from './layout.ts';
import type { Links } from './link.ts';

/** Where spares are written. */
interface SpareStore {
  readonly layout: Pick<StoreLayout, 'shared'>;
  /** A new name in `tmp`. */
  temporary(end: string): string;
}

/** A spare that is being written. What goes wrong with it is nobody's loss: there is none then. */
export interface SpareWriting {
  write(bytes: Buffer, at: number): Promise<void>;
  /** Keeps it, as the bytes of an object that all that was written was checked to be; without one, it goes. */
  end(digest?: Digest): Promise<void>;
}

/**
 * Second copies of large objects, written as their bytes come, each of which becomes a file of the workspace: to write
 * both at once costs less than to read the first one again. Only this process knows of them; what it leaves in `tmp` when
 * it is killed goes with the next sweep.
 */
export class Spares {
  readonly #store: SpareStore;
  readonly #written = new Map<Digest, { readonly path: string; readonly stat: Stats }>();
  /** Whether the workspace gets copies, and the disk has to be told every byte of them. */
  #isOfUse: boolean | undefined;

  constructor(store: SpareStore) {
    this.#store = store;
  }

  /** Begins a spare of a file below `root` (absolute), unless files there will be links, or share blocks with the store. */
  async begin(root: string, links: Links): Promise<SpareWriting | undefined> {
    try {
      const path = this.#store.temporary('.spare');
      this.#isOfUse ??= this.#decide(path, root, links);
      return this.#isOfUse ? this.#writing(path, await open(path, 'wx', 0o600)) : undefined;
    } catch {
      return undefined;
    }
  }

  #decide(path: string, root: string, { types }: Links): boolean {
    // Files of a shared store belong to its group, not to that of the workspace.
    if (this.#store.layout.shared || types.some((type) => type === 'hardlink' || type === 'symlink')) return false;
    // Nothing is renamed to another disk.
    if (statSync(dirname(path)).dev !== statSync(root).dev) return false;
    return !types.includes('reflink') || !this.#sharesBlocks();
  }

  #sharesBlocks(): boolean {
    const [from, to] = [this.#store.temporary('.spare'), this.#store.temporary('.spare')];
    try {
      writeFileSync(from, 'a', { flag: 'wx', mode: 0o600 });
      return reflink(from, to);
    } finally {
      for (const path of [from, to]) rmSync(path, { force: true });
    }
  }

  #writing(path: string, handle: FileHandle): SpareWriting {
    let isWhole = true;
    // A disk that is full needs the space for what counts.
    const giveUp = async (): Promise<void> => {
      [isWhole, this.#isOfUse] = [false, false];
      await handle.truncate(0).catch(() => undefined);
    };
    return {
      write: async (bytes, at) => {
        if (isWhole) await writeAll(handle, bytes, at).catch(giveUp);
      },
      end: async (digest) => {
        const stat = await handle.stat().catch(() => undefined);
        const isClosed = await handle.close().then(() => true, () => false); // prettier-ignore
        const isKept = digest !== undefined && stat !== undefined && isClosed && isWhole && !this.#written.has(digest);
        if (isKept) this.#written.set(digest, { path, stat });
        else rmSync(path, { force: true });
      },
    };
  }

  /**
   * Makes the spare of an object the file at `target`, where nothing lies yet.
   * @returns `false` where there is none that is as it was written, or it lies on another disk
   * @throws what the system says when something lies at the target
   */
  take(digest: Digest, target: string, mode: number): boolean {
    const spare = this.#written.get(digest);
    if (spare === undefined) return false;
    this.#written.delete(digest);
    try {
      if (!isUntouched(spare) || spare.stat.gid !== groupOfNew(dirname(target))) return false;
      chmodSync(spare.path, mode);
      linkSync(spare.path, target);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
      this.#isOfUse = false;
      return false;
    } finally {
      rmSync(spare.path, { force: true });
    }
  }

  /** Removes what nobody took. */
  discard(): void {
    for (const { path } of this.#written.values()) rmSync(path, { force: true });
    this.#written.clear();
  }
}

function isUntouched({ path, stat }: { readonly path: string; readonly stat: Stats }): boolean {
  const now = lstatSync(path);
  return now.ino === stat.ino && now.size === stat.size && now.mtimeMs === stat.mtimeMs && now.ctimeMs === stat.ctimeMs;
}

const SETGID = 0o2000;

/** The group that a new file in a folder has. */
function groupOfNew(folder: string): number | undefined {
  const { mode, gid } = statSync(folder);
  return (mode & SETGID) === 0 ? process.getegid?.() : gid;
}
