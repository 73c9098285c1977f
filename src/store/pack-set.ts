import { closeSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Blake3 } from '../kit/blake3.ts';
import type { Digest, RawDigest } from '../kit/digest.ts';
import { namesIn } from '../kit/temporary.ts';
import type { PackedPlace } from './digest-map.ts';
import { DigestMap } from './digest-map.ts';
import type { StoreLayout } from './layout.ts';
import { hexOf, packOfFile } from './layout.ts';
import type { Frame } from './pack.ts';
import { FOOTER, readTable, tablePlace } from './pack.ts';
import { PackReader, readAt } from './pack-reader.ts';

/** How many packs are kept open. */
const MOST_OPEN = 8;

/**
 * The sealed packs of a store, read as they are needed. Other processes add packs and, when they are merged, take some
 * away: whoever misses an object calls `refresh` before saying so.
 */
export class PackSet {
  readonly #layout: StoreLayout;
  readonly #blake3: Blake3;
  readonly #names: Digest[] = [];
  readonly #known = new Set<Digest>();
  #map = new DigestMap();
  /** Digests of which a pack holds wrong bytes. */
  readonly #bad = new Set<string>();
  #stamp = '';
  readonly #readers = new Map<number, PackReader>();

  constructor(layout: StoreLayout, blake3: Blake3) {
    this.#layout = layout;
    this.#blake3 = blake3;
  }

  /** Where a packed object lies, as far as the packs that were seen tell. */
  find(digest: RawDigest, at = 0): PackedPlace | undefined {
    return this.#map.find(digest, at);
  }

  /** Looks for packs that were added since; `true` when there were any. */
  refresh(): boolean {
    const stamp = stampOf(this.#layout.packs);
    if (stamp === this.#stamp) return false;
    this.#stamp = stamp;
    const found = namesIn(this.#layout.packs).sort();
    for (const file of found) if (file.endsWith('.bad')) this.#readBad(join(this.#layout.packs, file));
    const names = new Set(found.flatMap((file) => packOfFile(file) ?? []));
    // A pack that was merged into another is gone, and places in it with it.
    if ([...this.#known].some((name) => !names.has(name))) this.#forget();
    const added = [...names].filter((name) => !this.#known.has(name));
    for (const name of added) {
      const frames = readPackTable(this.#layout.pack(name), name, this.#blake3) ?? [];
      this.add(name, frames, frames.length);
    }
    return added.length > 0;
  }

  /** Takes in a pack that is sealed. */
  add(name: Digest, frames: Iterable<Frame>, count = 0): void {
    if (this.#known.has(name)) return;
    this.#known.add(name);
    this.#map.reserve(count);
    const pack = this.#names.push(name) - 1;
    for (const { digest, offset, length } of frames) {
      if (this.#bad.size > 0 && this.#bad.has(digest.toString('hex'))) continue;
      this.#map.add(digest, 0, { pack, offset, length });
    }
  }

  /** The bytes at a place, not checked; `undefined` when the pack has gone or is shorter. Valid until the next read. */
  read({ pack, offset, length }: PackedPlace): Buffer | undefined {
    let reader = this.#readers.get(pack);
    if (reader === undefined) {
      const name = this.#names[pack];
      const opened = name === undefined ? undefined : PackReader.open(this.#layout.pack(name));
      if (opened === undefined) return undefined;
      reader = opened;
      this.#readers.set(pack, reader);
      const [oldest] = this.#readers.keys();
      if (this.#readers.size > MOST_OPEN && oldest !== undefined) this.#close(oldest);
    }
    return reader.read(offset, length);
  }

  /** The name of the pack of a place. */
  nameOf({ pack }: PackedPlace): Digest | undefined {
    return this.#names[pack];
  }

  /** From now on an object counts as absent from all packs. */
  exclude(digest: Digest): void {
    this.#bad.add(hexOf(digest));
    this.#forget();
    this.#stamp = '';
  }

  #forget(): void {
    for (const pack of this.#readers.keys()) this.#close(pack);
    this.#map = new DigestMap();
    this.#names.length = 0;
    this.#known.clear();
  }

  #close(pack: number): void {
    this.#readers.get(pack)?.close();
    this.#readers.delete(pack);
  }

  #readBad(file: string): void {
    for (const line of readFileSync(file, 'latin1').split('\n')) if (line !== '') this.#bad.add(line);
  }
}

/** What the table of a pack file says; `undefined` when it is not whole. */
function readPackTable(file: string, name: Digest, blake3: Blake3): Frame[] | undefined {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    const place = size < FOOTER ? undefined : tablePlace(readAt(fd, size - FOOTER, FOOTER), size);
    return place === undefined ? undefined : readTable(readAt(fd, place.offset, place.length), name, blake3);
  } finally {
    closeSync(fd);
  }
}

function stampOf(folder: string): string {
  const stat = statSync(folder, { throwIfNoEntry: false });
  return stat === undefined ? '-' : `${String(stat.ino)}:${String(stat.mtimeMs)}`;
}
