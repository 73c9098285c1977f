import { closeSync, openSync, readSync } from 'node:fs';

/** Objects in a row are read by one call. */
const WINDOW = 1 << 20;

/** Reads objects that lie behind one another by large pieces. */
export class PackReader {
  readonly #fd: number;
  #window: Buffer<ArrayBuffer> = Buffer.alloc(0);
  #start = 0;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** `undefined` when there is no such file. */
  static open(file: string): PackReader | undefined {
    try {
      return new PackReader(openSync(file, 'r'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** The bytes of an object, valid until the next call; `undefined` behind the end of the file. */
  read(offset: number, length: number): Buffer | undefined {
    if (offset < this.#start || offset + length > this.#start + this.#window.length) {
      this.#window = readAt(this.#fd, offset, Math.max(length, WINDOW));
      this.#start = offset;
    }
    const at = offset - this.#start;
    return at + length > this.#window.length ? undefined : this.#window.subarray(at, at + length);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** The bytes of a file from `offset` on; fewer where it ends before. */
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
