import type { Blake3 } from '../kit/blake3.ts';
import type { RawDigest } from '../kit/digest.ts';
import { FOOTER, FRAME_HEAD, PACK_HEADER, ROW, footerOf, writeFrameHead, writeRow } from '../store/pack.ts';
import type { PackTable } from './tables.ts';
import { packSize } from './tables.ts';

/** A pack of a remote is full when it has grown to this; the last object may take it beyond. */
const FULL = 32 << 20;

/** Lays out packs: which objects, in which order. Their bytes are not needed for it, and their names are known then. */
export class PackPlanner {
  readonly #blake3: Blake3;
  #rows = Buffer.allocUnsafe(ROW * 256);
  #used = 0;
  #end = PACK_HEADER.length;

  constructor(blake3: Blake3) {
    this.#blake3 = blake3;
  }

  /** Adds an object; the pack that is full with it, if it is. */
  add(digest: RawDigest, length: number): PackTable | undefined {
    if (this.#used === this.#rows.length) this.#rows = Buffer.concat([this.#rows], this.#rows.length * 2);
    const offset = this.#end + FRAME_HEAD;
    writeRow(this.#rows, this.#used, { digest, offset, length });
    this.#used += ROW;
    this.#end = offset + length;
    return this.#end >= FULL ? this.end() : undefined;
  }

  /** The pack with what was added since the last one; `undefined` when nothing was. */
  end(): PackTable | undefined {
    if (this.#used === 0) return undefined;
    const rows = Buffer.from(this.#rows.subarray(0, this.#used));
    const end = this.#end;
    [this.#used, this.#end] = [0, PACK_HEADER.length];
    return { name: this.#blake3.hash(Buffer.concat([rows, footerOf(rows.length / ROW, end)])), end, rows };
  }
}

/**
 * The bytes of a pack with these objects.
 * @param read the bytes of an object, checked; `undefined` when it cannot be had
 * @returns the pack, or the objects that cannot be had
 */
export function packImage(
  { rows, end }: PackTable,
  read: (digest: RawDigest, length: number) => Buffer | undefined,
): { readonly pack: Buffer } | { readonly lost: readonly RawDigest[] } {
  const pack = Buffer.allocUnsafe(packSize({ rows, end }));
  const lost: RawDigest[] = [];
  PACK_HEADER.copy(pack);
  for (let at = 0; at < rows.length; at += ROW) {
    const digest = rows.subarray(at, at + 32);
    const [offset, length] = [rows.readUInt32LE(at + 32), rows.readUInt32LE(at + 36)];
    const bytes = read(digest, length);
    if (bytes?.length !== length) {
      lost.push(digest);
      continue;
    }
    writeFrameHead(pack, offset - FRAME_HEAD, { digest, length });
    bytes.copy(pack, offset);
  }
  if (lost.length > 0) return { lost };
  rows.copy(pack, end);
  footerOf(rows.length / ROW, end).copy(pack, end + rows.length);
  return { pack };
}

/** Whether every byte of a pack is what its table says, and the table is that one. */
export function isPackOf(pack: Buffer, { rows, end }: PackTable, blake3: Blake3): boolean {
  if (pack.length !== packSize({ rows, end }) || !isGapless(rows, end)) return false;
  if (pack.compare(PACK_HEADER, 0, PACK_HEADER.length, 0, PACK_HEADER.length) !== 0) return false;
  if (!pack.subarray(end, end + rows.length).equals(rows)) return false;
  if (!pack.subarray(pack.length - FOOTER).equals(footerOf(rows.length / ROW, end))) return false;
  for (let at = 0; at < rows.length; at += ROW) {
    const [offset, length] = [rows.readUInt32LE(at + 32), rows.readUInt32LE(at + 36)];
    if (pack.readUInt32LE(offset - FRAME_HEAD) !== length) return false;
    if (pack.compare(rows, at, at + 32, offset - 32, offset) !== 0) return false;
    if (blake3.raw(pack.subarray(offset, offset + length)).compare(rows, at, at + 32) !== 0) return false;
  }
  return true;
}

/** Whether the frames of a pack lie in the order of its rows, without a gap, up to the table. */
export function isGapless(rows: Buffer, end: number): boolean {
  let last = PACK_HEADER.length;
  for (let at = 0; at < rows.length; at += ROW) {
    const offset = rows.readUInt32LE(at + 32);
    if (offset !== last + FRAME_HEAD) return false;
    last = offset + rows.readUInt32LE(at + 36);
  }
  return last === end;
}
