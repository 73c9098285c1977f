import type { RawDigest } from '../kit/digest.ts';

/** Where a packed object lies: which pack, and the place and length of its bytes in it. */
export interface PackedPlace {
  readonly pack: number;
  readonly offset: number;
  readonly length: number;
}

/** Bytes of a row: digest, pack, offset, length. */
const ROW = 44;

/**
 * A map from digests to places that holds millions: one buffer of rows and a table of row numbers with open addressing,
 * where a `Map` of texts would take three times the memory. The first digest that is set for an object stays.
 */
export class DigestMap {
  #rows = Buffer.allocUnsafe(ROW * 1024);
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
    if (row < 0) return undefined;
    const start = row * ROW + 32;
    return {
      pack: this.#rows.readUInt32LE(start),
      offset: this.#rows.readUInt32LE(start + 4),
      length: this.#rows.readUInt32LE(start + 8),
    };
  }

  /** Adds an object, `digest` lying at `at`; one that is there already is left as it is, and `false` comes back. */
  add(digest: RawDigest, at: number, { pack, offset, length }: PackedPlace): boolean {
    if (this.#row(digest, at) >= 0) return false;
    if ((this.#count + 1) * 2 > this.#slots.length || (this.#count + 1) * ROW > this.#rows.length) this.reserve(1);
    const start = this.#count * ROW;
    digest.copy(this.#rows, start, at, at + 32);
    this.#rows.writeUInt32LE(pack, start + 32);
    this.#rows.writeUInt32LE(offset, start + 36);
    this.#rows.writeUInt32LE(length, start + 40);
    this.#place(this.#count);
    this.#count += 1;
    return true;
  }

  /** Every object, in the order in which they were added. */
  *entries(): Generator<PackedPlace & { readonly digest: RawDigest }> {
    for (let row = 0; row < this.#count; row += 1) {
      const start = row * ROW;
      const digest = this.#rows.subarray(start, start + 32);
      yield { digest, ...(this.find(digest) as PackedPlace) };
    }
  }

  /**
   * Shows every object, in the order in which they were added, to those who look at millions: the digest lies at `at` of
   * `rows`, then pack, offset and length as numbers of 32 bits. Nothing is added meanwhile.
   */
  each(use: (rows: Buffer, at: number) => void): void {
    for (let row = 0; row < this.#count; row += 1) use(this.#rows, row * ROW);
  }

  /** Makes room for so many more objects at once. */
  reserve(more: number): void {
    const rows = (this.#count + more) * ROW;
    if (rows > this.#rows.length) {
      const larger = Buffer.allocUnsafe(Math.max(rows, this.#rows.length * 2));
      this.#rows.copy(larger, 0, 0, this.#count * ROW);
      this.#rows = larger;
    }
    let slots = this.#slots.length;
    while ((this.#count + more) * 2 > slots) slots *= 2;
    if (slots === this.#slots.length) return;
    this.#slots = new Int32Array(slots).fill(-1);
    for (let row = 0; row < this.#count; row += 1) this.#place(row);
  }

  #row(digest: RawDigest, at: number): number {
    const mask = this.#slots.length - 1;
    // A digest is evenly spread already: its first bytes are as good a hash as any.
    for (let slot = digest.readUInt32LE(at) & mask; ; slot = (slot + 1) & mask) {
      const row = this.#slots[slot] as number;
      if (row < 0) return -1;
      if (this.#rows.compare(digest, at, at + 32, row * ROW, row * ROW + 32) === 0) return row;
    }
  }

  #place(row: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#rows.readUInt32LE(row * ROW) & mask;
    while ((this.#slots[slot] as number) >= 0) slot = (slot + 1) & mask;
    this.#slots[slot] = row;
  }
}
