import type { Stats } from 'node:fs';
import type { Digest, RawDigest } from '../kit/digest.ts';
import { digestOfRaw, rawOfDigest } from '../kit/digest.ts';

/**
 * What is remembered of some entries of a folder, sorted by name: the stat values that each had when it was read, and
 * its digest. Kept as columns in one piece of memory, so that a folder with a million entries is neither parsed nor
 * copied when it is looked at (docs/formats.md, `pipe.index/2`).
 */
export interface Section {
  /** The folder's path, or `''` for files that were looked at by themselves, whose names are whole paths. */
  readonly folder: string;
  readonly last: string;
  readonly names: readonly string[];
  /** The names with a NUL between them. */
  readonly text: string;
  /** The tree of exactly these entries. */
  readonly leaf: SectionLeaf | undefined;
  /** Kind of an entry, see {@link KINDS}. */
  kindOf(row: number): number;
  /** The kind as it is kept, which also says whether the stat values can be relied on. */
  markOf(row: number): number;
  /** One of the numbers that are kept of an entry. */
  statOf(row: number, column: number): number;
  /** Whether a row says the same of the stat values, and whether they can be relied on. */
  isSameRow(row: number, of: Omit<FileRow, 'digest' | 'at'>): boolean;
  /** Whether a file has the stat values that it had when it was read, and was read late enough to rely on them. */
  isUnchanged(row: number, stat: FileRow['stat']): boolean;
  /** The digests of all entries, 32 bytes each. */
  readonly digests: Buffer;
  digestOf(row: number): Digest;
  /** Bytes of a file; of a folder, of all files below. */
  sizeOf(row: number): number;
  /** Number of files below a folder. */
  filesOf(row: number): number;
  /**
   * From now on the files count as unchanged as long as they keep their stat values, where `relies` says so.
   * @param of the rows that it is asked of; all, unless given
   */
  rely(relies: (mtimeMs: number, ctimeMs: number) => boolean, of?: Iterable<number>): void;
  /** The frame's bytes after its head. */
  readonly payload: Buffer;
}

export interface SectionLeaf {
  readonly digest: Digest;
  readonly size: number;
  readonly files: number;
}

/** Kinds of entries by their number in a section. */
export const KINDS = ['file', 'exec', 'link', 'dir'] as const;
export const DIR = 3;

/** Set in the kind of an entry whose stat values can be relied on. */
const RELIABLE = 8;
const STATS = 4;
const HEAD = 72;

/** Collects the entries of a section, in the order of their names. */
export class SectionWriter {
  readonly names: string[] = [];
  #stats = new Float64Array(STATS * 256);
  #kinds = new Uint8Array(256);
  digests = Buffer.allocUnsafe(32 * 256);

  get count(): number {
    return this.names.length;
  }

  /** A file or a symbolic link. `isReliable`: it was read late enough after its last change. */
  addFile(name: string, { kind, stat, digest, at, isReliable }: FileRow): void {
    const row = this.#row(name, digest, at);
    this.#kinds[row] = isReliable ? kind | RELIABLE : kind;
    this.#stats[row * STATS] = stat.mtimeMs;
    this.#stats[row * STATS + 1] = stat.ctimeMs;
    this.#stats[row * STATS + 2] = stat.ino;
    this.#stats[row * STATS + 3] = stat.size;
  }

  addFolder(name: string, { digest, size, files }: SectionLeaf): void {
    const row = this.#row(name, rawOfDigest(digest), 0);
    this.#kinds[row] = DIR;
    this.#stats[row * STATS] = files;
    this.#stats[row * STATS + 1] = 0;
    this.#stats[row * STATS + 2] = 0;
    this.#stats[row * STATS + 3] = size;
  }

  /** An entry as another section has it. */
  addRow(name: string, from: Section, row: number): void {
    const target = this.#row(name, from.digests, row * 32);
    this.#kinds[target] = from.markOf(row);
    for (let column = 0; column < STATS; column += 1) {
      this.#stats[target * STATS + column] = from.statOf(row, column);
    }
  }

  kindOf(row: number): number {
    return (this.#kinds[row] as number) & ~RELIABLE;
  }

  sizeOf(row: number): number {
    return this.#stats[row * STATS + 3] as number;
  }

  filesOf(row: number): number {
    return this.kindOf(row) === DIR ? (this.#stats[row * STATS] as number) : 1;
  }

  digestOf(row: number): Digest {
    return digestOfRaw(this.digests.subarray(row * 32, row * 32 + 32));
  }

  /** The section of what was collected; the writer may be used again after `clear`. */
  end(folder: string, leaf: SectionLeaf | undefined): Section {
    return openSection(this.#encode(folder, leaf));
  }

  /** Says that the section of a folder that ended with `last` is no more. */
  endEmpty(folder: string, last: string): Section {
    return openSection(this.#encode(folder, undefined, last));
  }

  clear(): void {
    this.names.length = 0;
  }

  #row(name: string, digest: RawDigest, at: number): number {
    const row = this.names.length;
    this.names.push(name);
    if (row === this.#kinds.length) this.#grow();
    digest.copy(this.digests, row * 32, at, at + 32);
    return row;
  }

  #grow(): void {
    const [stats, kinds] = [this.#stats, this.#kinds];
    this.#stats = new Float64Array(stats.length * 2);
    this.#stats.set(stats);
    this.#kinds = new Uint8Array(kinds.length * 2);
    this.#kinds.set(kinds);
    this.digests = Buffer.concat([this.digests, Buffer.allocUnsafe(this.digests.length)]);
  }

  #encode(folder: string, leaf: SectionLeaf | undefined, end = this.names.at(-1) ?? ''): Buffer {
    const { count, names } = this;
    const texts = [folder, end, names.join('\0')].map((text) => Buffer.from(text));
    const [key, last, joined] = texts as [Buffer, Buffer, Buffer];
    const textEnd = HEAD + key.length + last.length + joined.length;
    const statsAt = align(textEnd);
    const kindsAt = statsAt + count * STATS * 8;
    const digestsAt = kindsAt + count;
    const payload = Buffer.alloc(align(digestsAt + count * 32));
    [count, key.length, last.length, joined.length, leaf === undefined ? 0 : 1].forEach((value, at) => {
      payload.writeUInt32LE(value, at * 4);
    });
    if (leaf !== undefined) {
      rawOfDigest(leaf.digest).copy(payload, 24);
      payload.writeDoubleLE(leaf.size, 56);
      payload.writeDoubleLE(leaf.files, 64);
    }
    key.copy(payload, HEAD);
    last.copy(payload, HEAD + key.length);
    joined.copy(payload, HEAD + key.length + last.length);
    Buffer.from(this.#stats.buffer, 0, count * STATS * 8).copy(payload, statsAt);
    payload.set(this.#kinds.subarray(0, count), kindsAt);
    this.digests.copy(payload, digestsAt, 0, count * 32);
    return payload;
  }
}

interface FileRow {
  /** See {@link KINDS}. */
  readonly kind: number;
  readonly stat: Pick<Stats, 'mtimeMs' | 'ctimeMs' | 'ino' | 'size'>;
  /** Holds the digest at `at`. */
  readonly digest: Buffer;
  readonly at: number;
  readonly isReliable: boolean;
}

function align(length: number): number {
  return Math.ceil(length / 8) * 8;
}

/** A section whose payload is whole; a wrong one only makes files be read again. */
export function openSection(payload: Buffer): Section {
  const [count, keyLength, lastLength, joinedLength, hasLeaf] = [0, 4, 8, 12, 16].map((at) =>
    payload.readUInt32LE(at),
  ) as [number, number, number, number, number];
  const lastAt = HEAD + keyLength;
  const joinedAt = lastAt + lastLength;
  const statsAt = align(joinedAt + joinedLength);
  const kindsAt = statsAt + count * STATS * 8;
  const digestsAt = kindsAt + count;
  if (digestsAt + count * 32 > payload.length) throw new RangeError('the section is shorter than it says');
  let names: readonly string[] | undefined;
  let stats: Float64Array | undefined;
  const values = (): Float64Array => (stats ??= floats(payload, statsAt, count * STATS));
  return {
    folder: payload.toString('utf8', HEAD, lastAt),
    last: payload.toString('utf8', lastAt, joinedAt),
    get text() {
      return payload.toString('utf8', joinedAt, joinedAt + joinedLength);
    },
    get names() {
      return (names ??= namesOf(this.text, count));
    },
    leaf:
      hasLeaf === 0
        ? undefined
        : {
            digest: digestOfRaw(payload.subarray(24, 56)),
            size: payload.readDoubleLE(56),
            files: payload.readDoubleLE(64),
          },
    kindOf: (row) => (payload[kindsAt + row] as number) & ~RELIABLE,
    markOf: (row) => payload[kindsAt + row] as number,
    statOf: (row, column) => values()[row * STATS + column] as number,
    isSameRow: (row, { kind, stat, isReliable }) =>
      payload[kindsAt + row] === (isReliable ? kind | RELIABLE : kind) && isSameStat(values(), row * STATS, stat),
    isUnchanged: (row, stat) =>
      ((payload[kindsAt + row] as number) & RELIABLE) !== 0 && isSameStat(values(), row * STATS, stat),
    digests: payload.subarray(digestsAt, digestsAt + count * 32),
    digestOf: (row) => digestOfRaw(payload.subarray(digestsAt + row * 32, digestsAt + row * 32 + 32)),
    sizeOf: (row) => values()[row * STATS + 3] as number,
    filesOf: (row) => values()[row * STATS] as number,
    rely(relies, of = Array(count).keys()) {
      const all = values();
      for (const row of of) {
        const [kind, at] = [payload[kindsAt + row] as number, row * STATS];
        if (kind !== DIR && relies(all[at] as number, all[at + 1] as number)) payload[kindsAt + row] = kind | RELIABLE;
      }
    },
    payload,
  };
}

function isSameStat(all: Float64Array, at: number, stat: FileRow['stat']): boolean {
  return (
    all[at] === stat.mtimeMs && all[at + 1] === stat.ctimeMs && all[at + 2] === stat.ino && all[at + 3] === stat.size
  );
}

function namesOf(joined: string, count: number): string[] {
  if (count === 0) return [];
  const names = joined.split('\0');
  return names.length === count ? names : [];
}

/** A view of the numbers where memory allows one, else a copy. */
function floats(payload: Buffer, at: number, count: number): Float64Array {
  const start = payload.byteOffset + at;
  if (start % 8 === 0) return new Float64Array(payload.buffer, start, count);
  return new Float64Array(payload.buffer.slice(start, start + count * 8));
}
