import type { Stats } from 'node:fs';
import { chmodSync, linkSync, lstatSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { Section } from '../index/section.ts';
import { DIR, KINDS, SectionWriter } from '../index/section.ts';
import type { StatIndex } from '../index/stat-index.ts';
import { checkAborted } from '../kit/abort.ts';
import type { Digest } from '../kit/digest.ts';
import { rawOfDigest } from '../kit/digest.ts';
import { systemFault } from '../kit/system-fault.ts';
import { temporaryBeside } from '../kit/temporary.ts';
import { umask } from '../kit/umask.ts';
import type { Links, ObjectLink } from './link.ts';
import { linkedFile, objectLink } from './link.ts';
import type { ObjectStore } from './object-store.ts';
import type { Entry } from './tree.ts';
import { copyInPlace } from './unprotect.ts';

/** Where files are linked; what lies there was walked and stored just now, and the index remembers it. */
export interface RelinkPlace {
  /** Absolute. */
  readonly target: string;
  /** The target's path in the index. */
  readonly memory: { readonly index: StatIndex; readonly path: string; readonly now: () => number };
  readonly links: Links;
  /** Whether the walk met links that lead elsewhere than they should: `only` these give way, or these, too. */
  readonly strays?: 'none' | 'too' | 'only';
  readonly signal?: AbortSignal | undefined;
}

const PAUSE_EVERY = 500;

/**
 * Where files are to be links (`cache.type` begins with hardlink or symlink), each file takes the place of a link to its
 * object, in one step. Only loose objects are linked, and executable files never: one that is a link becomes a copy.
 * A file that is linked already stays, and so does one that cannot be linked, or that changed since it was walked.
 * @returns how many files were linked
 */
export async function relink(store: ObjectStore, entry: Entry, place: RelinkPlace): Promise<number> {
  if (!isLinking(place.links) && (place.strays ?? 'none') === 'none') return 0;
  const work = new Relinking(store, place);
  const { target, memory } = place;
  if (entry.kind === 'dir') await work.folder({ target, path: memory.path });
  else await work.single(entry);
  return work.linked;
}

function isLinking({ types: [first] }: Links): boolean {
  return first === 'hardlink' || first === 'symlink';
}

interface Spot {
  readonly target: string;
  readonly path: string;
}

/** A file as it was walked. */
interface Walked {
  readonly target: string;
  readonly digest: Digest;
  readonly isExecutable: boolean;
  /** Whether a file with these stat values is known to hold these bytes. */
  readonly isKnown: (stat: Stats) => boolean;
}

class Relinking {
  linked = 0;
  readonly #store: ObjectStore;
  readonly #place: RelinkPlace;
  #entries = 0;

  constructor(store: ObjectStore, place: RelinkPlace) {
    this.#store = store;
    this.#place = place;
  }

  async single({ kind, digest }: Entry): Promise<void> {
    if (kind === 'link') return;
    const { target, memory } = this.#place;
    const { index, path, now } = memory;
    const isKnown = (stat: Stats): boolean => index.lookup(path, stat) === digest;
    const stat = await this.#file({ target, digest, isExecutable: kind === 'exec', isKnown });
    if (stat !== undefined && this.#store.isTrusted(digest, stat)) index.record(path, stat, { digest, at: now() });
  }

  async folder({ target, path }: Spot): Promise<void> {
    const { index } = this.#place.memory;
    const sections: Section[] = [];
    let isNew = false;
    for (const section of index.folder(path).sections) {
      const made = await this.#section(section, { target, path });
      isNew ||= made !== section;
      sections.push(made);
    }
    if (isNew) index.recordFolder(path, sections);
  }

  /** What the index is to remember of these entries from now on. */
  async #section(section: Section, { target, path }: Spot): Promise<Section> {
    const linked = new Map<number, Stats>();
    for (const [row, name] of section.names.entries()) {
      const kind = section.kindOf(row);
      if (kind === DIR) await this.folder({ target: `${target}/${name}`, path: `${path}/${name}` });
      else if (KINDS[kind] !== 'link') {
        const stat = await this.#file({
          target: `${target}/${name}`,
          digest: section.digestOf(row),
          isExecutable: KINDS[kind] === 'exec',
          isKnown: (each) => section.isUnchanged(row, each),
        });
        if (stat !== undefined) linked.set(row, stat);
      }
      this.#entries += 1;
      if (this.#entries % PAUSE_EVERY === 0) await setImmediate();
    }
    return linked.size === 0 ? section : this.#renewed(section, linked, path);
  }

  #renewed(section: Section, linked: ReadonlyMap<number, Stats>, path: string): Section {
    const rows = new SectionWriter();
    for (const [row, name] of section.names.entries()) {
      const stat = linked.get(row);
      if (stat === undefined) {
        rows.addRow(name, section, row);
        continue;
      }
      const digest = section.digestOf(row);
      const isReliable = this.#store.isTrusted(digest, stat);
      rows.addFile(name, { kind: section.kindOf(row), stat, digest: rawOfDigest(digest), at: 0, isReliable });
    }
    return rows.end(path, section.leaf);
  }

  /** Links one file, if that can be; the stat values of the object then. */
  async #file(walked: Walked): Promise<Stats | undefined> {
    checkAborted(this.#place.signal);
    const { target, digest, isExecutable } = walked;
    const stat = lstatSync(target, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    try {
      if (stat.isSymbolicLink()) return await this.#symlink(walked);
      if (!isLinking(this.#place.links) || this.#place.strays === 'only') return undefined;
      const object = statSync(this.#store.layout.loose(digest), { throwIfNoEntry: false });
      if (object === undefined) return undefined;
      const isLinked = stat.ino === object.ino && stat.dev === object.dev;
      if (isExecutable && isLinked) this.#separate(target, digest);
      return isExecutable || isLinked || !stat.isFile() ? undefined : await this.#replace(walked, stat);
    } catch (error) {
      // The bytes are stored, and the file is as good as it was.
      if (systemFault(error) === undefined) throw error;
      return undefined;
    }
  }

  async #symlink(walked: Walked): Promise<Stats | undefined> {
    const { target, digest, isExecutable } = walked;
    const { looseFolder } = this.#store.layout;
    const text = readlinkSync(target);
    const link = objectLink(text, looseFolder);
    if (link === undefined) return undefined;
    // Its object may have come back in a pack.
    const isLost = linkedFile(text) === undefined;
    const isWrong = link.digest !== digest && !isExecutable;
    if (!link.isOwn || isLost || isWrong) return this.#leave(walked, { text, link });
    if (isExecutable) this.#separate(target, link.digest);
    return undefined;
  }

  /** An executable file that is a link made its object executable for all. */
  #separate(target: string, digest: Digest): void {
    copyInPlace(target, { isExecutable: true });
    chmodSync(this.#store.layout.loose(digest), 0o444);
  }

  /** Puts what was stored in place of a link that leads elsewhere. Its own bytes stay where they are. */
  async #leave(
    walked: Walked,
    { text, link }: { readonly text: string; readonly link: ObjectLink },
  ): Promise<Stats | undefined> {
    const { target, digest, isExecutable } = walked;
    const { links, signal } = this.#place;
    const temporary = temporaryBeside(target);
    const mode = (isExecutable ? 0o777 : 0o666) & ~umask();
    try {
      if (!(await this.#store.extract(digest, temporary, { mode, signal, links }))) return undefined;
      if (!lstatSync(target).isSymbolicLink() || readlinkSync(target) !== text) return undefined;
      renameSync(temporary, target);
      if (!this.#isStored(walked, { text, link })) {
        symlinkSync(text, temporary);
        renameSync(temporary, target);
        return undefined;
      }
      this.linked += 1;
      return statSync(target);
    } finally {
      rmSync(temporary, { force: true });
    }
  }

  /** Whether what a link led to is stored: it may have been written to since it was walked. */
  #isStored(
    { digest, isKnown }: Walked,
    { text, link }: { readonly text: string; readonly link: ObjectLink },
  ): boolean {
    const stat = linkedFile(text);
    if (stat === undefined || isKnown(stat)) return true;
    const now = this.#store.digestOf(text);
    // Its own bytes may have come back: that of the walk are stored then, too.
    return now === digest || now === link.digest;
  }

  async #replace(walked: Walked, stat: Stats): Promise<Stats | undefined> {
    const { target, digest } = walked;
    const { links, signal } = this.#place;
    const [temporary, backup] = [temporaryBeside(target), temporaryBeside(target)];
    const isKnown = walked.isKnown(stat);
    try {
      if (!(await this.#store.link(digest, temporary, { links, signal }))) return undefined;
      // While the old file is still there under another name, nothing that was written to it is lost.
      const hasBackup = isLinkable(target, backup);
      if (!hasBackup && !this.#isRight(target, { digest, stat, isKnown })) return undefined;
      renameSync(temporary, target);
      if (hasBackup && !this.#isRight(backup, { digest, stat, isKnown })) {
        renameSync(backup, target);
        return undefined;
      }
      this.linked += 1;
      return statSync(target);
    } finally {
      for (const left of [temporary, backup]) rmSync(left, { force: true });
    }
  }

  /** Whether the file that was walked still holds the bytes that it held then. */
  #isRight(
    path: string,
    { digest, stat, isKnown }: { readonly digest: Digest; readonly stat: Stats; readonly isKnown: boolean },
  ): boolean {
    const now = lstatSync(path);
    if (now.mtimeMs !== stat.mtimeMs || now.size !== stat.size || now.ino !== stat.ino) return false;
    if (isKnown) return true;
    // It was written so shortly before it was walked that its times do not tell.
    return this.#store.digestOf(path) === digest;
  }
}

/** Gives a file a second name, where the disk can; `false` where it cannot. */
function isLinkable(path: string, name: string): boolean {
  try {
    linkSync(path, name);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOSPC' || code === 'EDQUOT') throw error;
    return false;
  }
}
