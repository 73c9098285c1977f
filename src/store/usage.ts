import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Blake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { rawOfDigest } from '../kit/digest.ts';
import { DigestMap } from './digest-map.ts';
import type { StoreLayout } from './layout.ts';
import { runFiles } from './run-files.ts';
import { StoredObjects, looseObjects, storedPacks } from './stored-objects.ts';
import type { Entry } from './tree.ts';
import { walkObjects } from './walk-objects.ts';

/** Files of one kind in a store. */
export interface Amount {
  /** Objects; of what holds none, files. */
  readonly count: number;
  readonly bytes: number;
}

/** What a store takes on the disk. */
export interface StoreUsage {
  readonly loose: Amount;
  readonly packed: Amount & { readonly packs: number };
  readonly runs: Amount;
  readonly quarantine: Amount;
  readonly trash: Amount;
  /** What is being written, or was left behind. */
  readonly tmp: Amount;
}

/** Adds up what a store takes, and finds its objects on the way. */
export function storeUsage(layout: StoreLayout, blake3: Blake3): { usage: StoreUsage; sizes: ObjectSizes } {
  const sizes = new ObjectSizes(new StoredObjects(layout, blake3));
  const [loose, packed, runs] = [amount(), { ...amount(), packs: 0 }, amount()];
  for (const { path, size, frames } of storedPacks(layout, blake3)) {
    packed.packs += 1;
    packed.bytes += size;
    packed.count += frames?.length ?? 0;
    sizes.objects.addPack(path, frames ?? []);
    for (const { digest, length } of frames ?? []) sizes.add(digest, length);
  }
  for (const { digest, path } of looseObjects(layout)) {
    const size = lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
    loose.count += 1;
    loose.bytes += size;
    sizes.objects.addLoose(digest);
    sizes.add(digest, size);
  }
  for (const { size } of runFiles(layout, blake3)) {
    runs.count += 1;
    runs.bytes += size;
  }
  const [quarantine, trash, tmp] = [layout.quarantine, layout.trash, layout.tmp].map(filesBelow);
  return { sizes, usage: { loose, packed, runs, quarantine, trash, tmp } as StoreUsage };
}

interface Counting {
  count: number;
  bytes: number;
}

function amount(): Counting {
  return { count: 0, bytes: 0 };
}

function filesBelow(folder: string): Amount {
  const found = amount();
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
      if (entry.isDirectory()) continue;
      found.count += 1;
      found.bytes += lstatSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return found;
}

/** The objects of a store with their sizes, and which things need each. */
export class ObjectSizes {
  readonly objects: StoredObjects;
  /** The size of each object lies where the place in a pack would. */
  readonly #rows = new DigestMap();
  /** By row: the number of the thing that alone needs it. */
  readonly #users: number[] = [];

  constructor(objects: StoredObjects) {
    this.objects = objects;
  }

  add(digest: Buffer, size: number): void {
    // A row has 32 bits for its own number and 64 for the size.
    const place = { pack: this.#users.length, offset: Math.floor(size / 2 ** 32), length: size % 2 ** 32 };
    if (this.#rows.add(digest, 0, place)) this.#users.push(NOBODY);
  }

  /** The bytes of an object that lists a folder, checked. */
  read(digest: Digest): Buffer | undefined {
    return this.objects.read(digest);
  }

  /** Bytes of an object. */
  sizeOf(digest: Digest): number | undefined {
    const place = digest.startsWith('b3:') ? this.#rows.find(rawOfDigest(digest)) : undefined;
    return place && place.offset * 2 ** 32 + place.length;
  }

  /** Finds what each of some entries needs. */
  use(entries: readonly NeededEntry[]): ThingUsage[] {
    return this.#useAs(entries, entries.length, (at) => at);
  }

  /** Finds what some of the entries need together, and the others do not. */
  useTogether<T extends NeededEntry>(entries: readonly T[], isMeant: (entry: T) => boolean): ThingUsage {
    const users = entries.map((each) => (isMeant(each) ? 0 : 1));
    return this.#useAs(entries, 2, (at) => users[at] ?? 1)[0] ?? { ownObjects: 0, ownBytes: 0 };
  }

  #useAs(entries: readonly NeededEntry[], users: number, userOf: (at: number) => number): ThingUsage[] {
    this.#users.fill(NOBODY);
    for (const [at, { entry, path }] of entries.entries()) {
      const user = userOf(at);
      walkObjects(this.objects, entry, {
        path,
        visitor: { enter: ({ digest }) => this.#use(digest, user), broken: () => undefined },
      });
    }
    const alone = Array.from({ length: users }, amount);
    for (const { pack, offset, length } of this.#rows.entries()) {
      const found = alone[this.#users[pack] ?? NOBODY];
      if (found === undefined) continue;
      found.count += 1;
      found.bytes += offset * 2 ** 32 + length;
    }
    return alone.map(({ count, bytes }) => ({ ownObjects: count, ownBytes: bytes }));
  }

  /** What no entry needed. */
  unused(): Amount {
    const found = amount();
    for (const { pack, offset, length } of this.#rows.entries()) {
      if (this.#users[pack] !== NOBODY) continue;
      found.count += 1;
      found.bytes += offset * 2 ** 32 + length;
    }
    return found;
  }

  /** Whether to look below: what lies below something that others need too is known to be shared. */
  #use(digest: Digest, user: number): boolean {
    const row = digest.startsWith('b3:') ? this.#rows.find(rawOfDigest(digest))?.pack : undefined;
    if (row === undefined) return false;
    const before = this.#users[row] ?? NOBODY;
    if (before === SHARED || before === user) return false;
    this.#users[row] = before === NOBODY ? user : SHARED;
    return true;
  }
}

/** Something of which a store keeps the objects. */
interface NeededEntry {
  readonly entry: Entry;
  readonly path: string;
}

const NOBODY = -1;
const SHARED = -2;

/** What would go if a thing were not needed any more. */
export interface ThingUsage {
  readonly ownObjects: number;
  readonly ownBytes: number;
}
