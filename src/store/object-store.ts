import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Blake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { digestOfRaw, rawOfDigest } from '../kit/digest.ts';
import { makeFolder } from '../kit/make-folder.ts';
import { isGone, ownedName, ownerOfName, thisOwner } from '../kit/owner.ts';
import { namesIn } from '../kit/temporary.ts';
import { PipeError } from '../problem/problem.ts';
import { copyThrough, hashFileNow } from './copy.ts';
import type { PackedPlace } from './digest-map.ts';
import type { ExtractOptions, LooseObjects } from './extract-loose.ts';
import { extractLoose, linkLoose } from './extract-loose.ts';
import type { StoreLayout } from './layout.ts';
import type { LinkTrust } from './link.ts';
import { NO_TRUST } from './link.ts';
import { FORMER_FORMATS, STORE_FORMAT, hexOf } from './layout.ts';
import { LooseNames } from './loose-names.ts';
import { PackSet } from './pack-set.ts';
import { PackWriter, isLeftPack, recoverPack } from './pack-writer.ts';
import { makeDurable, readBytesIfThere, readIfThere } from './store-file.ts';
import { StoreWriter } from './store-writer.ts';
import { writeNew } from './write-files.ts';
import { shareFile, writeShared } from './write-shared.ts';

/** Objects up to this size are packed when many are stored at once. */
export const PACKED_BYTES = 64 * 1024;

/**
 * Bytes under their digest, in a folder on this machine: each in a file of its own (loose), or many small ones in a
 * file (packed). Several processes may use one store at once: an object is
 * written under a temporary name and renamed, and two writers of the same object write the same bytes. Every read
 * hashes what it read; an object that does not fit is quarantined and counts as absent.
 */
export class ObjectStore {
  readonly layout: StoreLayout;
  readonly #blake3: Blake3;
  readonly #present = new Set<Digest>();
  readonly #owner = thisOwner();
  readonly #packs: PackSet;
  readonly #loose: LooseNames;
  /** Whether the packs were looked at. */
  #hasPacks = false;
  #isSwept = false;
  /** Told of each damaged object. */
  readonly #onDamage: (digest: Digest, movedTo: string) => void;

  /** What is known of the objects that files of a workspace are links to. */
  trust: LinkTrust = NO_TRUST;
  readonly #extraction: LooseObjects;

  constructor(layout: StoreLayout, blake3: Blake3, onDamage: (digest: Digest, movedTo: string) => void) {
    this.layout = layout;
    this.#blake3 = blake3;
    this.#onDamage = onDamage;
    this.#packs = new PackSet(layout, blake3);
    this.#loose = new LooseNames(layout.looseFolder);
    this.#extraction = {
      layout,
      blake3,
      trust: () => this.trust,
      onWrong: (digest, path) => {
        this.#quarantine(digest, path);
      },
      onLinked: (digest) => {
        this.#present.delete(digest);
      },
    };
  }

  /**
   * Makes the folders that a first write needs, and checks the version.
   * @throws {PipeError} PIPE_STORE_FORMAT for a store that a newer `pipe` wrote.
   */
  prepare(): void {
    const format = readIfThere(this.layout.format);
    if (format === undefined || FORMER_FORMATS.includes(format.trim())) {
      makeFolder(this.layout.tmp, this.layout);
      writeShared(this.layout, this.layout.format, `${STORE_FORMAT}\n`);
    } else if (format.trim() !== STORE_FORMAT) {
      throw new PipeError({
        code: 'PIPE_STORE_FORMAT',
        message: `the store ${this.layout.root} has the format ${JSON.stringify(format.trim().slice(0, 40))}; this pipe knows ${STORE_FORMAT}`,
        hint: 'use a newer pipe, or another folder (`pipe config cache.dir DIR`)',
      });
    }
  }

  /**
   * Whether an object is there, by name: its bytes are checked when they are read. Only one that is known to have been
   * linked, and was touched since, is read at once: somebody may have edited it in place.
   */
  has(digest: Digest): boolean {
    if (this.#present.has(digest)) return true;
    if (this.#packed(digest) === undefined) return this.#hasLoose(digest) || this.#refreshed(digest);
    this.#present.add(digest);
    return true;
  }

  #hasLoose(digest: Digest): boolean {
    const path = this.layout.loose(digest);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return false;
    const known = this.trust.judge(path, digest, stat);
    if (known === 'unknown') this.#present.add(digest);
    return known !== 'touched' || this.#isStillRight(digest, path, stat);
  }

  /** Reads an object that was touched since it was linked; sets it aside when its bytes are wrong. */
  #isStillRight(digest: Digest, path: string, stat: Stats): boolean {
    const at = Date.now();
    if (this.digestOf(path) !== digest) {
      this.#quarantine(digest, path);
      return false;
    }
    this.trust.add(path, digest, { stat, at });
    return true;
  }

  /** The digest of the bytes of a file (absolute), read without waiting for anything. */
  digestOf(file: string): Digest {
    return hashFileNow(file, this.#blake3);
  }

  /** Whether an object with these stat values is known to hold the right bytes, and to have been left alone since. */
  isTrusted(digest: Digest, stat: Stats): boolean {
    return this.trust.judge(this.layout.loose(digest), digest, stat) === 'right';
  }

  /** The same for the digest that lies at `at` of some bytes, for those who ask by the hundred thousand. */
  hasRaw(bytes: Buffer, at = 0): boolean {
    this.#loadPacks();
    if (this.#packs.find(bytes, at) !== undefined) return true;
    return this.#loose.has(bytes, at) && this.has(digestOfRaw(bytes.subarray(at, at + 32)));
  }

  /** Another process may have packed an object, or merged packs, since they were last looked at. */
  #refreshed(digest: Digest): boolean {
    return this.#packs.refresh() && this.#packed(digest) !== undefined;
  }

  #loadPacks(): void {
    if (this.#hasPacks) return;
    this.#hasPacks = true;
    this.#packs.refresh();
  }

  #packed(digest: Digest): PackedPlace | undefined {
    this.#loadPacks();
    // A lock may name an object by another algorithm.
    return digest.startsWith('b3:') ? this.#packs.find(rawOfDigest(digest)) : undefined;
  }

  /** Stores bytes and returns their digest. */
  async put(data: Uint8Array | string): Promise<Digest> {
    const digest = this.#blake3.hash(data);
    // Not by memory: another process may have set the object aside since.
    if (this.#packed(digest) !== undefined || this.#hasLoose(digest)) return digest;
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    await this.#write(async (target) => {
      await writeFile(target, bytes, { flag: 'wx', mode: 0o600 });
      return digest;
    });
    return digest;
  }

  /** Copies a file into the store, unless `signal` is aborted; the digest is that of the bytes that were copied. */
  async ingest(file: string, signal?: AbortSignal): Promise<{ digest: Digest; size: number }> {
    let size = 0;
    const digest = await this.#write(async (target) => {
      const hasher = this.#blake3.hasher();
      size = await copyThrough(file, { target, see: (chunk) => { hasher.update(chunk); }, signal }); // prettier-ignore
      return hasher.digest();
    });
    return { digest, size };
  }

  /** The bytes of a small object, checked; `undefined` when it is absent or damaged. */
  read(digest: Digest): Buffer | undefined {
    const packed = this.#readPacked(digest);
    if (packed !== undefined) return Buffer.from(packed);
    const path = this.layout.loose(digest);
    const bytes = readBytesIfThere(path);
    if (bytes === undefined) return this.#refreshed(digest) ? this.read(digest) : undefined;
    if (this.#blake3.hash(bytes) === digest) return bytes;
    this.#quarantine(digest, path);
    return undefined;
  }

  /** The bytes of a packed object, checked, valid until the next read; `undefined` when no pack has them. */
  #readPacked(digest: Digest): Buffer | undefined {
    for (;;) {
      const place = this.#packed(digest);
      if (place === undefined) return undefined;
      const bytes = this.#packs.read(place);
      if (bytes !== undefined && this.#blake3.hash(bytes) === digest) return bytes;
      if (bytes === undefined && this.#packs.refresh()) continue;
      this.#setAside(digest, place, bytes);
      return undefined;
    }
  }

  /** In which file a packed object lies, for helper threads, which check it. */
  packedPlace(digest: Digest): { readonly file: string; readonly offset: number; readonly length: number } | undefined {
    const place = this.#packed(digest);
    const name = place && this.#packs.nameOf(place);
    return name && { file: this.layout.pack(name), offset: place.offset, length: place.length };
  }

  /**
   * Writes a packed object to `target`, which must not exist, without waiting for anything; the stat values of the new
   * file, or `undefined` when no pack has the object.
   */
  extractPacked(digest: Digest, target: string, mode: number): Stats | undefined {
    const bytes = this.#readPacked(digest);
    if (bytes === undefined) return undefined;
    return writeNew(target, bytes, mode);
  }

  /**
   * Writes an object to `target`, which must not exist, and checks every byte written. `false` when the object is
   * absent or damaged; `target` is gone then. Rejects with an AbortError, and leaves no target, when `signal` is
   * aborted.
   */
  async extract(digest: Digest, target: string, options: ExtractOptions): Promise<boolean> {
    if (this.extractPacked(digest, target, options.mode) !== undefined) return true;
    const source = this.layout.loose(digest);
    if (!existsSync(source)) {
      return this.#refreshed(digest) && this.extractPacked(digest, target, options.mode) !== undefined;
    }
    return extractLoose(this.#extraction, { digest, target }, options);
  }

  /**
   * Makes `target`, which must not exist, a link to a loose object. `false` when the first of the ways that are wanted
   * is no link or none of the links can be made, or when there is no such object that is loose and whole.
   */
  link(digest: Digest, target: string, options: Pick<ExtractOptions, 'links' | 'signal'>): Promise<boolean> {
    return linkLoose(this.#extraction, { digest, target }, options);
  }

  /** Opens a writer for many objects at once. */
  writer(): StoreWriter {
    return new StoreWriter(this, {
      open: () => {
        this.prepare();
        this.#sweep();
        return new PackWriter(this.layout, this.#blake3, this.#owner);
      },
      seal: async (pack) => {
        const sealed = pack.seal();
        if ('pack' in sealed) this.#packs.add(sealed.pack, sealed.frames.entries());
        else for (const { bytes } of sealed.few) await this.put(bytes);
      },
    });
  }

  /** Stores what `fill` writes to the file that it is told, which is not there yet. */
  async #write(fill: (target: string) => Promise<Digest>): Promise<Digest> {
    this.prepare();
    this.#sweep();
    makeFolder(this.layout.tmp, this.layout);
    const temporary = join(this.layout.tmp, ownedName(this.#owner));
    try {
      const digest = await fill(temporary);
      await makeDurable(temporary);
      const target = this.layout.loose(digest);
      const stat = statSync(target, { throwIfNoEntry: false });
      // Files may be links to an object that is there, the very file that was read among them: if it is right, it stays.
      if (stat !== undefined && (this.isTrusted(digest, stat) || this.digestOf(target) === digest)) {
        await rm(temporary, { force: true });
        return digest;
      }
      makeFolder(dirname(target), this.layout);
      await rename(temporary, target);
      this.#present.add(digest);
      this.#loose.add(hexOf(digest));
      return digest;
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  /** Removes, once, what killed processes of this machine were in the middle of writing. */
  #sweep(): void {
    if (this.#isSwept) return;
    this.#isSwept = true;
    for (const name of namesIn(this.layout.tmp)) {
      const owner = ownerOfName(name);
      if (owner === undefined || !isGone(owner)) continue;
      if (isLeftPack(name)) recoverPack(this.layout, name, { blake3: this.#blake3, owner: this.#owner });
      else rmSync(join(this.layout.tmp, name), { force: true });
    }
  }

  /** What a pack holds of an object is wrong: it cannot be moved away, so a file beside the pack says it. */
  #setAside(digest: Digest, place: PackedPlace, bytes: Buffer | undefined): void {
    const name = this.#packs.nameOf(place);
    this.#present.delete(digest);
    if (name !== undefined) {
      const bad = `${this.layout.pack(name).slice(0, -5)}.bad`;
      appendFileSync(bad, `${hexOf(digest)}\n`);
      if (this.layout.shared) shareFile(bad);
    }
    this.#packs.exclude(digest);
    const movedTo = this.#placeAside(digest);
    if (bytes !== undefined) writeFileSync(movedTo, bytes);
    this.#onDamage(digest, movedTo);
  }

  #placeAside(digest: Digest): string {
    makeFolder(this.layout.quarantine, this.layout);
    return join(this.layout.quarantine, `${hexOf(digest)}-${randomBytes(4).toString('hex')}`);
  }

  #quarantine(digest: Digest, path: string): void {
    this.#present.delete(digest);
    this.#loose.delete(hexOf(digest));
    const movedTo = this.#placeAside(digest);
    try {
      renameSync(path, movedTo);
    } catch (error) {
      // Another process moved it first: it is gone either way.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return;
    }
    this.#onDamage(digest, movedTo);
  }
}
