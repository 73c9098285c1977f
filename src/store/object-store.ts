import { renameSync, rmSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Blake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { makeFolder } from '../kit/make-folder.ts';
import { ownedName, thisOwner } from '../kit/owner.ts';
import { hashFileNow } from './copy.ts';
import type { OnDamage } from './damage.ts';
import { Damage } from './damage.ts';
import type { PackedPlace } from './digest-map.ts';
import type { ExtractOptions, LooseObjects } from './extract-loose.ts';
import { extractLoose, linkKnown, linkLoose } from './extract-loose.ts';
import type { StoreLayout } from './layout.ts';
import type { LinkTrust } from './link.ts';
import { NO_TRUST } from './link.ts';
import { LooseWriter } from './loose-writer.ts';
import { isMarked } from './object-mark.ts';
import type { FinishedPack } from './pack-writer.ts';
import { PackWriter, placePack } from './pack-writer.ts';
import { prepareStore } from './prepare.ts';
import { Presence } from './presence.ts';
import { makeDurable, readBytesIfThere } from './store-file.ts';
import { StoreWriter } from './store-writer.ts';
import { sweepStore } from './sweep.ts';
import { Spares } from './spare.ts';
import { LARGEST_LIST } from './tree.ts';
import { writeNew } from './write-files.ts';

/**
 * Bytes under their digest, in a folder on this machine: each in a file of its own (loose), or many small ones in a
 * file (packed). Several processes may use one store at once: an object is written under a temporary name and renamed, and
 * two writers of one write the same bytes. Every read hashes what it read; what does not fit is quarantined, and absent.
 */
export class ObjectStore {
  readonly layout: StoreLayout;
  readonly #blake3: Blake3;
  readonly #owner = thisOwner();
  readonly #presence: Presence;
  #isSwept = false;
  /** Told of each damaged object. */
  readonly #damage: Damage;
  /** What is known of the objects that files of a workspace are links to. */
  trust: LinkTrust = NO_TRUST;
  /** Called before a wrong object gives way to the right one: files of a workspace may be symbolic links to it. */
  beforeReplaced: ((path: string) => void) | undefined;
  /** Second copies that become files of the workspace. */
  readonly spares: Spares;
  readonly #extraction: LooseObjects;

  constructor(layout: StoreLayout, blake3: Blake3, onDamage: OnDamage) {
    this.layout = layout;
    this.#blake3 = blake3;
    this.#damage = new Damage(layout, onDamage);
    this.#presence = new Presence(layout, blake3, (...object) => this.#judged(...object));
    this.spares = new Spares(this);
    this.#extraction = {
      layout,
      blake3,
      spares: this.spares,
      trust: () => this.trust,
      onWrong: (digest, path) => {
        this.foundWrong(digest, path);
      },
      onLinked: (digest) => {
        this.#presence.doubt(digest);
      },
    };
  }

  /**
   * Makes the folders that a first write needs, and checks the version.
   * @throws {PipeError} PIPE_STORE_FORMAT for a store that a newer `pipe` wrote.
   */
  prepare(): void {
    prepareStore(this.layout);
  }

  /**
   * From now on, until this process ends, what the store says is there stays there, and so does what is put into it: to
   * be called before the first look at what will be relied on. Costs nothing where it was called before.
   */
  hold(): void {
    this.#presence.hold();
  }

  /** Keeps a file of the store that this process is about to write. Relied on is only what `hold` was called before. */
  readonly keep = (path: string): void => {
    this.#presence.keep(path);
  };

  /**
   * Makes sure that what was stored or found is there to stay; to be called before it is written down elsewhere.
   * @throws {PipeError} PIPE_STORE_LEASE when somebody took this process for gone, so that nothing of it is sure
   */
  ensureLasting(): void {
    this.#presence.ensureLasting();
  }

  /**
   * Whether an object is there, by name: its bytes are checked when they are read. Only one that is known to have been
   * linked, and was touched since, is read at once: somebody may have edited it in place.
   */
  has(digest: Digest): boolean {
    return this.#presence.has(digest);
  }

  /** The same for the digest that lies at `at` of some bytes, for those who ask by the hundred thousand. */
  hasRaw(bytes: Buffer, at = 0): boolean {
    return this.#presence.hasRaw(bytes, at);
  }

  /**
   * What is known of a loose object; one that may have been written to is read. A wrong one stays until its right bytes
   * are stored: a file of the workspace may be a link to it.
   */
  #judged(digest: Digest, path: string, stat: Stats): 'unknown' | 'right' | 'wrong' {
    const known = this.trust.judge(path, digest, stat);
    if (known === 'right' || (known === 'unknown' && isMarked(digest, stat))) return known;
    const at = Date.now();
    if (this.digestOf(path) !== digest) {
      this.#tell(digest);
      return 'wrong';
    }
    this.trust.add(path, digest, { stat, at });
    return 'right';
  }

  /** Bytes of an object that is there; `undefined` where there is none, or not any more. */
  sizeOf(digest: Digest): number | undefined {
    if (!this.has(digest)) return undefined;
    const size = this.#presence.packed(digest)?.length ?? statSync(this.layout.loose(digest), { throwIfNoEntry: false })?.size; // prettier-ignore
    if (size === undefined) this.#presence.forget(digest); // another process has removed it since, or packed it
    return size ?? (this.#presence.packs.refresh() ? this.#presence.packed(digest)?.length : undefined);
  }

  /** The digest of the bytes of a file (absolute), read without waiting for anything. */
  readonly digestOf = (file: string): Digest => hashFileNow(file, this.#blake3);

  /** Whether an object with these stat values is known to hold the right bytes, and to have been left alone since. */
  isTrusted(digest: Digest, stat: Stats): boolean {
    return this.trust.judge(this.layout.loose(digest), digest, stat) === 'right';
  }

  /** Stores bytes and returns their digest. */
  async put(data: Uint8Array | string): Promise<Digest> {
    this.hold();
    const digest = this.#blake3.hash(data);
    // Not by memory: another process may have set the object aside since. What a pack holds of it is checked.
    this.#readPacked(digest);
    if (this.#presence.find(digest)) return digest;
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    await this.putFile(async (target) => {
      await writeFile(target, bytes, { flag: 'wx', mode: 0o600 });
      return digest;
    });
    return digest;
  }

  /**
   * The bytes of an object, checked; `undefined` when it is absent or damaged, or has more than `most` bytes: then not even
   * these are read. Unless more is asked for, it is as large as the list of a folder can be.
   */
  read(digest: Digest, most = LARGEST_LIST): Buffer | undefined {
    const place = this.#presence.packed(digest);
    if (place !== undefined && place.length > most) return undefined;
    const packed = this.#readPacked(digest);
    if (packed !== undefined) return Buffer.from(packed);
    const path = this.layout.loose(digest);
    const bytes = readBytesIfThere(path, most);
    if (bytes === undefined) return this.#presence.packs.refresh() ? this.read(digest, most) : undefined;
    if (this.#blake3.hash(bytes) === digest) return bytes;
    this.foundWrong(digest, path);
    return undefined;
  }

  /** The bytes of a packed object, checked, valid until the next read; `undefined` when no pack has them. */
  #readPacked(digest: Digest): Buffer | undefined {
    for (let place = this.#presence.packed(digest); place !== undefined; place = this.#presence.packed(digest)) {
      const bytes = this.#presence.packs.read(place);
      if (bytes !== undefined && this.#blake3.hash(bytes) === digest) return bytes;
      // Its pack was merged into another one, perhaps; or else another pack may have it, too.
      if (bytes !== undefined || !this.#presence.packs.refresh()) this.#setAside(digest, place, bytes);
    }
    return undefined;
  }

  /** In which file a packed object lies, for helper threads, which check it. */
  packedPlace(digest: Digest): { readonly file: string; readonly offset: number; readonly length: number } | undefined {
    const place = this.#presence.packed(digest);
    const name = place && this.#presence.packs.nameOf(place);
    return name && { file: this.layout.pack(name), offset: place.offset, length: place.length };
  }

  /** The pack that an object lies in, and where; its digest lies at `at` of some bytes. */
  inPack(
    bytes: Buffer,
    at = 0,
  ): { readonly name: Digest; readonly offset: number; readonly length: number } | undefined {
    const place = this.#presence.packedRaw(bytes, at);
    const name = place && this.#presence.packs.nameOf(place);
    return name && { name, offset: place.offset, length: place.length };
  }

  /**
   * Writes a packed object to `target`, which must not exist, without waiting for anything; its stat values, if there is one.
   */
  extractPacked(digest: Digest, target: string, mode: number): Stats | undefined {
    const bytes = this.#readPacked(digest);
    return bytes && writeNew(target, bytes, mode);
  }

  /** See {@link linkKnown}. */
  linkNow(digest: Digest, target: string, options: Pick<ExtractOptions, 'links' | 'mode'>): Stats | undefined {
    return linkKnown(this.#extraction, { digest, target }, options);
  }

  /**
   * Writes an object to `target`, which must not exist, and checks every byte written. `false` when the object is
   * absent or damaged; `target` is gone then. Rejects with an AbortError, and leaves no target, when `signal` is
   * aborted.
   */
  async extract(digest: Digest, target: string, options: ExtractOptions): Promise<boolean> {
    if (this.extractPacked(digest, target, options.mode) !== undefined) return true;
    if (await extractLoose(this.#extraction, { digest, target }, options)) return true;
    // Another process may have packed it meanwhile.
    return this.#presence.packs.refresh() && this.extractPacked(digest, target, options.mode) !== undefined;
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
    this.hold();
    return new StoreWriter(this, {
      loose: new LooseWriter(this, this.#blake3),
      open: () => {
        this.#begin();
        return new PackWriter(this.layout, this.#blake3, { owner: this.#owner, beforePlaced: this.keep });
      },
      seal: async (pack) => {
        const sealed = pack.seal();
        if ('pack' in sealed) this.#presence.packs.add(sealed.pack, sealed.rows);
        else for (const { bytes } of sealed.few) await this.put(bytes);
      },
    });
  }

  /** Before the first write. */
  #begin(): void {
    this.prepare();
    this.hold();
    if (!this.#isSwept) sweepStore(this.layout, { blake3: this.#blake3, owner: this.#owner });
    this.#isSwept = true;
  }

  /**
   * Takes in a pack that was made elsewhere, of which the caller has checked every byte: a file in `tmp`, which is closed
   * and moved to where it counts.
   * @param rows those of its table
   */
  adoptPack(pack: FinishedPack, rows: Buffer): void {
    this.keep(this.layout.pack(pack.name));
    placePack(this.layout, pack);
    this.#presence.packs.add(pack.name, rows);
  }

  /** A new name in `tmp`, for something that is about to be stored. */
  temporary(end = ''): string {
    this.#begin();
    makeFolder(this.layout.tmp, this.layout);
    return join(this.layout.tmp, `${ownedName(this.#owner)}${end}`);
  }

  /** Stores what `fill` writes to the file that it is told, which is not there yet, and returns the digest of. */
  async putFile(fill: (target: string) => Promise<Digest>): Promise<Digest> {
    const temporary = this.temporary();
    try {
      const digest = await fill(temporary);
      await makeDurable(temporary, digest);
      this.placeFile(temporary, digest);
      return digest;
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  }

  /**
   * Moves a file of {@link temporary} to where it counts. The caller has seen that its bytes are right, and made it
   * durable.
   */
  placeFile(temporary: string, digest: Digest): void {
    const target = this.layout.loose(digest);
    this.keep(target);
    const stat = statSync(target, { throwIfNoEntry: false });
    // Files may be links to an object that is there, the very file that was read among them: if it is right, it stays.
    if (stat !== undefined && (this.isTrusted(digest, stat) || this.digestOf(target) === digest)) {
      rmSync(temporary, { force: true });
      return;
    }
    if (stat !== undefined) this.beforeReplaced?.(target);
    if (stat !== undefined) this.#quarantine(digest, target);
    try {
      renameSync(temporary, target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      makeFolder(dirname(target), this.layout);
      renameSync(temporary, target);
    }
    this.#presence.add(digest);
  }

  /** What a pack holds of an object is wrong: it cannot be moved away, so a file beside the pack says it. */
  #setAside(digest: Digest, place: PackedPlace, bytes: Buffer | undefined): void {
    this.#presence.forget(digest);
    // Before the bytes are out of reach.
    const excluded = (): void => {
      this.#presence.packs.exclude(digest, place);
    };
    this.#damage.keepCopy(digest, bytes ?? Buffer.alloc(0), excluded);
  }

  /**
   * A loose object that is wrong though nobody seems to have written to it goes aside, since others would take it for
   * right. One that was written to shows it to all, and may be what a link of the workspace leads to: it stays.
   */
  foundWrong(digest: Digest, path: string): void {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined || isMarked(digest, stat)) this.#quarantine(digest, path);
    else this.#tell(digest);
  }

  #tell(digest: Digest): void {
    this.#presence.forget(digest);
    this.#damage.tell(digest);
  }

  #quarantine(digest: Digest, path: string): void {
    this.#presence.forget(digest);
    this.#damage.moveAside(digest, path, (file) => this.digestOf(file) === digest);
  }
}
