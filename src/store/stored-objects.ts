import { closeSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Blake3 } from '../kit/blake3.ts';
import type { Digest, RawDigest } from '../kit/digest.ts';
import { parseDigest, rawOfDigest } from '../kit/digest.ts';
import { unlessDenied } from '../kit/system-fault.ts';
import { namesIn } from '../kit/temporary.ts';
import { readBad } from './bad-note.ts';
import type { PackedPlace } from './digest-map.ts';
import { DigestMap } from './digest-map.ts';
import type { StoreLayout } from './layout.ts';
import { packOfFile } from './layout.ts';
import type { Frame } from './pack.ts';
import { readAt, readPackTable } from './pack-file.ts';
import { readBytesIfThere } from './store-file.ts';
import { LARGEST_LIST } from './tree.ts';

/** An object in a file of its own. */
export interface LooseObject {
  readonly digest: RawDigest;
  readonly path: string;
}

/** Every loose object, by name. Files that are called otherwise are left out. */
export function* looseObjects({ looseFolder }: Pick<StoreLayout, 'looseFolder'>): Generator<LooseObject> {
  for (const shard of namesIn(looseFolder).sort()) {
    if (!/^[0-9a-f]{2}$/.test(shard)) continue;
    const folder = join(looseFolder, shard);
    for (const name of namesIn(folder)) {
      if (parseDigest(`b3:${shard}${name}`) === undefined) continue;
      yield { digest: Buffer.from(shard + name, 'hex'), path: `${folder}/${name}` };
    }
  }
}

/** A sealed pack. */
export interface StoredPack {
  readonly name: Digest;
  readonly path: string;
  /** Bytes of the file. */
  readonly size: number;
  /** What its table says; absent when the table is not what the name stands for, or this user may not read it. */
  readonly frames?: readonly Frame[];
}

/** Every pack with its table, by name. */
export function* storedPacks(layout: StoreLayout, blake3: Blake3): Generator<StoredPack> {
  for (const file of namesIn(layout.packs).sort()) {
    const name = packOfFile(file);
    if (name === undefined) continue;
    const path = layout.pack(name);
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    // Merged into another one meanwhile.
    if (size === undefined) continue;
    const frames = unlessDenied(() => readPackTable(path, name, blake3));
    yield frames === undefined ? { name, path, size } : { name, path, size, frames };
  }
}

/** Instead of the number of a pack: the object is loose. */
const LOOSE = 0xffffffff;

/**
 * What lies where in a store, as it was found: an object is looked for at one place only. Reads check bytes and
 * change nothing.
 */
export class StoredObjects {
  readonly #layout: StoreLayout;
  readonly #blake3: Blake3;
  readonly #map = new DigestMap();
  readonly #packs: string[] = [];
  /** Packs whose table is damaged, or not ours to read, absolute paths: nobody knows what they hold. */
  readonly unreadable: string[] = [];
  #open: { readonly pack: number; readonly fd: number } | undefined;

  constructor(layout: StoreLayout, blake3: Blake3) {
    this.#layout = layout;
    this.#blake3 = blake3;
  }

  get size(): number {
    return this.#map.size;
  }

  /** Takes in objects of a pack. */
  addPack(path: string, frames: Iterable<Frame>): void {
    const pack = this.#packs.push(path) - 1;
    for (const { digest, offset, length } of frames) this.#map.add(digest, 0, { pack, offset, length });
  }

  /** Takes in a loose object. */
  addLoose(digest: RawDigest): void {
    this.#map.add(digest, 0, { pack: LOOSE, offset: 0, length: 0 });
  }

  hasRaw(digest: RawDigest, at = 0): boolean {
    return this.#map.has(digest, at);
  }

  has(digest: Digest): boolean {
    return digest.startsWith('b3:') && this.hasRaw(rawOfDigest(digest));
  }

  /** The bytes of an object that lists a folder, checked; `undefined` when it is not there, too large, or they are wrong. */
  read(digest: Digest): Buffer | undefined {
    const place = digest.startsWith('b3:') ? this.#map.find(rawOfDigest(digest)) : undefined;
    if (place === undefined) return undefined;
    try {
      const bytes = this.#bytesOf(digest, place);
      return bytes !== undefined && this.#blake3.hash(bytes) === digest ? bytes : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Closes what it reads from. */
  close(): void {
    if (this.#open !== undefined) closeSync(this.#open.fd);
    this.#open = undefined;
  }

  #bytesOf(digest: Digest, place: PackedPlace): Buffer | undefined {
    if (place.pack === LOOSE) return readBytesIfThere(this.#layout.loose(digest), LARGEST_LIST);
    return place.length > LARGEST_LIST ? undefined : this.#packed(place);
  }

  #packed({ pack, offset, length }: PackedPlace): Buffer {
    if (this.#open?.pack !== pack) {
      this.close();
      this.#open = { pack, fd: openSync(this.#packs[pack] ?? '', 'r') };
    }
    return readAt(this.#open.fd, offset, length);
  }
}

/** How much a store holds. */
export interface StoreContents {
  /** Different ones, but for those that are known to be wrong. */
  readonly objects: number;
  /** Of the files that hold them. */
  readonly bytes: number;
}

/** Counts what a store holds, as a check of it does that finds nothing wrong; no object is read. */
export function storeContents(layout: StoreLayout, blake3: Blake3): StoreContents {
  let bytes = 0;
  for (const { size } of storedPacks(layout, blake3)) bytes += size;
  for (const { path } of looseObjects(layout)) bytes += statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return { objects: findObjects(layout, blake3).size, bytes };
}

/** Looks for everything in a store, by names and tables alone, but for what is known to be wrong. */
export function findObjects(layout: StoreLayout, blake3: Blake3): StoredObjects {
  const objects = new StoredObjects(layout, blake3);
  for (const { name, path, frames } of storedPacks(layout, blake3)) {
    if (frames === undefined) {
      objects.unreadable.push(path);
      continue;
    }
    const bad = readBad(layout, name);
    objects.addPack(path, bad.size === 0 ? frames : frames.filter(({ digest }) => !bad.has(digest.toString('hex'))));
  }
  for (const { digest } of looseObjects(layout)) objects.addLoose(digest);
  return objects;
}
