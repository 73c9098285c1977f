import type { RawDigest } from '../kit/digest.ts';

/** Where a packed object lies: which pack, and the place and length of its bytes in it. */
export interface PackedPlace {
  readonly pack: number;
  readonly offset: number;
  readonly length: number;
}

/** The place of an object of which only the digest matters. */
export const NOWHERE: PackedPlace = { pack: 0, offset: 0, length: 0 };

/** Bytes of a row: digest, offset, length. Rows are as they stand in the tables of packs. */
const ROW = 40;

/**
 * A map from digests to places that holds millions: one buffer of rows and a table of row numbers with open addressing,
 * where a `Map` of texts would take three times the memory. The first digest that is set for an object stays.
 */
export class DigestMap {
  #rows = Buffer.allocUnsafe(ROW * 1024);
  /** The pack of each row. */
  #packs = new Uint32Array(1024);
  #slots = new Int32Array(4096).fill(-1);
  #count = 0;

  get size(): number {
    return this.#count;
  }

  has(digest: RawDigest, at = 0): boolean {
    return this.#row(digest, at) >= 0;
  }

  find(digest: RawDigest, at = 0): PackedPlace | undefined {
    const row = this.#row(digest, at);
    return row < 0 ? undefined : this.#placeOf(row);
  }

  /** Adds an object, `digest` lying at `at`; one that is there already is left as it is, and `false` comes back. */
  add(digest: RawDigest, at: number, { pack, offset, length }: PackedPlace): boolean {
    if (this.#row(digest, at) >= 0) return false;
    this.#makeRoom(1);
    const start = this.#count * ROW;
    digest.copy(this.#rows, start, at, at + 32);
    this.#rows.writeUInt32LE(offset, start + 32);
    this.#rows.writeUInt32LE(length, start + 36);
    this.#packs[this.#count] = pack;
    this.#place(this.#count);
    this.#count += 1;
    return true;
  }

  /**
   * Adds the objects of a pack by the rows of its table; those that are there already are left as they are, and so is
   * what `isBad` tells of by the digest at `at`.
   */
  addRows(rows: Buffer, pack: number, isBad?: (rows: Buffer, at: number) => boolean): void {
    this.reserve(rows.length / ROW);
    const start = this.#count * ROW;
    // All at once behind the last row, where those stay that are new; what follows one that is not moves up.
    rows.copy(this.#rows, start);
    for (let from = 0; from < rows.length; from += ROW) {
      if (isBad?.(rows, from) === true) continue;
      const to = this.#count * ROW;
      if (to !== start + from) this.#rows.copyWithin(to, start + from, start + from + ROW);
      if (!this.#placeIfNew(this.#count)) continue;
      this.#packs[this.#count] = pack;
      this.#count += 1;
    }
  }

  /** Every object, in the order in which they were added. */
  *entries(): Generator<PackedPlace & { readonly digest: RawDigest }> {
    for (let row = 0; row < this.#count; row += 1) {
      yield { digest: this.#rows.subarray(row * ROW, row * ROW + 32), ...this.#placeOf(row) };
    }
  }

  /**
   * Shows every object, in the order in which they were added, to those who look at millions: its digest lies at `at` of
   * some bytes, and `place` is another one at the next call. Nothing is added meanwhile.
   */
  each(use: (bytes: Buffer, at: number, place: PackedPlace) => void): void {
    const place = { pack: 0, offset: 0, length: 0 };
    for (let row = 0; row < this.#count; row += 1) {
      const at = row * ROW;
      place.pack = this.#packs[row] as number;
      place.offset = wordAt(this.#rows, at + 32);
      place.length = wordAt(this.#rows, at + 36);
      use(this.#rows, at, place);
    }
  }

  /** Makes room for so many more objects at once. */
  reserve(more: number): void {
    const rows = this.#count + more;
    if (rows > this.#packs.length) {
      const count = Math.max(rows, this.#packs.length * 2);
      const larger = Buffer.allocUnsafe(count * ROW);
      this.#rows.copy(larger, 0, 0, this.#count * ROW);
      this.#rows = larger;
      const packs = new Uint32Array(count);
      packs.set(this.#packs.subarray(0, this.#count));
      this.#packs = packs;
    }
    let slots = this.#slots.length;
    while (rows * 2 > slots) slots *= 2;
    if (slots === this.#slots.length) return;
    this.#slots = new Int32Array(slots).fill(-1);
    for (let row = 0; row < this.#count; row += 1) this.#place(row);
  }

  #makeRoom(more: number): void {
    const rows = this.#count + more;
    if (rows * 2 > this.#slots.length || rows > this.#packs.length) this.reserve(more);
  }

  #placeOf(row: number): PackedPlace {
    const at = row * ROW + 32;
    const pack = this.#packs[row] as number;
    return { pack, offset: wordAt(this.#rows, at), length: wordAt(this.#rows, at + 4) };
  }

  #row(digest: RawDigest, at: number): number {
    const mask = this.#slots.length - 1;
    // A digest is evenly spread already: its first bytes are as good a hash as any.
    for (let slot = wordAt(digest, at) & mask; ; slot = (slot + 1) & mask) {
      const row = this.#slots[slot] as number;
      if (row < 0 || this.#isAt(row, digest, at)) return row;
    }
  }

  /** Whether a row is that of the digest at `at`. Byte by byte: Node.js takes longer to call its own comparison. */
  #isAt(row: number, digest: Buffer, at: number): boolean {
    const rows = this.#rows;
    const start = row * ROW;
    for (let byte = 0; byte < 32; byte += 1) if (rows[start + byte] !== digest[at + byte]) return false;
    return true;
  }

  #place(row: number): void {
    const mask = this.#slots.length - 1;
    let slot = wordAt(this.#rows, row * ROW) & mask;
    while ((this.#slots[slot] as number) >= 0) slot = (slot + 1) & mask;
    this.#slots[slot] = row;
  }

  #placeIfNew(row: number): boolean {
    const mask = this.#slots.length - 1;
    let slot = wordAt(this.#rows, row * ROW) & mask;
    for (; (this.#slots[slot] as number) >= 0; slot = (slot + 1) & mask) {
      if (this.#isAt(this.#slots[slot] as number, this.#rows, row * ROW)) return false;
    }
    this.#slots[slot] = row;
    return true;
  }
}

/** 32 bits, little endian, without a sign. */
function wordAt(bytes: Buffer, at: number): number {
  const [a, b, c, d] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]] as [number, number, number, number];
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
}
