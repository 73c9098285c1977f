import type { Blake3 } from '../kit/blake3.ts';
import type { Digest, RawDigest } from '../kit/digest.ts';
import type { DigestMap } from './digest-map.ts';

/** Objects up to this size are packed when many are stored at once; such files are read in one piece. */
export const PACKED_BYTES = 64 * 1024;

/**
 * The format of packs (docs/formats.md, `pipe.pack/1`): many small objects in one file. Pure: bytes in, bytes out.
 *
 * A pack begins with its header. Each object is a frame: length, digest, bytes. A frame tells by itself whether it is
 * whole, so a pack that was being written can be read up to its torn end. A sealed pack has a table behind its frames,
 * and is named by the digest of that table.
 */
export const PACK_HEADER = Buffer.from('pipe.pack/1\n\0\0\0\0', 'latin1');
const TABLE_MAGIC = Buffer.from('pipe.table/1\n\0\0\0', 'latin1');

/** Bytes before those of an object: their number, and the digest. */
export const FRAME_HEAD = 36;
/** Bytes of a row of the table: digest, offset of the object's bytes, their number. */
export const ROW = 40;
/** Bytes at the very end: magic, number of rows, offset of the table. */
export const FOOTER = 24;

/** No pack is larger; a file that is must have come from somebody else. */
export const LARGEST_PACK = 1 << 30;

/** An object in a pack. */
export interface Frame {
  readonly digest: RawDigest;
  /** Of its bytes, from the beginning of the pack. */
  readonly offset: number;
  readonly length: number;
}

/** Writes what stands before the bytes of an object. */
export function writeFrameHead(target: Buffer, at: number, { digest, length }: Omit<Frame, 'offset'>): void {
  target.writeUInt32LE(length, at);
  digest.copy(target, at + 4, 0, 32);
}

/** The table and the footer of a pack whose frames end at `end`. */
export function tableOf(frames: DigestMap, end: number): Buffer {
  const table = Buffer.allocUnsafe(frames.size * ROW + FOOTER);
  let at = 0;
  for (const frame of frames.entries()) {
    writeRow(table, at, frame);
    at += ROW;
  }
  footerOf(frames.size, end).copy(table, at);
  return table;
}

/** Writes a row of a table. */
export function writeRow(table: Buffer, at: number, { digest, offset, length }: Frame): void {
  digest.copy(table, at, 0, 32);
  table.writeUInt32LE(offset, at + 32);
  table.writeUInt32LE(length, at + 36);
}

/** What stands behind so many rows of a table that begins at `end`. */
export function footerOf(rows: number, end: number): Buffer {
  const footer = Buffer.alloc(FOOTER);
  TABLE_MAGIC.copy(footer);
  footer.writeUInt32LE(rows, 16);
  footer.writeUInt32LE(end, 20);
  return footer;
}

/** Where the table of a pack lies, by its last {@link FOOTER} bytes; `undefined` when they are no footer of it. */
export function tablePlace(footer: Buffer, packSize: number): { offset: number; length: number } | undefined {
  if (packSize > LARGEST_PACK) return undefined;
  if (footer.length !== FOOTER || !footer.subarray(0, 16).equals(TABLE_MAGIC)) return undefined;
  const rows = footer.readUInt32LE(16);
  const offset = footer.readUInt32LE(20);
  const length = rows * ROW + FOOTER;
  return offset >= PACK_HEADER.length && offset + length === packSize ? { offset, length } : undefined;
}

/**
 * Reads a table with its footer. `name` is that of the pack: a table that any byte is wrong of, or that tells of bytes
 * outside the frames, is refused as a whole.
 */
export function readTable(table: Buffer, name: Digest, blake3: Blake3): Frame[] | undefined {
  return isTable(table, name, blake3) ? tableRows(table) : undefined;
}

/** The same, as the rows stand there, without an object for each. */
export function readRows(table: Buffer, name: Digest, blake3: Blake3): Buffer | undefined {
  return isTable(table, name, blake3) ? saneRows(table) : undefined;
}

function isTable(table: Buffer, name: Digest, blake3: Blake3): boolean {
  return table.length >= FOOTER && (table.length - FOOTER) % ROW === 0 && blake3.hash(table) === name;
}

/** What a table with its footer says, which may have been damaged; `undefined` when it makes no sense as a whole. */
export function tableRows(table: Buffer): Frame[] | undefined {
  const rows = saneRows(table);
  if (rows === undefined) return undefined;
  const frames: Frame[] = [];
  for (let at = 0; at < rows.length; at += ROW) {
    frames.push({
      digest: rows.subarray(at, at + 32),
      offset: rows.readUInt32LE(at + 32),
      length: rows.readUInt32LE(at + 36),
    });
  }
  return frames;
}

/** The rows of a table with its footer; `undefined` when one tells of bytes outside the frames. */
function saneRows(table: Buffer): Buffer | undefined {
  const end = table.readUInt32LE(table.length - 4);
  const rows = table.subarray(0, table.length - FOOTER);
  for (let at = 32; at < rows.length; at += ROW) {
    const offset = rows.readUInt32LE(at);
    if (offset < PACK_HEADER.length + FRAME_HEAD || offset + rows.readUInt32LE(at + 4) > end) return undefined;
  }
  return rows;
}

/** The whole frames at the beginning of a pack, each checked against its digest, and where the last one ends. */
export function scanFrames(pack: Buffer, blake3: Blake3): { frames: Frame[]; end: number } {
  const frames: Frame[] = [];
  if (!pack.subarray(0, PACK_HEADER.length).equals(PACK_HEADER)) return { frames, end: 0 };
  let at = PACK_HEADER.length;
  while (at + FRAME_HEAD <= pack.length) {
    const length = pack.readUInt32LE(at);
    const digest = pack.subarray(at + 4, at + FRAME_HEAD);
    const offset = at + FRAME_HEAD;
    if (offset + length > pack.length) break;
    if (!blake3.raw(pack.subarray(offset, offset + length)).equals(digest)) break;
    frames.push({ digest, offset, length });
    at = offset + length;
  }
  return { frames, end: at };
}
