import type { RawDigest } from '../kit/digest.ts';
import { FRAME_HEAD, PACK_HEADER, ROW } from '../store/pack.ts';

/** An object in a piece of a pack. */
export interface PieceObject {
  readonly digest: RawDigest;
  /** In the pack. */
  readonly offset: number;
  readonly length: number;
}

/** Bytes of a pack that are read at once, and the objects in them that are wanted, in order. */
export interface PackPiece {
  readonly offset: number;
  readonly length: number;
  readonly objects: readonly PieceObject[];
}

/** Frames of a pack, one behind the other, that are read at once. */
export interface WholePiece {
  /** Where the head of the first one begins. */
  readonly offset: number;
  readonly length: number;
  /** Their rows, in order. */
  readonly rows: Buffer;
}

export interface PieceOptions {
  /** Whether the object is wanted whose digest lies at `at` of some bytes. */
  readonly isWanted: (rows: Buffer, at: number) => boolean;
  /** Bytes between two wanted objects that are rather read than asked past. */
  readonly gap: number;
  /** No piece is larger, but for one of a single object. */
  readonly most: number;
}

/**
 * Cuts what is wanted of a pack into pieces. Objects that overlap, as only a stranger's table would have it, come in
 * pieces of their own.
 * @param rows those of the pack's table
 */
export function* piecesOf(rows: Buffer, { isWanted, gap, most }: PieceOptions): Generator<PackPiece> {
  let objects: PieceObject[] = [];
  let [start, end] = [0, 0];
  const sorted = inOrder(rows);
  for (let at = 0; at < sorted.length; at += ROW) {
    if (!isWanted(sorted, at)) continue;
    const object = objectAt(sorted, at);
    const last = object.offset + object.length;
    const isNext = object.offset >= end && object.offset - end <= gap + FRAME_HEAD && last - start <= most;
    if (objects.length > 0 && !isNext) {
      yield { offset: start, length: end - start, objects };
      objects = [];
    }
    if (objects.length === 0) start = object.offset;
    objects.push(object);
    end = last;
  }
  if (objects.length > 0) yield { offset: start, length: end - start, objects };
}

/**
 * Cuts all frames of a pack into pieces, each with the heads of its frames; `undefined` when there are gaps between the
 * frames, or before the table.
 * @param end where the table begins
 */
export function wholePieces(rows: Buffer, end: number, most: number): WholePiece[] | undefined {
  const pieces: WholePiece[] = [];
  const sorted = inOrder(rows);
  let [first, start] = [0, PACK_HEADER.length];
  let at: number = start;
  for (let row = 0; row < sorted.length; row += ROW) {
    if (sorted.readUInt32LE(row + 32) !== at + FRAME_HEAD) return undefined;
    const last = at + FRAME_HEAD + sorted.readUInt32LE(row + 36);
    if (row > first && last - start > most) {
      pieces.push({ offset: start, length: at - start, rows: sorted.subarray(first, row) });
      [first, start] = [row, at];
    }
    at = last;
  }
  if (sorted.length > first) pieces.push({ offset: start, length: at - start, rows: sorted.subarray(first) });
  return at === end ? pieces : undefined;
}

/** An object by its row, which stands at `at`. */
export function objectAt(rows: Buffer, at: number): PieceObject {
  const digest = rows.subarray(at, at + 32);
  return { digest, offset: rows.readUInt32LE(at + 32), length: rows.readUInt32LE(at + 36) };
}

/** Rows in the order in which their objects lie. Writers put them in this order. */
function inOrder(rows: Buffer): Buffer {
  let last = 0;
  let isSorted = true;
  for (let at = 32; at < rows.length && isSorted; at += ROW) {
    const offset = rows.readUInt32LE(at);
    isSorted = offset >= last;
    last = offset;
  }
  if (isSorted) return rows;
  const order = Uint32Array.from({ length: rows.length / ROW }, (_, row) => row * ROW);
  order.sort((a, b) => rows.readUInt32LE(a + 32) - rows.readUInt32LE(b + 32));
  const sorted = Buffer.allocUnsafe(rows.length);
  order.forEach((at, row) => rows.copy(sorted, row * ROW, at, at + ROW));
  return sorted;
}
