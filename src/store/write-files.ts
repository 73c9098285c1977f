import { chmodSync, closeSync, fstatSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import type { Stats } from 'node:fs';
import type { Blake3 } from '../kit/blake3.ts';
import type { RawDigest } from '../kit/digest.ts';
import { digestOfRaw, rawOfDigest } from '../kit/digest.ts';
import { copyNow, readNow, reflink } from './copy.ts';
import { looseFile } from './layout.ts';
import { PackReader } from './pack-file.ts';

/** Objects that a helper thread is to write into one folder. */
export interface WriteFilesInput {
  /** Absolute; it exists. */
  readonly folder: string;
  readonly names: readonly string[];
  /** The files of the packs. */
  readonly packs: readonly string[];
  /** The folder of loose objects, absolute. */
  readonly loose: string;
  /** Whether copies of them may share their blocks. */
  readonly sharesBlocks: boolean;
  /** For each file: number of the pack, or {@link LOOSE}, offset and length in it, mode. */
  readonly places: Float64Array;
  /** For each file 32 bytes. */
  readonly digests: Uint8Array;
  /** Shared: 1 once nobody waits for what is written any more. */
  readonly stop: Int32Array;
}

/** What a helper thread has written: mtime, ctime, inode, size of each file; -1 as the size of one that it left out. */
export interface WriteFilesOutput {
  readonly stats: Float64Array;
}

/** Stands for the number of a pack where an object is loose, and a copy of it is wanted. */
export const LOOSE = -1;

/** Numbers per file in the input and in the output. */
export const PLACE_COLUMNS = 4;

/** Does the job of a helper thread: each object is checked against its digest before it is written. */
export function writeFiles(
  { folder, names, packs, loose, sharesBlocks, places, digests, stop }: WriteFilesInput,
  blake3: Blake3,
): WriteFilesOutput {
  const readers = packs.map((file) => PackReader.open(file));
  const stats = new Float64Array(names.length * PLACE_COLUMNS);
  try {
    for (const [row, name] of names.entries()) {
      const at = row * PLACE_COLUMNS;
      const [pack, offset, length, mode] = places.subarray(at, at + PLACE_COLUMNS) as unknown as [number, number, number, number]; // prettier-ignore
      const digest = Buffer.from(digests.buffer, digests.byteOffset + row * 32, 32);
      const target = `${folder}/${name}`;
      const write = (): Stats | undefined => {
        if (pack === LOOSE) {
          return tryCopy(looseFile(loose, digestOfRaw(digest)), target, { digest, mode, sharesBlocks, blake3 });
        }
        const bytes = readers[pack]?.read(offset, length);
        return bytes !== undefined && blake3.raw(bytes).equals(digest) ? writeNew(target, bytes, mode) : undefined;
      };
      const stat = Atomics.load(stop, 0) === 1 ? undefined : write();
      if (stat === undefined) stats[at + 3] = -1;
      else stats.set([stat.mtimeMs, stat.ctimeMs, stat.ino, stat.size], at);
    }
    return { stats };
  } finally {
    for (const reader of readers) reader?.close();
  }
}

/**
 * Copies a loose object to a file that is not there yet, sharing blocks where the disk can, and checks every byte of it.
 * The main thread meets what goes wrong, and says it.
 */
function tryCopy(
  source: string,
  target: string,
  { digest, mode, sharesBlocks, blake3 }: { readonly digest: RawDigest; readonly mode: number; readonly sharesBlocks: boolean; readonly blake3: Blake3 }, // prettier-ignore
): Stats | undefined {
  try {
    const hasher = blake3.hasher();
    const see = (chunk: Buffer): void => { hasher.update(chunk); }; // prettier-ignore
    if (sharesBlocks && reflink(source, target)) readNow(target, see);
    else copyNow(source, target, see);
    if (rawOfDigest(hasher.digest()).equals(digest)) {
      chmodSync(target, mode);
      return statSync(target);
    }
  } catch (error) {
    // Two names that the disk takes for one: what lies there is the other one's.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
  }
  rmSync(target, { force: true });
  return undefined;
}

/** Writes a file that is not there yet; its stat values. */
export function writeNew(target: string, bytes: Buffer, mode: number): Stats {
  const fd = openSync(target, 'wx', mode);
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
    return fstatSync(fd);
  } catch (error) {
    rmSync(target, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}
