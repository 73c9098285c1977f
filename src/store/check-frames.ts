import { closeSync } from 'node:fs';
import type { Blake3 } from '../kit/blake3.ts';
import { FRAME_HEAD, ROW, writeFrameHead } from './pack.ts';
import { openPack, readAt } from './pack-file.ts';

/** Frames, one behind the other, of a pack file that does not count yet: a job that helper threads do, too. */
export interface CheckFramesInput {
  /** Absolute. */
  readonly file: string;
  /** Where the head of the first frame begins. */
  readonly offset: number;
  /** Bytes of all of them. */
  readonly length: number;
  /** Their rows of the table, in their order. */
  readonly rows: Uint8Array;
}

/** What is wrong with frames. */
export interface CheckFramesOutput {
  /** The numbers of the rows whose objects are not right, or not there. */
  readonly wrong: Uint32Array;
  /** Whether what stands before an object is not right. */
  readonly hasWrongHead: boolean;
}

/**
 * Checks frames against their rows: every object against its digest, and what stands before it. Bytes are read from the
 * file that is going to count, so that what is checked is what was written.
 */
export function checkFrames(
  { file, offset, length, rows: given }: CheckFramesInput,
  blake3: Blake3,
): CheckFramesOutput {
  const rows = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  const bytes = readPart(file, offset, length);
  const head = Buffer.alloc(FRAME_HEAD);
  const wrong: number[] = [];
  let hasWrongHead = false;
  for (let row = 0; row < rows.length; row += ROW) {
    const digest = rows.subarray(row, row + 32);
    const at = rows.readUInt32LE(row + 32) - offset;
    const end = at + rows.readUInt32LE(row + 36);
    writeFrameHead(head, 0, { digest, length: end - at });
    if (end > bytes.length || bytes.compare(head, 0, FRAME_HEAD, at - FRAME_HEAD, at) !== 0) hasWrongHead = true;
    if (end > bytes.length || !blake3.raw(bytes.subarray(at, end)).equals(digest)) wrong.push(row / ROW);
  }
  return { wrong: Uint32Array.from(wrong), hasWrongHead };
}

/** Fewer bytes where the file ends before, or is not there. */
function readPart(file: string, offset: number, length: number): Buffer {
  const fd = openPack(file);
  if (fd === undefined) return Buffer.alloc(0);
  try {
    return readAt(fd, offset, length);
  } finally {
    closeSync(fd);
  }
}
