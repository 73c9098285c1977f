import type { Stats } from 'node:fs';
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Blake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { digestOfRaw, rawOfDigest } from '../kit/digest.ts';
import type { PackedPlace } from './digest-map.ts';
import type { StoreLayout } from './layout.ts';
import { STORE_FORMAT, formatOf, hexOf } from './layout.ts';
import { Lease } from './lease.ts';
import { LooseNames } from './loose-names.ts';
import { PackSet } from './pack-set.ts';
import { syncFolder } from './store-file.ts';

/**
 * What is known of a loose object with these stat values: `unknown` of one that was never linked, which is as good as it
 * was written; of one that others have in their hands, whether it still holds the right bytes.
 */
export type Judge = (digest: Digest, path: string, stat: Stats) => 'unknown' | 'right' | 'wrong';

/** Which objects a store has, by name; with a lease, of those that it says are there none goes away. */
export class Presence {
  readonly packs: PackSet;
  readonly #layout: StoreLayout;
  readonly #judge: Judge;
  readonly #present = new Set<Digest>();
  readonly #loose: LooseNames;
  #lease: Lease | undefined;
  #isHeld = false;
  /** Whether to take a lease as soon as there is a store. */
  #wantsLease = false;
  /** The packs that the lease names. */
  readonly #keptPacks = new Set<Digest>();
  /** Folders that objects were put into, whose names may not be on the disk yet. */
  readonly #touched = new Set<string>();
  /** Whether the packs were looked at. */
  #hasPacks = false;

  constructor(layout: StoreLayout, blake3: Blake3, judge: Judge) {
    this.#layout = layout;
    this.#judge = judge;
    this.packs = new PackSet(layout, blake3);
    this.#loose = new LooseNames(layout.looseFolder);
  }

  /** From now on a loose object is there: it was just put there. */
  add(digest: Digest): void {
    this.#present.add(digest);
    this.#loose.add(hexOf(digest));
    this.#touched.add(dirname(this.#layout.loose(digest)));
  }

  /** From now on an object is looked at each time: others have its bytes in their hands. */
  doubt(digest: Digest): void {
    this.#present.delete(digest);
  }

  /** Forgets that an object was there. */
  forget(digest: Digest): void {
    this.#present.delete(digest);
    this.#loose.delete(hexOf(digest));
  }

  /** Looks for an object, not by memory, in the packs that are known and among the loose ones. */
  find(digest: Digest): boolean {
    return this.#isPacked(digest) || this.#isLoose(digest);
  }

  /**
   * From now on, until this process ends, what the store says is there stays there, and so does what is put into it: to
   * be called before the first look at what will be relied on. Costs nothing where it was called before.
   */
  hold(): void {
    if (this.#isHeld) return;
    this.#wantsLease = true;
    // One of another format is made one of this at the first write, or refused.
    if (formatOf(this.#layout) !== STORE_FORMAT) return;
    this.#isHeld = true;
    this.#lease = Lease.of(this.#layout);
    // What was seen before may have gone.
    this.#present.clear();
  }

  /** Keeps a file of the store that this process is about to write. Relied on is only what `hold` was called before. */
  keep(path: string): void {
    this.#lease?.pin(path);
  }

  /**
   * Makes sure that what was stored or found is there to stay: a crash takes no name away, and nobody took the lease.
   * @throws {PipeError} PIPE_STORE_LEASE
   */
  ensureLasting(): void {
    for (const folder of this.#touched) syncFolder(folder);
    // That of a shard may be new, too.
    if (this.#touched.size > 0) syncFolder(this.#layout.looseFolder);
    this.#touched.clear();
    this.#lease?.check();
  }

  /**
   * Whether an object is there, by name: its bytes are checked when they are read. Only one that is known to have been
   * linked, and was touched since, is read at once: somebody may have edited it in place.
   */
  has(digest: Digest): boolean {
    if (this.#present.has(digest)) return true;
    if (this.#wantsLease) this.hold();
    return this.find(digest) || this.#refreshed(digest);
  }

  /** The same for the digest that lies at `at` of some bytes, for those who ask by the hundred thousand. */
  hasRaw(bytes: Buffer, at = 0): boolean {
    this.#loadPacks();
    if (this.#wantsLease) this.hold();
    const place = this.packs.find(bytes, at);
    if (place !== undefined && (this.#isKept(place) || this.#isPacked(digestAt(bytes, at)))) return true;
    // The list may be old, and an object that was linked may have been edited since.
    return this.#loose.has(bytes, at) && this.has(digestAt(bytes, at));
  }

  /** Another process may have packed an object, or merged packs, since they were last looked at. */
  #refreshed(digest: Digest): boolean {
    return this.packs.refresh() && this.#isPacked(digest);
  }

  #loadPacks(): void {
    if (this.#hasPacks) return;
    this.#hasPacks = true;
    this.packs.refresh();
  }

  /** Where an object lies in a pack; `undefined` when none that is known has it. */
  packed(digest: Digest): PackedPlace | undefined {
    this.#loadPacks();
    // A lock may name an object by another algorithm.
    return digest.startsWith('b3:') ? this.packs.find(rawOfDigest(digest)) : undefined;
  }

  /** The same for the digest that lies at `at` of some bytes. */
  packedRaw(bytes: Buffer, at: number): PackedPlace | undefined {
    this.#loadPacks();
    return this.packs.find(bytes, at);
  }

  #isPacked(digest: Digest): boolean {
    for (;;) {
      const place = this.packed(digest);
      if (place === undefined) return false;
      if (this.#isKept(place)) {
        this.#present.add(digest);
        return true;
      }
      this.packs.reload();
    }
  }

  /** Whether the pack of a place stays where it is; true without a lease, when nobody wants to know. */
  #isKept(place: PackedPlace): boolean {
    const name = this.#lease === undefined ? undefined : this.packs.nameOf(place);
    if (name === undefined || this.#keptPacks.has(name)) return true;
    const path = this.#layout.pack(name);
    this.keep(path);
    if (!existsSync(path)) return false;
    this.#keptPacks.add(name);
    return true;
  }

  #isLoose(digest: Digest): boolean {
    const path = this.#layout.loose(digest);
    let stat = statSync(path, { throwIfNoEntry: false });
    if (stat !== undefined && this.#lease !== undefined) {
      this.keep(path);
      stat = statSync(path, { throwIfNoEntry: false });
    }
    if (stat === undefined) return false;
    const known = this.#judge(digest, path, stat);
    if (known === 'unknown') this.#present.add(digest);
    return known !== 'wrong';
  }
}

function digestAt(bytes: Buffer, at: number): Digest {
  return digestOfRaw(bytes.subarray(at, at + 32));
}
