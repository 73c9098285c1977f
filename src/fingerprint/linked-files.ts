import type { Stats } from 'node:fs';
import { isReliable } from '../index/stat-index.ts';
import type { Digest } from '../kit/digest.ts';
import { digestOfRaw, rawOfDigest } from '../kit/digest.ts';
import type { FileProgress } from '../kit/file-progress.ts';
import { hashFile } from '../kit/hash-file.ts';
import type { ObjectLink } from '../store/link.ts';
import { linkedFile } from '../store/link.ts';
import type { Entry } from '../store/tree.ts';
import { changed, readProblem } from './file-problem.ts';
import type { FolderBuilder, ReadFile } from './folder.ts';
import { fileEntry, isAbout, kindOf, statOf } from './look.ts';
import { isSameFile } from './read-files.ts';
import type { FingerprintOptions, WalkOptions } from './walk-options.ts';

/** A symbolic link to an object. */
export interface LinkedFile {
  readonly path: string;
  readonly absolute: string;
  readonly link: ObjectLink;
}

/** A file that may be one. */
interface MaybeLinked {
  readonly path: string;
  readonly link?: ObjectLink | undefined;
}

/** The same in a folder, where it has this name. */
interface LinkedChild {
  readonly file: LinkedFile;
  readonly name: string;
}

/** What a walk makes of links to objects that are not just what pipe made them for. */
export class LinkedFiles {
  readonly #how: WalkOptions;
  readonly #options: FingerprintOptions;
  readonly #progress: FileProgress;

  constructor(how: WalkOptions, options: FingerprintOptions, progress: FileProgress) {
    this.#how = how;
    this.#options = options;
    this.#progress = progress;
  }

  /** What a link counts as that leads to nothing that can be read. */
  readonly lost = (path: string, link: ObjectLink): Entry | undefined => {
    this.#options.onStray?.({ path, link, state: 'gone' });
    return this.#how.rules?.lost?.(path, link);
  };

  /** Notes a link to an object that holds other bytes than its name says; the digest of these lies at `at`. */
  noteEdited({ path, link }: MaybeLinked, digests: Buffer, at = 0): void {
    if (link === undefined || rawOfDigest(link.digest).compare(digests, at, at + 32) === 0) return;
    this.#options.onStray?.({ path, link, state: 'edited' });
  }

  /** A link to an object of another cache, looked at by itself; `stat` is what it leads to. */
  async elsewhere(file: LinkedFile, stat: Stats): Promise<Entry> {
    const { index, now } = this.#options;
    const at = now();
    const known = index.lookup(file.path, stat);
    const read = await this.#read(file, stat, known);
    const digest = digestOfRaw(read.digest);
    if (known === undefined) index.record(file.path, read.stat, { digest, at });
    return fileEntry(stat, digest);
  }

  /** The same in a folder. */
  async elsewhereIn(builder: FolderBuilder, { file, name }: LinkedChild): Promise<void> {
    const isRemembered = builder.memory.seek(name);
    const stat = linkedFile(file.absolute);
    if (stat === undefined) throw changed(file.path);
    const { section, row } = builder.memory;
    const isKnown = isRemembered && section?.isUnchanged(row, stat) === true;
    const known = isKnown ? section.digestOf(row) : undefined;
    builder.addFile(name, kindOf(stat), { ...(await this.#read(file, stat, known)), isRemembered });
  }

  /** A link in a folder to an object that is not there, which counts as what it names. */
  named(builder: FolderBuilder, { file, name }: LinkedChild, { kind, digest, size }: Entry): void {
    const isRemembered = builder.memory.seek(name);
    const stat = statOf(file.absolute, false);
    if (stat === undefined || kind === 'dir') throw changed(file.path);
    this.#progress.file(size);
    const seen = Object.assign(stat, { size });
    builder.addFile(name, kind, { digest: rawOfDigest(digest), stat: seen, isReliable: false, isRemembered });
  }

  /**
   * Reads a file through a link to another cache. Anybody can make such a link, to any file that this user may read: it
   * is stored only once it is known to hold the bytes that the link names.
   */
  async #read(file: LinkedFile, stat: Stats, known: Digest | undefined): Promise<ReadFile> {
    try {
      return await this.#readNow(file, stat, known);
    } catch (error) {
      throw isAbout(file.absolute, error) ? readProblem(file.path, error) : error;
    }
  }

  async #readNow({ path, absolute, link }: LinkedFile, stat: Stats, known: Digest | undefined): Promise<ReadFile> {
    const { sink, rules, signal } = this.#how;
    const { now, blake3, onStray } = this.#options;
    const at = now();
    const onBytes = this.#progress.passing(stat.size);
    const digest = known ?? (await hashFile(absolute, { blake3, onBytes, signal }));
    const isRight = digest === link.digest;
    if (!isRight) rules?.wrong?.(path, link);
    else if (sink?.has(rawOfDigest(digest)) === false && (await sink.file(absolute)) !== digest) throw changed(path);
    const after = linkedFile(absolute);
    if (after === undefined || !isSameFile(stat, after)) throw changed(path);
    onStray?.({ path, link, state: isRight ? 'elsewhere' : 'wrong' });
    this.#progress.file(stat.size);
    return { digest: rawOfDigest(digest), stat: after, isReliable: isReliable(after, at) };
  }
}
