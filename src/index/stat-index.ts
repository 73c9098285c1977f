import type { Stats } from 'node:fs';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, writevSync } from 'node:fs';
import { resolve } from 'node:path';
import { tickOf } from '../kit/clock-tick.ts';
import { writeDisposable } from '../kit/disposable-file.ts';
import type { Digest } from '../kit/digest.ts';
import { digestOfRaw, rawOfDigest } from '../kit/digest.ts';
import { byCodeUnit } from '../kit/order.ts';
import { firstFrom } from '../kit/first-from.ts';
import { systemFault } from '../kit/system-fault.ts';
import { FolderMemory } from './folder-memory.ts';
import type { Section } from './section.ts';
import { SectionWriter, openSection } from './section.ts';

/**
 * Remembers the digest of every file that was hashed, with the stat values it had, so that an unchanged project is not
 * read again. Disposable: a lost, damaged or foreign index only costs hashing (docs/formats.md, `pipe.index/2`).
 */
export interface StatIndex {
  /** The digest of an unchanged file; `undefined` when it must be hashed. */
  lookup(path: string, stat: KeptStat): Digest | undefined;
  /** Whether anything is remembered of a file that was looked at by itself, changed or not. */
  knows(path: string): boolean;
  /** Notes the digest of bytes that were read after `stat` was taken; `at` is when, in ms since 1970. */
  record(path: string, stat: KeptStat, hashed: { readonly digest: Digest; readonly at: number }): void;
  /** What is remembered of the entries of a folder. */
  folder(path: string): FolderMemory;
  /** What is remembered of a folder and of those below, in the order in which a walk comes to it. */
  sectionsBelow(path: string): readonly Section[];
  /** Notes all entries of a folder; sections that are there already stay as they are. */
  recordFolder(path: string, sections: readonly Section[]): void;
  /** Writes what was noted. */
  save(): void;
}

/** The stat values that are kept of a file. */
export type KeptStat = Pick<Stats, 'mtimeMs' | 'ctimeMs' | 'ino' | 'size'>;

/** How many files that a run did not look at are kept for others. */
const SPARE_FILES = 10_000;
/** What the file may hold that is out of date before it is written anew, beyond as much as what is not. */
const SPARE_BYTES = 1 << 20;

const SCHEMA = 'pipe.index/2';
/** Before the payload of a section: its length, and its XXH64. */
const FRAME_HEAD = 16;
/** Frames that one write appends: systems take up to 1,024 pieces, two to a frame. */
const AT_ONCE = 512;

/**
 * Whether a file that was read at `at` has kept its bytes as long as it keeps its stat values: a change within the same
 * tick of the clock leaves no trace in them. Programs that copy set mtime back: ctime tells.
 */
export function isReliable(stat: Pick<Stats, 'mtimeMs' | 'ctimeMs'>, at: number): boolean {
  return at > Math.max(stat.mtimeMs, stat.ctimeMs) + tickOf(stat.mtimeMs);
}

/**
 * Opens the index at `file` (absolute) for the project at `root`, which is read when it is first asked. A damaged one
 * counts as empty. Without a file it lasts as long as the process. `checksum` is XXH64.
 */
export function openStatIndex(file: string | undefined, root: string, checksum: (bytes: Buffer) => bigint): StatIndex {
  return new LoggedIndex(file, root, checksum);
}

interface FileRow {
  readonly section: Section | undefined;
  readonly row: number;
  readonly fresh?: { readonly stat: KeptStat; readonly digest: Digest; readonly isReliable: boolean };
}

/** An index whose file is a log of sections: later ones replace earlier ones of the same folder and last name. */
class LoggedIndex implements StatIndex {
  readonly #file: string | undefined;
  readonly #root: string;
  readonly #checksum: (bytes: Buffer) => bigint;
  #folders: Map<string, Map<string, Section>> | undefined;
  /** The sections of a folder that were asked for, in order. */
  readonly #ordered = new Map<string, readonly Section[]>();
  /** Files that were looked at by themselves. */
  readonly #files = new Map<string, FileRow>();
  readonly #used = new Set<string>();
  #areFilesNew = false;
  /** By folder and last name, so that only the latest of each is written. */
  readonly #pending = new Map<string, Section>();
  /** Bytes of the file when it was read; `undefined` when it must be written anew. */
  #length: number | undefined;

  constructor(file: string | undefined, root: string, checksum: (bytes: Buffer) => bigint) {
    this.#file = file;
    this.#root = root;
    this.#checksum = checksum;
  }

  lookup(path: string, stat: KeptStat): Digest | undefined {
    this.#load();
    this.#used.add(path);
    return digestIn(this.#files.get(path), stat) ?? digestIn(this.#inFolder(path), stat);
  }

  knows(path: string): boolean {
    this.#load();
    return this.#files.has(path);
  }

  record(path: string, stat: KeptStat, { digest, at }: { readonly digest: Digest; readonly at: number }): void {
    this.#load();
    this.#used.add(path);
    this.#files.set(path, { section: undefined, row: 0, fresh: { stat, digest, isReliable: isReliable(stat, at) } });
    this.#areFilesNew = true;
  }

  folder(path: string): FolderMemory {
    return new FolderMemory(this.#sectionsOf(path));
  }

  sectionsBelow(path: string): readonly Section[] {
    const isBelow = (each: string): boolean => path === '.' || each === path || each.startsWith(`${path}/`);
    // With NUL between names, a folder comes before all that begins with its name and goes on.
    const found = [...this.#load().keys()].filter((each) => each !== '' && isBelow(each));
    const ordered = found.map((each) => each.replaceAll('/', '\0')).sort(byCodeUnit);
    return ordered.flatMap((each) => this.#sectionsOf(each.replaceAll('\0', '/')));
  }

  recordFolder(path: string, sections: readonly Section[]): void {
    const folders = this.#load();
    const before = folders.get(path);
    // One without entries would say that there is none.
    const after = new Map(sections.filter(hasEntries).map((section) => [section.last, section]));
    for (const section of after.values()) if (before?.get(section.last) !== section) this.#note(section);
    for (const last of before?.keys() ?? []) if (!after.has(last)) this.#note(nothing(path, last));
    folders.set(path, after);
    this.#ordered.delete(path);
  }

  #note(section: Section): void {
    this.#pending.set(`${section.folder}\0${section.last}`, section);
  }

  #sectionsOf(path: string): readonly Section[] {
    const known = this.#ordered.get(path);
    if (known !== undefined) return known;
    const sections = [...(this.#load().get(path)?.values() ?? [])].sort((a, b) => byCodeUnit(a.last, b.last));
    this.#ordered.set(path, sections);
    return sections;
  }

  save(): void {
    if (this.#file === undefined) return;
    if (this.#areFilesNew) this.#noteFiles();
    if (this.#pending.size === 0) return;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    const added = bytesOf(pending);
    const live = bytesOf(this.#live());
    // Where most of the file would be out of date, it is written anew.
    const isWorthwhile = this.#length !== undefined && this.#length + added <= 2 * live + SPARE_BYTES;
    if (isWorthwhile && this.#append(this.#file, pending)) this.#length = (this.#length ?? 0) + added;
    else this.#rewrite(this.#file);
  }

  #rewrite(file: string): void {
    const kept = this.#live().filter(({ folder }) => folder === '' || existsSync(resolve(this.#root, folder)));
    writeDisposable(file, [this.#header(), ...kept.flatMap((section) => this.#frame(section))]);
    this.#length = this.#header().length + bytesOf(kept);
  }

  #live(): Section[] {
    return [...(this.#folders ?? [])].flatMap(([, sections]) => [...sections.values()]);
  }

  /** Few writes of many frames each, so that what two processes append does not mix. */
  #append(file: string, sections: readonly Section[]): boolean {
    try {
      const fd = openSync(file, 'a');
      try {
        // Another process may have written it anew: then this is as good a place.
        if (fstatSync(fd).size < this.#header().length) return false;
        for (let at = 0; at < sections.length; at += AT_ONCE) {
          const some = sections.slice(at, at + AT_ONCE);
          // Nothing that is appended behind a torn frame would be read.
          if (
            writevSync(
              fd,
              some.flatMap((section) => this.#frame(section)),
            ) !== bytesOf(some)
          )
            return false;
        }
        return true;
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      if (systemFault(error) === undefined && (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return false;
    }
  }

  #frame({ payload }: Section): [Buffer, Buffer] {
    const head = Buffer.alloc(FRAME_HEAD);
    head.writeUInt32LE(payload.length, 0);
    head.writeBigUInt64LE(this.#checksum(payload), 8);
    return [head, payload];
  }

  /** Makes one section of all files that were looked at by themselves. */
  #noteFiles(): void {
    this.#areFilesNew = false;
    const folders = this.#load();
    const writer = new SectionWriter();
    const isCrowded = this.#files.size > 2 * this.#used.size + SPARE_FILES;
    for (const path of [...this.#files.keys()].sort()) {
      const { section, row, fresh } = this.#files.get(path) as FileRow;
      // What nobody asked for in a while may be gone from the disk: it goes when it is most of the file.
      if (isCrowded && !this.#used.has(path)) continue;
      if (fresh !== undefined) {
        const { stat, digest } = fresh;
        writer.addFile(path, { kind: 0, stat, digest: rawOfDigest(digest), at: 0, isReliable: fresh.isReliable });
      } else if (section !== undefined) writer.addRow(path, section, row);
    }
    const section = writer.end('', undefined);
    for (const before of folders.get('')?.values() ?? []) {
      if (before.last !== section.last) this.#note(nothing('', before.last));
    }
    folders.set('', new Map(hasEntries(section) ? [[section.last, section]] : []));
    this.#note(section);
  }

  #inFolder(path: string): FileRow | undefined {
    const cut = path.lastIndexOf('/');
    const name = path.slice(cut + 1);
    const sections = this.#sectionsOf(cut < 0 ? '.' : path.slice(0, cut) || '/');
    const section = sections[firstFrom(sections.length, (at) => (sections[at] as Section).last >= name)];
    if (section === undefined) return undefined;
    const row = firstFrom(section.names.length, (at) => (section.names[at] as string) >= name);
    return section.names[row] === name ? { section, row } : undefined;
  }

  #header(): Buffer {
    const line = `${JSON.stringify({ schema: SCHEMA, root: this.#root })}\n`;
    const bytes = Buffer.byteLength(line);
    // Sections begin at a multiple of 8, so that their numbers can be looked at in place.
    return Buffer.from(`${line.slice(0, -1)}${' '.repeat((8 - (bytes % 8)) % 8)}\n`);
  }

  #load(): Map<string, Map<string, Section>> {
    if (this.#folders !== undefined) return this.#folders;
    const folders = new Map<string, Map<string, Section>>();
    this.#folders = folders;
    const bytes = this.#file === undefined ? undefined : readIfThere(this.#file);
    const header = this.#header();
    if (bytes === undefined || !bytes.subarray(0, header.length).equals(header)) return folders;
    this.#length = bytes.length;
    for (let at = header.length; at < bytes.length;) {
      const section = this.#sectionAt(bytes, at);
      if (section === undefined) {
        this.#length = undefined;
        break;
      }
      at += FRAME_HEAD + section.payload.length;
      const { folder, last } = section;
      const sections = folders.get(folder) ?? new Map<string, Section>();
      folders.set(folder, sections);
      if (hasEntries(section)) sections.set(last, section);
      else sections.delete(last);
    }
    for (const section of folders.get('')?.values() ?? []) {
      for (const [row, path] of section.names.entries()) this.#files.set(path, { section, row });
    }
    return folders;
  }

  #sectionAt(bytes: Buffer, at: number): Section | undefined {
    if (at + FRAME_HEAD > bytes.length) return undefined;
    const start = at + FRAME_HEAD;
    const payload = bytes.subarray(start, start + bytes.readUInt32LE(at));
    if (payload.length !== bytes.readUInt32LE(at) || payload.length % 8 !== 0) return undefined;
    if (this.#checksum(payload) !== bytes.readBigUInt64LE(at + 8)) return undefined;
    try {
      return openSection(payload);
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }
}

/** The digest of a file that is known, unless it has changed since. */
function digestIn(known: FileRow | undefined, stat: KeptStat): Digest | undefined {
  if (known === undefined) return undefined;
  const { section, row, fresh } = known;
  if (fresh !== undefined) return fresh.isReliable && isSame(fresh.stat, stat) ? fresh.digest : undefined;
  if (section?.isUnchanged(row, stat) !== true) return undefined;
  return digestOfRaw(section.digests, row * 32);
}

function hasEntries(section: Section): boolean {
  return section.digests.length > 0;
}

/** Says that a section is no more. */
function nothing(folder: string, last: string): Section {
  const writer = new SectionWriter();
  return writer.endEmpty(folder, last);
}

function bytesOf(sections: readonly Section[]): number {
  return sections.reduce((sum, { payload }) => sum + FRAME_HEAD + payload.length, 0);
}

function isSame(a: KeptStat, b: KeptStat): boolean {
  return a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs && a.ino === b.ino && a.size === b.size;
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ERR_FS_FILE_TOO_LARGE' || systemFault(error) !== undefined) return undefined;
    throw error;
  }
}
