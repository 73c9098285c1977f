import { chmodSync, closeSync, constants, copyFileSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { copyFile, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { checkAborted } from '../kit/abort.ts';
import type { Blake3 } from '../kit/blake3.ts';
import { isDoneNow, takeTurns } from '../kit/chunks.ts';
import type { Digest } from '../kit/digest.ts';

/** Pairs of disks between which nothing could be cloned, so that it is not tried for each file. */
const unshared = new Set<string>();

/** What a system says that cannot clone files, or not from this disk to that one. */
const NO_CLONES = new Set(['EXDEV', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'ENOTTY', 'EINVAL']);

/** Clones the file where the disk shares blocks; `false` where it can't. */
export function reflink(source: string, target: string): boolean {
  const disks = `${String(statSync(source).dev)} ${String(statSync(dirname(target)).dev)}`;
  if (unshared.has(disks)) return false;
  try {
    copyFileSync(source, target, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOENT' || code === 'ENOSPC' || code === 'EACCES') throw error;
    rmSync(target, { force: true });
    if (NO_CLONES.has(code)) unshared.add(disks);
    return false;
  }
}

/** What is done with the bytes of a file on their way. */
interface Passing {
  readonly see: (chunk: Buffer) => void;
  readonly signal: AbortSignal | undefined;
}

/** Pieces that are read at once. */
const CHUNK = 1 << 20;

/** The system's own copy is not broken off once it runs: larger files are copied piece by piece. */
const LONGEST_COPY = 4 * 2 ** 30;

/** How often a copy is looked at that has not got further. */
const POLL_MS = 1;

/** Does for a file that is not large what {@link copyThrough} does, without waiting for anything. */
export function copyNow(source: string, target: string, see: (chunk: Buffer) => void): number {
  try {
    copyFileSync(source, target, constants.COPYFILE_EXCL);
  } catch (error) {
    throw blameTarget(error, target);
  }
  chmodSync(target, 0o600);
  return readNow(target, see);
}

/** What is read without waiting for anything goes through it. */
let buffer: Buffer | undefined;

/** Shows each byte of a file, in order, without waiting for anything; returns how many there are. */
export function readNow(path: string, see: (chunk: Buffer) => void): number {
  buffer ??= Buffer.allocUnsafe(CHUNK);
  const fd = openSync(path, 'r');
  try {
    for (let done = 0; ;) {
      const length = readSync(fd, buffer, 0, CHUNK, done);
      if (length > 0) see(buffer.subarray(0, length));
      done += length;
      if (length === 0) return done;
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * Copies a file to a new one, which only its owner may read, and shows each byte that was written.
 * @returns the number of bytes
 * @throws an AbortError, or what the system says; what is there of the target is for the caller to remove
 */
export async function copyThrough(
  source: string,
  { target, ...passing }: Passing & { readonly target: string },
): Promise<number> {
  checkAborted(passing.signal);
  const { size } = statSync(source);
  if (isDoneNow(size)) {
    const copied = copyNow(source, target, passing.see);
    await takeTurns(copied);
    return copied;
  }
  // Made first, so that nothing is overwritten and nobody else can open it.
  const handle = await open(target, 'wx+', 0o600);
  try {
    return await (size > LONGEST_COPY ? copyByPieces : copyAndFollow)(source, { ...passing, target, handle });
  } finally {
    await handle.close();
  }
}

interface Copying extends Passing {
  readonly target: string;
  readonly handle: FileHandle;
}

/** Lets the system copy, and reads what it has copied so far: that takes hardly longer than the copy alone. */
async function copyAndFollow(source: string, { target, handle, see, signal }: Copying): Promise<number> {
  const state = { isCopied: false };
  const copying = copyFile(source, target).finally(() => {
    state.isCopied = true;
  });
  // Its failure is told below, once all is read.
  copying.catch((error: unknown) => blameTarget(error, target));
  const ended = copying.catch(() => undefined);
  try {
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (let done = 0; ;) {
      checkAborted(signal);
      const wasCopied = state.isCopied;
      const { bytesRead } = await handle.read(buffer, 0, CHUNK, done);
      if (bytesRead > 0) see(buffer.subarray(0, bytesRead));
      else if (wasCopied) {
        await copying;
        return done;
      } else await Promise.race([ended, setTimeout(POLL_MS)]);
      done += bytesRead;
    }
  } finally {
    // Its end must not come after the target is removed.
    await ended;
  }
}

/** Node.js names the source whatever went wrong; nobody who reads needs space. */
function blameTarget(error: unknown, target: string): Error {
  const fault = error as NodeJS.ErrnoException;
  if (['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS'].includes(fault.code ?? '')) fault.path = target;
  return fault;
}

/** While one piece is written, it is looked at, and the next one is read. */
async function copyByPieces(source: string, { handle, see, signal }: Copying): Promise<number> {
  const from = await open(source, 'r');
  try {
    let [chunk, spare] = [Buffer.allocUnsafe(CHUNK), Buffer.allocUnsafe(CHUNK)];
    let reading = from.read(chunk, 0, CHUNK, null);
    for (let done = 0; ;) {
      const { bytesRead } = await reading;
      if (bytesRead === 0) return done;
      checkAborted(signal);
      reading = from.read(spare, 0, CHUNK, null);
      // Should writing fail first, nobody waits for it any more.
      reading.catch(() => undefined);
      const piece = chunk.subarray(0, bytesRead);
      const writing = handle.writeFile(piece);
      see(piece);
      await writing;
      done += bytesRead;
      [chunk, spare] = [spare, chunk];
    }
  } finally {
    await from.close();
  }
}

/** The digest of a file, read without waiting for anything. */
export function hashFileNow(path: string, blake3: Blake3): Digest {
  const hasher = blake3.hasher();
  readNow(path, (chunk) => { hasher.update(chunk); }); // prettier-ignore
  return hasher.digest();
}
