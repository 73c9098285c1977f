import type { Blake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { digestOfRaw, rawOfDigest } from '../kit/digest.ts';
import type { Frame } from '../store/pack.ts';
import { FOOTER, FRAME_HEAD, PACK_HEADER, ROW, footerOf, tablePlace } from '../store/pack.ts';

/**
 * The format of table files (docs/formats.md, `pipe.tables/1`): the tables of many packs in one file. Pure: bytes in,
 * bytes out. Nothing in such a file needs to be trusted: rows and the footer that follows hash to the name of the pack.
 */
const HEADER = Buffer.from('pipe.tables/1\n\0\0', 'latin1');

/** Bytes per pack in front of the rows: name, number of rows, offset of the table in the pack. */
const HEAD = 40;

/** Bytes at the beginning of a file that say how many packs it tells of. */
export const TABLES_START = HEADER.length + 4;

/** No file tells of more packs than this. */
const MOST_PACKS = 1 << 20;

/** What a pack's table says of it. */
export interface PackTable {
  readonly name: Digest;
  /** Where the table begins in the pack, which is where its frames end. */
  readonly end: number;
  /** The rows as they are in the pack, {@link ROW} bytes each. */
  readonly rows: Buffer;
}

/** Bytes of the pack that a table is of. */
export function packSize({ end, rows }: Pick<PackTable, 'end' | 'rows'>): number {
  return end + rows.length + FOOTER;
}

/** Bytes of a file that holds these tables. */
export function encodedSize(tables: readonly PackTable[]): number {
  return tables.reduce((sum, { rows }) => sum + HEAD + rows.length, TABLES_START);
}

/** The pieces of a file that holds these tables. */
export function encodeTables(tables: readonly PackTable[]): Buffer[] {
  const head = Buffer.alloc(HEADER.length + 4 + tables.length * HEAD);
  HEADER.copy(head);
  head.writeUInt32LE(tables.length, HEADER.length);
  let at = HEADER.length + 4;
  for (const { name, rows, end } of tables) {
    rawOfDigest(name).copy(head, at);
    head.writeUInt32LE(rows.length / ROW, at + 32);
    head.writeUInt32LE(end, at + 36);
    at += HEAD;
  }
  return [head, ...tables.map(({ rows }) => rows)];
}

/** The tables in a file that anybody may have written, as far as they are right; none where it is no such file. */
export function decodeTables(bytes: Buffer, blake3: Blake3): PackTable[] {
  const count = headCount(bytes);
  const found: PackTable[] = [];
  let at = HEADER.length + 4 + count * HEAD;
  for (let row = 0; row < count; row += 1) {
    const head = HEADER.length + 4 + row * HEAD;
    const length = bytes.readUInt32LE(head + 32) * ROW;
    if (at + length > bytes.length) return found;
    const name = digestOfRaw(bytes.subarray(head, head + 32));
    const table = { name, end: bytes.readUInt32LE(head + 36), rows: bytes.subarray(at, at + length) };
    if (isTableOf(table, blake3)) found.push(table);
    at += length;
  }
  return found;
}

/**
 * Bytes of the heads of all packs, at the beginning of a file.
 * @param start the first {@link TABLES_START} bytes
 * @param size of the file
 * @returns `undefined` where it is no such file
 */
export function headsSize(start: Buffer, size: number): number | undefined {
  if (start.length < TABLES_START || !start.subarray(0, HEADER.length).equals(HEADER)) return undefined;
  const count = start.readUInt32LE(HEADER.length);
  const length = TABLES_START + count * HEAD;
  return count <= MOST_PACKS && length <= size ? length : undefined;
}

/** Whether the heads of a file tell of just so many rows as it has. */
export function fitsHeads(heads: Buffer, size: number): boolean {
  let all = heads.length;
  for (let head = TABLES_START; head < heads.length; head += HEAD) all += heads.readUInt32LE(head + 32) * ROW;
  return all === size;
}

/** How many packs a file tells of, as far as it is long enough for their heads. */
function headCount(bytes: Buffer): number {
  const start = HEADER.length + 4;
  if (bytes.length < start || !bytes.subarray(0, HEADER.length).equals(HEADER)) return 0;
  return Math.min(bytes.readUInt32LE(HEADER.length), Math.floor((bytes.length - start) / HEAD));
}

/** Whether rows are those that the name of their pack stands for, and tell of nothing outside its frames. */
function isTableOf({ name, end, rows }: PackTable, blake3: Blake3): boolean {
  const hasher = blake3.hasher();
  hasher.update(rows);
  hasher.update(footerOf(rows.length / ROW, end));
  if (hasher.digest() !== name) return false;
  for (let at = 0; at < rows.length; at += ROW) {
    const offset = rows.readUInt32LE(at + 32);
    if (offset < PACK_HEADER.length + FRAME_HEAD || offset + rows.readUInt32LE(at + 36) > end) return false;
  }
  return true;
}

/**
 * The table at the end of a pack.
 * @param tail the last bytes of the pack
 * @param size bytes of the pack
 * @returns how many bytes the tail must have when these are too few; `undefined` when there is no right table
 */
export function tableInTail(
  tail: Buffer,
  { name, size }: { readonly name: Digest; readonly size: number },
  blake3: Blake3,
): PackTable | number | undefined {
  if (tail.length < FOOTER || tail.length > size) return undefined;
  const place = tablePlace(tail.subarray(tail.length - FOOTER), size);
  if (place === undefined) return undefined;
  if (place.length > tail.length) return place.length;
  const rows = tail.subarray(tail.length - place.length, tail.length - FOOTER);
  const table = { name, end: place.offset, rows };
  return isTableOf(table, blake3) ? table : undefined;
}

/** The objects of a pack, in the order of its table. */
export function* rowsOf({ rows }: Pick<PackTable, 'rows'>): Generator<Frame> {
  for (let at = 0; at < rows.length; at += ROW) {
    const digest = rows.subarray(at, at + 32);
    yield { digest, offset: rows.readUInt32LE(at + 32), length: rows.readUInt32LE(at + 36) };
  }
}
