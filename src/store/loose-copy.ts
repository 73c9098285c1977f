import { closeSync, fdatasyncSync, openSync, rmSync } from 'node:fs';
import type { Blake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { copyNow } from './copy.ts';
import { mark } from './store-file.ts';

/**
 * Copies a file that is not large to `copy`, which is not there yet, as a loose object is: nobody's to write to, marked, and
 * on the disk. Waits for nothing but the disk.
 * @returns the digest of the bytes that were copied
 * @throws what the system says; there is no copy then
 */
export function copyDurably(file: string, copy: string, blake3: Blake3): Digest {
  const hasher = blake3.hasher();
  try {
    copyNow(file, copy, (chunk) => { hasher.update(chunk); }); // prettier-ignore
    const digest = hasher.digest();
    const fd = openSync(copy, 'r+');
    try {
      mark(fd, digest);
      fdatasyncSync(fd);
    } finally {
      closeSync(fd);
    }
    return digest;
  } catch (error) {
    rmSync(copy, { force: true });
    throw error;
  }
}
