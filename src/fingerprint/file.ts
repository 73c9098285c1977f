import type { Dirent, Stats } from 'node:fs';
import { lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { KINDS } from '../index/section.ts';
import type { FolderMemory } from '../index/folder-memory.ts';
import { isReliable } from '../index/stat-index.ts';
import { checkAborted } from '../kit/abort.ts';
import { FileProgress } from '../kit/file-progress.ts';
import { helperThreads } from '../kit/helper-threads.ts';
import type { Digest, RawDigest } from '../kit/digest.ts';
import { hashFile } from '../kit/hash-file.ts';
import { takeTurn } from '../kit/turn.ts';
import { digestOfRaw, rawOfDigest } from '../kit/digest.ts';
import type { Entry } from '../store/tree.ts';
import type { Ahead } from './ahead.ts';
import { changed, readProblem, specialFile } from './file-problem.ts';
import type { ReadFile } from './folder.ts';
import { LookAhead } from './look-ahead.ts';
import type { FileStat, ReadAhead } from './read-files.ts';
import { isSameFile, readSmall } from './read-files.ts';
import { FolderBuilder } from './folder.ts';
import { Listings } from './listings.ts';
import { absoluteOf, descend, fileEntry, fileStatOf, isAbout, kindOf, readTarget, statOf } from './look.ts';
import { PACKED_BYTES } from '../store/pack.ts';
import type { ObjectLink } from '../store/link.ts';
import { linkedFile, objectLink } from '../store/link.ts';
import type { LinkedFile } from './linked-files.ts';
import { LinkedFiles } from './linked-files.ts';
import type { FingerprintOptions, WalkOptions } from './walk-options.ts';

export type { FingerprintOptions, LinkRules, Sink, StrayLink, WalkOptions } from './walk-options.ts';

/** Small files are read into it, and done with before anything else happens. */
const BUFFER = Buffer.allocUnsafe(PACKED_BYTES + 1);

/** Entries of folders between two turns of the event loop. */
const PAUSE_EVERY = 2_000;

/**
 * What lies at `path` (relative to the root, or absolute); `undefined` when nothing does. Files that the stat
 * index knows are not read.
 * @throws {PipeError} for sockets and other special files, names that are not UTF-8, and links in a circle.
 */
export async function fingerprintPath(
  path: string,
  how: WalkOptions,
  options: FingerprintOptions,
): Promise<Entry | undefined> {
  const walk = new Walk(how, options);
  try {
    const entry = await walk.entry(path, []);
    walk.progress.tell();
    return entry;
  } finally {
    walk.end();
  }
}

/** A file that is read. */
interface FilePlace {
  readonly path: string;
  readonly absolute: string;
  /** Whether a symbolic link stands for what it leads to. */
  readonly follow: boolean;
  /** What the link says that stands for an object. */
  readonly link?: ObjectLink | undefined;
}

class Walk {
  readonly progress: FileProgress;
  readonly #how: WalkOptions;
  readonly #options: FingerprintOptions;
  readonly #listings: Listings;
  readonly #links: LinkedFiles;
  /** Entries of folders, and folders. */
  #steps = 0;
  /** Whether the sink wants to settle. */
  #isFull = false;
  /** `null` before the first folder. */
  #lookAhead: LookAhead | undefined | null = null;

  constructor(how: WalkOptions, options: FingerprintOptions) {
    this.#how = how;
    this.#options = options;
    this.progress = new FileProgress(how.onProgress);
    this.#links = new LinkedFiles(how, options, this.progress);
    this.#listings = new Listings({ ...options, ...how, lost: this.#links.lost });
  }

  /** `above` holds the real paths of the folders that are being walked, to find links in a circle. */
  async entry(path: string, above: readonly string[]): Promise<Entry | undefined> {
    checkAborted(this.#how.signal);
    const absolute = path.startsWith('/') ? path : join(this.#options.root, path);
    try {
      return await this.#entry(path, absolute, above);
    } catch (error) {
      throw isAbout(absolute, error) ? readProblem(path, error) : error;
    }
  }

  /** To be called in any case. */
  end(): void {
    this.#lookAhead?.end();
    this.#listings.end();
  }

  /** Lets signals and timers have their turn now and then: small files are read without waiting for anything. */
  async #pause(): Promise<void> {
    this.progress.tell();
    await takeTurn(this.#how.signal);
  }

  async #entry(path: string, absolute: string, above: readonly string[]): Promise<Entry | undefined> {
    const stat = statOf(absolute, this.#how.follow);
    if (stat === undefined) return undefined;
    if (stat.isFile()) return this.#single({ path, absolute, follow: this.#how.follow }, stat);
    if (stat.isDirectory()) return this.#folder(path, absolute, above);
    if (stat.isSymbolicLink()) return this.#link(path, absolute);
    throw specialFile(path);
  }

  /** A file that is looked at by itself. */
  async #single(file: FilePlace, stat: Stats): Promise<Entry> {
    const { path } = file;
    const { index, now } = this.#options;
    const { sink } = this.#how;
    const known = index.lookup(path, stat);
    if (known !== undefined && sink?.has(rawOfDigest(known)) !== false) {
      this.progress.file(stat.size);
      this.#links.noteEdited(file, rawOfDigest(known));
      return fileEntry(stat, known);
    }
    const at = now();
    const read = this.#readSmall(file) ?? (await this.#readLarge(file, stat));
    this.progress.file(stat.size);
    this.#links.noteEdited(file, read.digest);
    const digest = digestOfRaw(read.digest);
    if (this.#isFull) await this.#settle();
    index.record(path, read.stat, { digest, at });
    return fileEntry(read.stat, digest);
  }

  #readSmall(file: FilePlace): ReadFile | undefined {
    const read = readSmall(file, BUFFER, this.#options.now());
    return read && { digest: this.#hashed(read.bytes), stat: read.stat, isReliable: read.isReliable };
  }

  async #readLarge({ path, absolute, follow }: FilePlace, before: Stats): Promise<ReadFile> {
    const { sink } = this.#how;
    const at = this.#options.now();
    const onBytes = this.progress.passing(before.size);
    const digest =
      sink === undefined
        ? await hashFile(absolute, { ...this.#options, onBytes, signal: this.#how.signal })
        : await sink.file(absolute, onBytes);
    const stat = statOf(absolute, follow);
    if (stat === undefined || !isSameFile(before, stat)) throw changed(path);
    return { digest: rawOfDigest(digest), stat, isReliable: isReliable(stat, at) };
  }

  async #link(path: string, absolute: string): Promise<Entry | undefined> {
    const text = readTarget(path, absolute);
    const link = objectLink(text, this.#options.looseFolder);
    if (link !== undefined) return this.#object({ path, absolute, link });
    const target = Buffer.from(text);
    this.progress.file(target.length);
    const digest = digestOfRaw(this.#hashed(target));
    if (this.#isFull) await this.#settle();
    return { kind: 'link', digest, size: target.length };
  }

  /** What lies behind a link to an object. */
  async #object(file: LinkedFile): Promise<Entry | undefined> {
    const stat = linkedFile(file.absolute);
    if (stat === undefined) return this.#links.lost(file.path, file.link);
    return file.link.isOwn ? this.#single({ ...file, follow: true }, stat) : this.#links.elsewhere(file, stat);
  }

  async #folder(path: string, absolute: string, above: readonly string[]): Promise<Entry> {
    const inside = this.#how.follow ? descend(path, absolute, above) : above;
    const { index, root } = this.#options;
    if (this.#lookAhead === null) this.#lookAhead = LookAhead.of(index.sectionsBelow(path), root, helperThreads);
    const listed = this.#listings.take({ path, absolute });
    const { names, special, linked, ahead } = listed;
    const builder = new FolderBuilder({ path, entries: names.length, index }, this.#trees);
    for (const name of names) {
      const child = path === '.' ? name : `${path}/${name}`;
      const kind = special.get(name);
      if (ahead?.isDue(name) === true) await ahead.wait();
      const link = linked.get(name);
      const named = listed.named.get(name);
      const file = { path: child, absolute: this.#absolute(child), follow: this.#how.follow || link?.isOwn === true, link }; // prettier-ignore
      if (kind !== undefined) {
        if (kind.isDirectory()) this.#listings.prepare({ path, absolute }, name, listed);
        await this.#special(builder, { child, name, kind }, inside);
      } else if (link !== undefined && named !== undefined)
        this.#links.named(builder, { file: { ...file, link }, name }, named); // prettier-ignore
      else if (link?.isOwn === false) await this.#links.elsewhereIn(builder, { file: { ...file, link }, name });
      else {
        if (!this.#fileNow(builder, { file, name, ahead })) await this.#fileLater(builder, file, name);
      }
      if (this.#isFull) await this.#settle();
      this.#steps += 1;
      if (this.#steps % PAUSE_EVERY === 0) await this.#pause();
    }
    return builder.end();
  }

  /** Takes a file in without waiting for anything; `false` when it is large. */
  #fileNow(
    builder: FolderBuilder,
    { file, name, ahead }: { readonly file: FilePlace; readonly name: string; readonly ahead: Ahead | undefined },
  ): boolean {
    const { path, absolute, follow } = file;
    const { memory } = builder;
    const isRemembered = memory.seek(name);
    try {
      if (isRemembered) {
        const stat = this.#lookAhead?.statAt(memory) ?? fileStatOf(absolute, follow);
        if (stat !== undefined && this.#isKept(memory, stat)) {
          this.progress.file(stat.size);
          if (memory.section !== undefined) this.#links.noteEdited(file, memory.section.digests, memory.row * 32);
          builder.keep(name);
          return true;
        }
      }
      const read = this.#taken(ahead?.take(name)) ?? this.#readSmall(file);
      if (read === undefined) return false;
      this.progress.file(read.stat.size);
      this.#links.noteEdited(file, read.digest);
      builder.addFile(name, kindOf(read.stat), { ...read, isRemembered });
      return true;
    } catch (error) {
      throw isAbout(absolute, error) ? readProblem(path, error) : error;
    }
  }

  /** A file that another thread has read, given to the sink. */
  #taken(read: ReadAhead | undefined): ReadFile | undefined {
    const { sink } = this.#how;
    if (read === undefined || sink === undefined) return read;
    if (read.copy !== undefined) sink.copies?.adopt(read.digest, read.copy);
    else if (sink.add(read.digest, read.bytes)) this.#isFull = true;
    return read;
  }

  #isKept({ section, row }: FolderMemory, stat: FileStat): boolean {
    if (section?.isUnchanged(row, stat) !== true) return false;
    if (section.kindOf(row) !== KINDS.indexOf(kindOf(stat))) return false;
    return this.#how.sink?.has(section.digests, row * 32) !== false;
  }

  async #fileLater(builder: FolderBuilder, file: FilePlace, name: string): Promise<void> {
    const { path, absolute, follow } = file;
    const { memory } = builder;
    try {
      const stat = (follow ? statSync : lstatSync)(absolute);
      const read = await this.#readLarge(file, stat);
      this.progress.file(stat.size);
      this.#links.noteEdited(file, read.digest);
      builder.addFile(name, kindOf(stat), { ...read, isRemembered: memory.section?.names[memory.row] === name });
    } catch (error) {
      throw isAbout(absolute, error) ? readProblem(path, error) : error;
    }
  }

  async #special(
    builder: FolderBuilder,
    { child, name, kind }: { readonly child: string; readonly name: string; readonly kind: Dirent },
    inside: readonly string[],
  ): Promise<void> {
    const isRemembered = builder.memory.seek(name);
    const entry = await this.entry(child, inside);
    if (entry === undefined) throw changed(child);
    if (entry.kind === 'dir') {
      builder.addFolder(name, entry, isRemembered);
      return;
    }
    const stat = statOf(this.#absolute(child), kind.isSymbolicLink() && entry.kind !== 'link');
    if (stat === undefined) throw changed(child);
    // What a link leads to is looked at each time.
    const digest = rawOfDigest(entry.digest);
    // Some disks say another length of a link than its target has.
    const seen = Object.assign(stat, { size: entry.size });
    builder.addFile(name, entry.kind, { digest, stat: seen, isReliable: false, isRemembered });
  }

  #absolute(path: string): string {
    return absoluteOf(path, this.#options.root);
  }

  readonly #trees = {
    put: (text: string): Digest => digestOfRaw(this.#hashed(Buffer.from(text))),
    has: (digest: Digest): boolean => {
      const { sink } = this.#how;
      return sink?.hasTree === undefined ? sink?.has(rawOfDigest(digest)) !== false : sink.hasTree(digest);
    },
  };

  /** Hashes some bytes, and stores them where a store listens. */
  #hashed(bytes: Buffer): RawDigest {
    const digest = this.#options.blake3.raw(bytes);
    if (this.#how.sink?.add(digest, bytes) === true) this.#isFull = true;
    return digest;
  }

  async #settle(): Promise<void> {
    this.#isFull = false;
    await this.#how.sink?.settle();
  }
}
