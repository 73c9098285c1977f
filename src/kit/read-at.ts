import { readSync } from 'node:fs';

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
