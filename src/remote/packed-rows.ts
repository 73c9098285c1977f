import type { Digest, RawDigest } from '../kit/digest.ts';
import type { PackedPlace } from '../store/digest-map.ts';
import { ROW } from '../store/pack.ts';
import type { PackTable } from './tables.ts';

/** Rows with the same beginning of their digest that are looked at. More there are only where somebody made them up. */
const LONGEST_PROBE = 512;

/**
 * Finds objects in the tables of packs, by the million: the rows as they are, in one buffer, and a table of row numbers
 * with open addressing. An object may be in several packs.
 */
export class PackedRows {
  /** The packs, without their rows. */
  readonly packs: readonly Omit<PackTable, 'rows'>[];
  readonly #rows: Buffer;
  /** The first row of each pack, and behind them the number of all rows. */
  readonly #starts: Uint32Array;
  readonly #slots: Int32Array;

  constructor(tables: readonly PackTable[]) {
    this.packs = tables.map(({ name, end }) => ({ name, end }));
    this.#rows = Buffer.concat(tables.map(({ rows }) => rows));
    this.#starts = new Uint32Array(tables.length + 1);
    for (const [at, { rows }] of tables.entries()) {
      this.#starts[at + 1] = (this.#starts[at] as number) + rows.length / ROW;
    }
    const { size } = this;
    let slots = 1024;
    while (slots < size * 2) slots *= 2;
    this.#slots = new Int32Array(slots).fill(-1);
    for (let row = 0; row < size; row += 1) this.#place(row);
  }

  /** Number of rows. */
  get size(): number {
    return this.#rows.length / ROW;
  }

  has(digest: RawDigest, at = 0): boolean {
    return this.#next(digest, at, this.#slotOf(digest, at)) >= 0;
  }

  /** The number of the first pack that has an object; -1 when none has it. */
  packOf(digest: RawDigest, at = 0): number {
    const slot = this.#next(digest, at, this.#slotOf(digest, at));
    return slot < 0 ? -1 : this.#packOfRow(this.#slots[slot] as number);
  }

  /** Where an object lies: in the first pack that has it. */
  find(digest: RawDigest, at = 0): PackedPlace | undefined {
    const slot = this.#next(digest, at, this.#slotOf(digest, at));
    return slot < 0 ? undefined : this.#placeOf(this.#slots[slot] as number);
  }

  /** Everywhere that an object lies. */
  findAll(digest: RawDigest, at = 0): PackedPlace[] {
    const found: PackedPlace[] = [];
    const mask = this.#slots.length - 1;
    for (let slot = this.#slotOf(digest, at); ; slot = (slot + 1) & mask) {
      slot = this.#next(digest, at, slot);
      if (slot < 0) return found;
      found.push(this.#placeOf(this.#slots[slot] as number));
    }
  }

  /** The rows of a pack, as they are. */
  rowsOf(pack: number): Buffer {
    return this.#rows.subarray((this.#starts[pack] ?? 0) * ROW, (this.#starts[pack + 1] ?? 0) * ROW);
  }

  /** The same without some packs. */
  without(isLeftOut: (name: Digest) => boolean): PackedRows {
    return new PackedRows(
      this.packs.flatMap((pack, at) => (isLeftOut(pack.name) ? [] : [{ ...pack, rows: this.rowsOf(at) }])),
    );
  }

  #slotOf(digest: RawDigest, at: number): number {
    // A digest is evenly spread already: its first bytes are as good a hash as any.
    return digest.readUInt32LE(at) & (this.#slots.length - 1);
  }

  /** The next slot, from one on, that holds an object; -1 when there is none. */
  #next(digest: RawDigest, at: number, from: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = from, left = LONGEST_PROBE * 2; left > 0; slot = (slot + 1) & mask, left -= 1) {
      const row = this.#slots[slot] as number;
      if (row < 0) return -1;
      if (this.#isAt(row, digest, at)) return slot;
    }
    return -1;
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
    let slot = this.#rows.readUInt32LE(row * ROW) & mask;
    for (let left = LONGEST_PROBE; left > 0; left -= 1) {
      if ((this.#slots[slot] as number) < 0) {
        this.#slots[slot] = row;
        return;
      }
      slot = (slot + 1) & mask;
    }
    // Not listed, then: it is looked for in vain, and sent again.
  }

  #placeOf(row: number): PackedPlace {
    const at = row * ROW + 32;
    const pack = this.#packOfRow(row);
    return { pack, offset: this.#rows.readUInt32LE(at), length: this.#rows.readUInt32LE(at + 4) };
  }

  #packOfRow(row: number): number {
    let [low, high] = [0, this.packs.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] as number) <= row) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
