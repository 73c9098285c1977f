import { statSync } from 'node:fs';
import { tickOf } from '../kit/clock-tick.ts';
import type { Blake3 } from '../kit/blake3.ts';
import type { Digest, RawDigest } from '../kit/digest.ts';
import { systemFault, unlessDenied } from '../kit/system-fault.ts';
import { namesIn } from '../kit/temporary.ts';
import { readBad } from './bad-note.ts';
import type { PackedPlace } from './digest-map.ts';
import { DigestMap } from './digest-map.ts';
import type { StoreLayout } from './layout.ts';
import { hexOf, packOfBadFile, packOfFile } from './layout.ts';
import { PackReader, readPackRows } from './pack-file.ts';
import { noteBad } from './write-shared.ts';

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
  /** Hex digests of which a pack holds wrong bytes, as its `.bad` file has them. */
  #bad = new Map<Digest, ReadonlySet<string>>();
  /** The same, as this process found out: a store may be read-only. */
  readonly #found = new Map<Digest, Set<string>>();
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

  /** Looks at what other processes have done to the packs since; `true` when that was anything. */
  refresh(): boolean {
    const stamp = stampOf(this.#layout.packs);
    if (stamp !== '' && stamp === this.#stamp) return false;
    this.#stamp = stamp;
    const files = namesIn(this.#layout.packs).sort();
    const names = new Set(files.flatMap((file) => packOfFile(file) ?? []));
    const bad = this.#readBad(files);
    // A pack that was merged into another is gone, and places in it with it.
    const isOld = [...this.#known].some(
      (name) => !names.has(name) || bad.get(name)?.size !== this.#bad.get(name)?.size,
    );
    this.#bad = bad;
    if (isOld) this.#forget();
    const added = [...names].filter((name) => !this.#known.has(name) && this.#readTable(name));
    return isOld || added.length > 0;
  }

  /** Takes in a pack that this process has sealed, with the rows of its table. */
  add(name: Digest, rows: Buffer): void {
    // It replaces one of the same name, of which perhaps something was wrong.
    this.#found.delete(name);
    if (this.#known.has(name)) {
      this.reload();
      return;
    }
    this.#map.addRows(rows, this.#number(name), this.#badOf(name));
  }

  /** The name of the pack of a place. */
  nameOf({ pack }: PackedPlace): Digest | undefined {
    return this.#names[pack];
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

  /** From now on, and for other processes too, an object counts as absent from the pack of a place. */
  exclude(digest: Digest, { pack }: PackedPlace): void {
    const name = this.#names[pack];
    if (name === undefined) return;
    const found = this.#found.get(name) ?? new Set();
    this.#found.set(name, found.add(hexOf(digest)));
    try {
      noteBad(this.#layout, name, `${hexOf(digest)}\n`);
    } catch (error) {
      if (systemFault(error) === undefined) throw error;
    }
    this.reload();
  }

  /** Looks at all packs anew: one that was known is not there any more, or not the same. */
  reload(): void {
    this.#forget();
    this.#stamp = '';
    this.refresh();
  }

  /** `false` for a pack that is damaged, or not ours to read: what only lies there counts as absent. */
  #readTable(name: Digest): boolean {
    const rows = unlessDenied(() => readPackRows(this.#layout.pack(name), name, this.#blake3));
    if (rows === undefined) return false;
    this.#map.addRows(rows, this.#number(name), this.#badOf(name));
    return true;
  }

  /** Tells of which digests a pack is known to hold wrong bytes; `undefined`: of none. */
  #badOf(name: Digest): ((bytes: Buffer, at: number) => boolean) | undefined {
    const [bad, found] = [this.#bad.get(name), this.#found.get(name)];
    if (bad === undefined && found === undefined) return undefined;
    return (bytes, at) => {
      const hex = bytes.toString('hex', at, at + 32);
      return bad?.has(hex) === true || found?.has(hex) === true;
    };
  }

  #number(name: Digest): number {
    this.#known.add(name);
    return this.#names.push(name) - 1;
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

  #readBad(files: readonly string[]): Map<Digest, ReadonlySet<string>> {
    const bad = new Map<Digest, ReadonlySet<string>>();
    for (const file of files) {
      const name = packOfBadFile(file);
      if (name !== undefined) bad.set(name, readBad(this.#layout, name));
    }
    return bad;
  }
}

/** Changes with each file that comes or goes; empty while the clock may not have moved on since the last one did. */
function stampOf(folder: string): string {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (stat === undefined) return '-';
  return Date.now() > stat.mtimeMs + tickOf(stat.mtimeMs) ? `${String(stat.ino)}:${String(stat.mtimeMs)}` : '';
}
