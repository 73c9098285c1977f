import { closeSync, fchmodSync, fdatasyncSync, fstatSync, futimesSync, openSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Digest } from '../kit/digest.ts';
import { markedTime } from './object-mark.ts';

const READ_ONLY = 0o444;

/** Makes the bytes of a new object safe from a crash, nobody's to write to, and marked as left alone. */
export async function makeDurable(file: string, digest: Digest): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    mark(handle.fd, digest);
    await handle.datasync();
  } catch (error) {
    // Of a file that is open the system names nothing.
    throw Object.assign(error as Error, { path: file });
  } finally {
    await handle.close();
  }
}

/** Makes an open file, which has the bytes of an object, nobody's to write to, and marks it as left alone. */
export function mark(fd: number, digest: Digest): void {
  const now = Date.now();
  fchmodSync(fd, READ_ONLY);
  futimesSync(fd, now / 1000, markedTime(digest, now));
}

/** The bytes of a file that is small as a rule; `undefined` when there is none, or a folder. */
export function readFileIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EISDIR') return undefined;
    throw error;
  }
}

/** The bytes of an object; `undefined` when there is none, or it has more than `most` or fit into memory at once. */
export function readBytesIfThere(path: string, most: number): Buffer | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    return fstatSync(fd).size > most ? undefined : readFileSync(fd);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Nobody but a stranger's tree asks for gigabytes at once.
    if (code === 'ENOENT' || code === 'ERR_FS_FILE_TOO_LARGE') return undefined;
    // Of a file that is open the system names nothing.
    throw Object.assign(error as Error, { path });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Makes what was renamed into a folder durable. Not every file system lets folders be synced. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fdatasyncSync(fd);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EINVAL' && code !== 'ENOTSUP' && code !== 'EPERM') throw error;
  } finally {
    closeSync(fd);
  }
}
