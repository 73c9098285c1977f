import { closeSync, constants, openSync, readSync, rmSync } from 'node:fs';
import { copyFile, open } from 'node:fs/promises';
import type { Blake3 } from '../kit/blake3.ts';
import { eachChunk } from '../kit/chunks.ts';
import type { Digest } from '../kit/digest.ts';

/** Clones the file where the disk shares blocks; `false` where it can't. */
export async function reflink(source: string, target: string): Promise<boolean> {
  try {
    await copyFile(source, target, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOENT' || code === 'ENOSPC' || code === 'EACCES') throw error;
    rmSync(target, { force: true });
    return false;
  }
}

/** Copies a file, showing each piece on its way. */
export async function copyThrough(
  source: string,
  { target, see, signal }: { target: string; see: (chunk: Buffer) => void; signal: AbortSignal | undefined },
): Promise<void> {
  const handle = await open(target, 'wx', 0o600);
  try {
    const copy = async (chunk: Buffer): Promise<void> => {
      see(chunk);
      await handle.writeFile(chunk);
    };
    await eachChunk(source, copy, signal);
  } finally {
    await handle.close();
  }
}

/** The digest of a file, read without waiting for anything. */
export function hashFileNow(path: string, blake3: Blake3): Digest {
  const hasher = blake3.hasher();
  const buffer = Buffer.allocUnsafe(1 << 20);
  const fd = openSync(path, 'r');
  try {
    for (let length = -1; length !== 0;) {
      length = readSync(fd, buffer);
      hasher.update(buffer.subarray(0, length));
    }
    return hasher.digest();
  } finally {
    closeSync(fd);
  }
}
