import { lstatSync, mkdirSync, rmdirSync, statSync, unlinkSync } from 'node:fs';
import type { Section, SectionLeaf } from '../index/section.ts';
import { DIR, KINDS, SectionWriter } from '../index/section.ts';
import type { FolderMemory } from '../index/folder-memory.ts';
import type { StatIndex } from '../index/stat-index.ts';
import { isReliable } from '../index/stat-index.ts';
import type { OnProgress } from '../kit/file-progress.ts';
import { takeTurn } from '../kit/turn.ts';
import { FileProgress } from '../kit/file-progress.ts';
import type { Digest } from '../kit/digest.ts';
import { rawOfDigest } from '../kit/digest.ts';
import { TEMPORARY_PREFIX, namesIn } from '../kit/temporary.ts';
import { PipeError } from '../problem/problem.ts';
import { checkFree, checkName } from './name-collision.ts';
import { linkedFile, objectLinkAt } from './link.ts';
import type { ObjectStore } from './object-store.ts';
import { BrokenTree, knownParts } from './read-tree.ts';
import type { RestorePlace } from './restore.ts';
import { nestsTooDeep } from './completeness.ts';
import { checkInside, restoreEntry } from './restore.ts';
import type { Entry } from './tree.ts';
import { filesOf } from './tree.ts';
import { checkRowUntouched, checkUntouched, statNow } from './untouched.ts';

/** What applying a folder did, in files; `missing` are paths whose objects are absent or damaged. */
export interface Applied {
  added: number;
  modified: number;
  deleted: number;
  readonly missing: string[];
}

/** Where a folder is applied; what lies there was walked just now, and the index remembers it. */
export interface ApplyPlace extends Omit<RestorePlace, 'memory'> {
  readonly memory: { readonly index: StatIndex; readonly path: string; readonly now: () => number };
  /** Whether files that are what they should be are put in place anew, since links are to be others. */
  readonly anew?: boolean;
  /** Told how many files more are as they should be, and their bytes: nothing is to be done for them. */
  readonly onKept?: OnProgress | undefined;
}

const PAUSE_EVERY = 500;

/**
 * Makes a folder of the workspace what a tree says, touching only what differs: parts of big folders that are the same
 * are not even looked at. Each file is replaced in one step. Files that `.pipeignore` leaves out stay, and so do outs of
 * stages. A file that was
 * changed since the walk stops it.
 * @throws {PipeError} PIPE_FILE_CHANGED, PIPE_FOLDER_NOT_EMPTY, PIPE_NAME_COLLISION, PIPE_UNSAVED; an AbortError
 */
export async function applyFolder(store: ObjectStore, entry: Entry, place: ApplyPlace): Promise<Applied> {
  checkInside(place.target, place.root);
  const work = new Applying(store, place);
  await work.folder(entry, { target: place.target, path: place.memory.path });
  return work.done;
}

/**
 * Makes sure that a folder that is to give way to a file holds nothing but what the walk saw, and as it saw it.
 * @throws {PipeError} PIPE_FOLDER_NOT_EMPTY, PIPE_FILE_CHANGED
 */
export function checkAllSeen({ target, memory: { index, path } }: Pick<ApplyPlace, 'target' | 'memory'>): void {
  const check = (spot: Spot): void => {
    const seen = new Set<string>();
    for (const section of index.folder(spot.path).sections) {
      for (const [row, name] of section.names.entries()) {
        seen.add(name);
        const inside = { target: `${spot.target}/${name}`, path: `${spot.path}/${name}` };
        if (section.kindOf(row) === DIR) check(inside);
        else checkRowUntouched(section, row, inside);
      }
    }
    const isUnseen = (name: string): boolean => !seen.has(name) && !name.startsWith(TEMPORARY_PREFIX);
    if (namesIn(spot.target).some(isUnseen)) throw notEmpty(path);
  };
  check({ target, path });
}

interface Spot {
  readonly target: string;
  readonly path: string;
}

class Applying {
  readonly done: Applied = { added: 0, modified: 0, deleted: 0, missing: [] };
  readonly #store: ObjectStore;
  readonly #place: ApplyPlace;
  #entries = 0;
  readonly #progress: FileProgress;
  /** Whether it is in a folder of which something is missing. */
  #isPart = false;

  constructor(store: ObjectStore, place: ApplyPlace) {
    this.#store = store;
    this.#place = place;
    this.#progress = new FileProgress(place.onProgress);
  }

  async folder(wanted: Entry, spot: Spot): Promise<void> {
    const { index } = this.#place.memory;
    const present = index.folder(spot.path);
    const leaves = present.leaves();
    const made: (Section | Rows)[] = [];
    try {
      const isKnown = (digest: Digest): boolean => this.#place.anew !== true && leaves.has(digest);
      for (const part of knownParts(this.#store, wanted, { isKnown })) {
        if ('tree' in part) {
          const [rows, written]: [SectionWriter, number[]] = [new SectionWriter(), []];
          for (const [name, child] of part.tree) await this.#entry(child, { ...spot, present, rows, written, name });
          made.push({ rows, written, leaf: part });
          continue;
        }
        const same = leaves.get(part.digest) as Section;
        await this.#removeBefore(present, same.names[0] ?? '', spot);
        for (let at = 0; at < same.names.length; at += 1) present.next();
        this.#place.onKept?.(part.files, part.size);
        made.push(same);
      }
    } catch (error) {
      if (!(error instanceof BrokenTree)) throw error;
      this.done.missing.push(spot.path);
      return;
    }
    await this.#removeBefore(present, undefined, spot);
    this.#progress.tell();
    this.#remember(spot.path, made);
  }

  #remember(path: string, made: readonly (Section | Rows)[]): void {
    const { index, now } = this.#place.memory;
    const at = now();
    const sections = made.map((each) => {
      if (!('rows' in each)) return each;
      // What is missing is not there: the tree of these rows is another.
      const section = each.rows.end(path, this.done.missing.length === 0 ? each.leaf : undefined);
      // What was kept was read by the walk, perhaps too soon after a change: it stays what the walk says of it.
      section.rely((mtimeMs, ctimeMs) => isReliable({ mtimeMs, ctimeMs }, at), each.written);
      return section;
    });
    index.recordFolder(path, sections);
  }

  async #entry(child: Entry, spot: ChildSpot): Promise<void> {
    const { present, rows, name } = spot;
    await this.#removeBefore(present, name, spot);
    const inside = { target: `${spot.target}/${name}`, path: `${spot.path}/${name}` };
    const { section, row } = present;
    if (section === undefined || present.name !== name) {
      if (child.kind === 'dir' && isFolder(inside.target)) {
        await this.#fillFolder(child, inside);
        rows.addFolder(name, child);
        return;
      }
      const beforeSwap = (): void => { checkFree({ ...inside, isSame: () => this.#holds(inside.target, child) }); }; // prettier-ignore
      if (await this.#put(child, { ...inside, beforeSwap }, spot)) this.done.added += filesOf(child);
      await this.#step();
      return;
    }
    const kind = section.kindOf(row);
    const isSame = kind === KINDS.indexOf(child.kind) && section.digestOf(row) === child.digest;
    const isKept = isSame && (kind !== DIR || this.#place.anew !== true) && !this.#isAnew(child, inside.target);
    if (isKept) {
      rows.addRow(name, section, row);
      this.#place.onKept?.(filesOf(child), child.size);
    } else if (kind === DIR && child.kind === 'dir') {
      await this.folder(child, inside);
      rows.addFolder(name, child);
    } else {
      const beforeSwap = async (): Promise<void> => {
        // Only now, when the file that takes its place can be had.
        if (kind === DIR) await this.#removeFolder(inside);
        if (kind === DIR) checkUntouched(undefined, inside);
        else checkRowUntouched(section, row, inside);
      };
      if ((await this.#put(child, { ...inside, beforeSwap }, spot)) && !isSame) this.done.modified += 1;
    }
    present.next();
    await this.#step();
  }

  #holds(target: string, { kind, digest }: Entry): boolean {
    // A link that the walk took for absent, since there is nothing behind it.
    if (linkedFile(target) === undefined && objectLinkAt(target, this.#store.layout.looseFolder) !== undefined) return true; // prettier-ignore
    const isFile = kind !== 'dir' && kind !== 'link' && lstatSync(target).isFile();
    return isFile && this.#store.digestOf(target) === digest;
  }

  /** Of a packed object there is nothing but a copy. */
  #isAnew({ kind, digest }: Entry, target: string): boolean {
    if (this.#place.anew !== true || kind === 'link') return false;
    const stat = lstatSync(target, { throwIfNoEntry: false });
    return stat?.isFile() !== true || stat.nlink > 1 || this.#store.packedPlace(digest) === undefined;
  }

  async #step(): Promise<void> {
    this.#entries += 1;
    if (this.#entries % PAUSE_EVERY !== 0) return;
    this.#progress.tell();
    await takeTurn(this.#place.signal);
  }

  /** Puts an entry where there is none, or a file or link. */
  async #put(child: Entry, spot: CheckedSpot, { rows, written, name }: ChildSpot): Promise<boolean> {
    const { target, path, beforeSwap } = spot;
    const { root, signal, links } = this.#place;
    const onProgress = this.#progress.add;
    if (child.kind === 'dir') {
      await beforeSwap();
      if (!(await this.#putFolder(child, spot))) return false;
      rows.addFolder(name, child);
      return true;
    }
    if (!(await restoreEntry(this.#store, child, { target, root, signal, links, beforeSwap, onProgress }))) {
      this.done.missing.push(path);
      return false;
    }
    // Of a symbolic link to an object the walk sees the object.
    const stat = (child.kind === 'link' ? lstatSync : statSync)(target);
    const digest = rawOfDigest(child.digest);
    written.push(rows.count);
    rows.addFile(name, { kind: KINDS.indexOf(child.kind), stat, digest, at: 0, isReliable: false });
    return true;
  }

  async #putFolder(child: Entry, { target, path, beforeSwap }: CheckedSpot): Promise<boolean> {
    const { root, signal, links, memory } = this.#place;
    const place = {
      target,
      root,
      signal,
      links,
      memory: { ...memory, path },
      beforeSwap,
      onProgress: this.#progress.add,
    };
    if (await restoreEntry(this.#store, child, place)) return true;
    await this.#putPart(child, { target, path });
    return false;
  }

  /** The walk left a folder out, since all that lies in it belongs to others: that stays, and ours comes beside it. */
  async #fillFolder(child: Entry, spot: Spot): Promise<void> {
    checkName(spot);
    // What it remembers of it may be from when it held more.
    this.#place.memory.index.recordFolder(spot.path, []);
    await this.folder(child, spot);
  }

  /** Something below is missing: what is there is put in place, and the walk finds out what that is. */
  async #putPart(child: Entry, { target, path }: Spot): Promise<void> {
    const isFirst = !this.#isPart;
    // A file or link gives way to the whole folder alone.
    const isTaken = statNow(target) !== undefined;
    if (isTaken || (isFirst && nestsTooDeep(this.#store, child))) {
      this.done.missing.push(path);
      return;
    }
    this.#isPart = true;
    try {
      this.#place.memory.index.recordFolder(path, []);
      mkdirSync(target, { recursive: true });
      await this.folder(child, { target, path });
      removeEmptyFolder(target);
    } finally {
      if (isFirst) this.#isPart = false;
    }
  }

  /** Removes what is present before a name, or all that is left. */
  async #removeBefore(present: FolderMemory, name: string | undefined, spot: Spot): Promise<void> {
    for (let { name: each } = present; each !== undefined; { name: each } = present) {
      if (name !== undefined && each >= name) return;
      await this.#remove(present.section as Section, present.row, { target: `${spot.target}/${each}`, path: `${spot.path}/${each}` }); // prettier-ignore
      present.next();
      await this.#step();
    }
  }

  async #remove(section: Section, row: number, spot: Spot): Promise<void> {
    if (section.kindOf(row) === DIR) {
      await this.#removeFolder(spot, { keepRest: true });
      return;
    }
    checkRowUntouched(section, row, spot);
    unlinkSync(spot.target);
    this.done.deleted += 1;
  }

  async #removeFolder(spot: Spot, { keepRest = false } = {}): Promise<void> {
    const { index } = this.#place.memory;
    await this.#removeBefore(index.folder(spot.path), undefined, spot);
    index.recordFolder(spot.path, []);
    try {
      rmdirSync(spot.target);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
      if (!keepRest) throw notEmpty(spot.path);
    }
  }
}

/**
 * Removes a folder that was made for what could not be put into it: an empty one is no part of anything, and whoever
 * reads it would take it for all there is.
 */
export function removeEmptyFolder(target: string): void {
  try {
    rmdirSync(target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT') throw error;
  }
}

function isFolder(path: string): boolean {
  return statNow(path)?.isDirectory() === true;
}

/** A spot with what throws when somebody else has put something there. */
interface CheckedSpot extends Spot {
  readonly beforeSwap: () => void | Promise<void>;
}

interface Rows {
  readonly rows: SectionWriter;
  /** Those of files that were put in place now. */
  readonly written: readonly number[];
  readonly leaf: SectionLeaf;
}

interface ChildSpot extends Spot {
  readonly present: FolderMemory;
  readonly rows: SectionWriter;
  readonly written: number[];
  readonly name: string;
}

/** A folder cannot give way to a file, because of what lies in it and is no part of it. */
function notEmpty(path: string): PipeError {
  return new PipeError({
    code: 'PIPE_FOLDER_NOT_EMPTY',
    message: `${path} is to become a file, but the folder of that name holds what is no part of it`,
    hint: 'files that .pipeignore leaves out, or outs of stages: move them away',
  });
}
