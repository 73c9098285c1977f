import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Blake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import type { Frame } from './pack.ts';
import { FOOTER, FRAME_HEAD, readRows, readTable, tablePlace } from './pack.ts';

/** Objects in a row are read by one call. */
const WINDOW = 1 << 20;

/** What is read where nothing says that the objects behind are wanted, too. */
const FIRST_WINDOW = 1 << 16;

/** What the table of a pack file says; `undefined` when it is not there or not whole. */
export function readPackTable(file: string, name: Digest, blake3: Blake3): Frame[] | undefined {
  const table = packTable(file);
  return table && readTable(table, name, blake3);
}

/** The rows of the table of a pack file, as they stand there; `undefined` when it is not there or not whole. */
export function readPackRows(file: string, name: Digest, blake3: Blake3): Buffer | undefined {
  const table = packTable(file);
  return table && readRows(table, name, blake3);
}

/** What lies where the table of a pack file should, not checked. */
function packTable(file: string): Buffer | undefined {
  const fd = openPack(file);
  if (fd === undefined) return undefined;
  try {
    const { size } = fstatSync(fd);
    const place = size < FOOTER ? undefined : tablePlace(readAt(fd, size - FOOTER, FOOTER), size);
    return place === undefined ? undefined : readAt(fd, place.offset, place.length);
  } finally {
    closeSync(fd);
  }
}

/** Reads objects that lie behind one another by large pieces. */
export class PackReader {
  readonly #fd: number;
  #window: Buffer<ArrayBuffer> = Buffer.alloc(0);
  #start = 0;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** `undefined` when the pack is not there. */
  static open(file: string): PackReader | undefined {
    const fd = openPack(file);
    return fd === undefined ? undefined : new PackReader(fd);
  }

  /** Some bytes of the pack; `undefined` when it ends before. */
  read(offset: number, length: number): Buffer | undefined {
    const end = this.#start + this.#window.length;
    if (offset < this.#start || offset + length > end) {
      const isNext = offset >= this.#start && offset <= end + FRAME_HEAD;
      this.#window = readAt(this.#fd, offset, Math.max(length, isNext ? WINDOW : FIRST_WINDOW));
      this.#start = offset;
    }
    const at = offset - this.#start;
    return at + length > this.#window.length ? undefined : this.#window.subarray(at, at + length);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** `undefined` when it is not there. Without waiting for the other end of a named pipe; only plain files are packs. */
export function openPack(file: string): number | undefined {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  return undefined;
}

/** The bytes at a place of an open file; fewer where it ends before. */
export function readAt(fd: number, offset: number, length: number): Buffer<ArrayBuffer> {
  const buffer = Buffer.allocUnsafe(length);
  let read = 0;
  while (read < length) {
    const count = readSync(fd, buffer, read, length - read, offset + read);
    if (count === 0) break;
    read += count;
  }
  return buffer.subarray(0, read);
}
