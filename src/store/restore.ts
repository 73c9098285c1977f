import type { Stats } from 'node:fs';
import { lstatSync, mkdirSync, realpathSync, statSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Section } from '../index/section.ts';
import { KINDS, SectionWriter } from '../index/section.ts';
import type { KeptStat, StatIndex } from '../index/stat-index.ts';
import { isReliable } from '../index/stat-index.ts';
import type { OnProgress } from '../kit/file-progress.ts';
import { FileProgress } from '../kit/file-progress.ts';
import type { Digest } from '../kit/digest.ts';
import { rawOfDigest } from '../kit/digest.ts';
import type { HelperThreads } from '../kit/helper-threads.ts';
import { isWithin } from '../kit/path.ts';
import { removeTree } from '../kit/remove-tree.ts';
import { temporaryBeside } from '../kit/temporary.ts';
import { takeTurn } from '../kit/turn.ts';
import { umask } from '../kit/umask.ts';
import { PipeError } from '../problem/problem.ts';
import { MOST_FILES } from '../lockfile/block.ts';
import { DEEPEST, emptyFolders } from './count-folders.ts';
import type { Links } from './link.ts';
import { nameCollision } from './name-collision.ts';
import type { ObjectStore } from './object-store.ts';
import { PACKED_BYTES } from './pack.ts';
import { BrokenTree, treeParts } from './read-tree.ts';
import { swap } from './swap.ts';
import type { Entry, Tree } from './tree.ts';
import { sendAway, writingThreads } from './write-ahead.ts';

/** Bytes. No system takes a longer target of a symbolic link. */
const LONGEST_LINK = 4095;

/** The umask decides what of these remains, as for any file that a program makes. */
const MODE = { file: 0o666, exec: 0o777 } as const;

/** Where an entry is put, and how. */
export interface RestorePlace {
  /** Absolute. */
  readonly target: string;
  /** The project's folder, which nothing may lead out of. */
  readonly root: string;
  readonly signal?: AbortSignal | undefined;
  /** Remembers what was written, so that it need not be read to be known: the index, and the target's path in it. */
  readonly memory?: { readonly index: StatIndex; readonly path: string; readonly now: () => number };
  /** Whether files may be links to their objects. */
  readonly links?: Links | undefined;
  /** Called when all is written, just before it takes the place of what lies at the target: to throw keeps that. */
  readonly beforeSwap?: (() => void | Promise<void>) | undefined;
  /** Told how many files more were written, and bytes, every now and then, and as large ones are. */
  readonly onProgress?: OnProgress | undefined;
}

/**
 * Puts an entry at `target` (absolute), in place of whatever lies there. It is built beside the target and renamed, so
 * that nothing half-restored is ever seen. `false` when an object is absent, damaged, not of the size that is said of it,
 * or has a name that is too long; the target is untouched then.
 * @throws {PipeError} PIPE_PATH_ESCAPES when a symbolic link leads the target out of the project at `root`; an
 * AbortError when `signal` is aborted first.
 */
export async function restoreEntry(store: ObjectStore, entry: Entry, place: RestorePlace): Promise<boolean> {
  const { target, root, memory } = place;
  checkInside(target, root);
  mkdirSync(dirname(target), { recursive: true });
  const temporary = temporaryBeside(target);
  const work = new Materializing(store, entry, place);
  try {
    if (!(await work.entry(entry, { target: temporary, path: memory?.path ?? '', depth: 0 }))) return false;
    await takeTurn(place.signal);
    await place.beforeSwap?.();
    work.remember();
    swap(temporary, target, entry.kind === 'dir');
    work.progress.tell();
    return true;
  } catch (error) {
    if (error instanceof BrokenTree) return false;
    // A tree of a stranger, or of a disk that takes more: here it cannot be what a stage made.
    if ((error as NodeJS.ErrnoException).code === 'ENAMETOOLONG') return false;
    throw error;
  } finally {
    await work.settle();
    removeTree(temporary);
  }
}

/** @throws {PipeError} PIPE_PATH_ESCAPES when the folder of `target`, as far as it exists, lies outside the project. */
export function checkInside(target: string, root: string): void {
  const folder = realFolder(dirname(target));
  if (isInside(target, root)) return;
  throw new PipeError({
    code: 'PIPE_PATH_ESCAPES',
    message: `${target} lies outside the project: a symbolic link leads to ${folder}`,
    hint: 'remove the link, or move the out',
  });
}

/** Whether the folder of `target`, as far as it exists, lies in the project at `root`. */
export function isInside(target: string, root: string): boolean {
  return isWithin(realpathSync(root), realFolder(dirname(target)));
}

/** The real path of a folder, or of the nearest one above it that exists. */
function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if ((code !== 'ENOENT' && code !== 'ENOTDIR') || folder === dirname(folder)) throw error;
    return realFolder(dirname(folder));
  }
}

/** Where one entry of the whole goes. */
interface Spot {
  readonly target: string;
  /** What the index calls it. */
  readonly path: string;
  readonly depth: number;
  /** Whether it lies in a folder without files, whose folders were counted. */
  readonly isCounted?: boolean | undefined;
}

/** Where an entry of a folder goes, and where it is noted. */
interface ChildSpot extends Spot {
  readonly name: string;
  readonly rows: SectionWriter;
}

/** Entries between two turns of the event loop. */
const PAUSE_EVERY = 1_000;

/** Puts an entry where nothing lies yet, small files without waiting for anything. */
class Materializing {
  readonly progress: FileProgress;
  readonly #store: ObjectStore;
  readonly #place: RestorePlace;
  readonly #mode = { file: MODE.file & ~umask(), exec: MODE.exec & ~umask() };
  readonly #folders: { readonly path: string; readonly sections: readonly Section[] }[] = [];
  #single: { readonly path: string; readonly stat: Stats; readonly digest: Digest } | undefined;
  readonly #threads: HelperThreads | undefined;
  /** What helper threads may still be writing. */
  readonly #away = new Set<Promise<unknown>>();
  /** Tells them that nobody waits for it. */
  readonly #stop = new Int32Array(new SharedArrayBuffer(4));
  #entries = 0;
  /** Folders in folders without files, so far. */
  #empty = 0;
  readonly #emptyIn: (entry: Entry) => number;

  constructor(store: ObjectStore, entry: Entry, place: RestorePlace) {
    this.#store = store;
    this.#place = place;
    this.#threads = writingThreads(entry);
    this.#emptyIn = emptyFolders(store);
    this.progress = new FileProgress(place.onProgress);
    place.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  readonly #onAbort = (): void => {
    Atomics.store(this.#stop, 0, 1);
  };

  /** `false` when an object is absent or damaged. */
  async entry(entry: Entry, spot: Spot): Promise<boolean> {
    if (entry.kind === 'dir') return this.#folder(entry, spot);
    if (entry.kind === 'link') return this.#link(entry, spot);
    const stat = this.#fileNow(entry, spot.target, entry.kind) ?? (await this.#file(entry, spot.target, entry.kind));
    if (stat === undefined) return false;
    this.progress.file(entry.size);
    this.#single = { path: spot.path, stat, digest: entry.digest };
    return true;
  }

  /** Lets the index know what was written; to be called while nobody else can have seen it. */
  remember(): void {
    const { memory } = this.#place;
    if (memory === undefined) return;
    const at = memory.now();
    const relies = (mtimeMs: number, ctimeMs: number): boolean => isReliable({ mtimeMs, ctimeMs }, at);
    for (const { path, sections } of this.#folders) {
      for (const section of sections) section.rely(relies);
      memory.index.recordFolder(path, sections);
    }
    if (this.#single !== undefined) memory.index.record(this.#single.path, this.#single.stat, { ...this.#single, at });
  }

  /** Waits until nothing is written any more. */
  async settle(): Promise<void> {
    this.#place.signal?.removeEventListener('abort', this.#onAbort);
    this.#onAbort();
    await Promise.all(this.#away);
  }

  async #folder(entry: Entry, { target, path, depth, isCounted }: Spot): Promise<boolean> {
    if (isCounted !== true) this.#empty += this.#emptyIn(entry);
    if (depth >= DEEPEST || this.#empty > MOST_FILES) return false;
    const isEmpty = entry.kind === 'dir' && entry.files === 0;
    mkdirSync(target);
    const sections: Section[] = [];
    this.#folders.push({ path, sections });
    for (const { tree, ...leaf } of treeParts(this.#store, entry)) {
      const rows = new SectionWriter();
      if (!(await this.#part(tree, { target, path, depth, rows, isCounted: isEmpty }))) return false;
      // As it is kept: a million rows of a writer take three times as much.
      if (this.#place.memory !== undefined) sections.push(rows.end(path, leaf));
    }
    return true;
  }

  /** Puts some entries of a folder in place; of many files the last ones by helper threads. */
  async #part(tree: Tree, { rows, ...spot }: Spot & { readonly rows: SectionWriter }): Promise<boolean> {
    const { target, path, depth, isCounted } = spot;
    const away =
      this.#threads &&
      sendAway(
        this.#threads,
        { tree, folder: target, mode: this.#modeOf, links: this.#place.links, stop: this.#stop },
        this.#store,
      );
    if (away !== undefined) this.#away.add(away.ended);
    let written: ReadonlyMap<string, KeptStat> | undefined;
    for (const [name, child] of tree) {
      const place = { target: `${target}/${name}`, path: `${path}/${name}`, depth: depth + 1, name, rows, isCounted };
      if (away !== undefined && name === away.from) written = await away.written;
      const stat = written?.get(name);
      if (stat !== undefined && stat.size !== child.size) return false;
      if (stat !== undefined) this.#note(child, place, stat);
      else if (!(await this.#new(child, place))) return false;
      this.#entries += 1;
      if (child.kind !== 'dir') this.progress.file(child.size);
      if (this.#entries % PAUSE_EVERY === 0) await this.#pause();
    }
    return true;
  }

  async #new(child: Entry, place: ChildSpot): Promise<boolean> {
    try {
      return this.#childNow(child, place) || (await this.#child(child, place));
    } catch (error) {
      // All that lies here was put here just now.
      const { code, path } = error as NodeJS.ErrnoException;
      const isHere = path === place.target || (error as { readonly dest?: string }).dest === place.target;
      throw code === 'EEXIST' && isHere ? nameCollision(place.path) : error;
    }
  }

  readonly #modeOf = (entry: Entry): number => this.#mode[entry.kind === 'exec' ? 'exec' : 'file'];

  async #pause(): Promise<void> {
    this.progress.tell();
    await takeTurn(this.#place.signal);
  }

  #childNow(child: Entry, place: ChildSpot): boolean {
    if (child.kind === 'dir' || child.kind === 'link') return false;
    const stat = this.#fileNow(child, place.target, child.kind);
    if (stat !== undefined) this.#note(child, place, stat);
    return stat !== undefined;
  }

  async #child(child: Entry, spot: ChildSpot): Promise<boolean> {
    if (child.kind === 'dir') {
      if (!(await this.#folder(child, spot))) return false;
      spot.rows.addFolder(spot.name, child);
      return true;
    }
    if (child.kind === 'link') {
      if (!this.#link(child, spot)) return false;
      this.#note(child, spot, lstatSync(spot.target));
      return true;
    }
    const stat = await this.#file(child, spot.target, child.kind);
    if (stat !== undefined) this.#note(child, spot, stat);
    return stat !== undefined;
  }

  #note(child: Entry, { rows, name }: ChildSpot, stat: KeptStat): void {
    if (this.#place.memory === undefined) return;
    const digest = rawOfDigest(child.digest);
    rows.addFile(name, { kind: KINDS.indexOf(child.kind), stat, digest, at: 0, isReliable: false });
  }

  #fileNow(entry: Entry, target: string, kind: 'file' | 'exec'): Stats | undefined {
    const mode = this.#mode[kind];
    const stat =
      entry.size > PACKED_BYTES
        ? this.#store.linkNow(entry.digest, target, { links: this.#place.links, mode })
        : this.#store.extractPacked(entry.digest, target, mode);
    if (stat !== undefined && stat.size !== entry.size) throw new BrokenTree();
    return stat;
  }

  async #file(entry: Entry, target: string, kind: 'file' | 'exec'): Promise<Stats | undefined> {
    const { signal, links } = this.#place;
    const onBytes = this.progress.passing(entry.size);
    const isThere = await this.#store.extract(entry.digest, target, { mode: this.#mode[kind], signal, links, onBytes });
    // Of a symbolic link to an object the walk sees the object, too.
    const stat = isThere ? statSync(target) : undefined;
    return stat?.size === entry.size ? stat : undefined;
  }

  #link(entry: Entry, { target }: Spot): boolean {
    const text = this.#store.read(entry.digest, LONGEST_LINK);
    // What no disk takes was made by a stranger, or is damaged.
    if (text?.length !== entry.size || entry.size === 0 || text.includes(0)) return false;
    symlinkSync(text, target);
    return true;
  }
}
