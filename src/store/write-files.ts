import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import type { Stats } from 'node:fs';
import type { Blake3 } from '../kit/blake3.ts';
import { PackReader } from './pack-reader.ts';

/** Packed objects that a helper thread is to write into one folder. */
export interface WriteFilesInput {
  /** Absolute; it exists. */
  readonly folder: string;
  readonly names: readonly string[];
  /** The files of the packs. */
  readonly packs: readonly string[];
  /** For each file: number of the pack, offset and length in it, mode. */
  readonly places: Float64Array;
  /** For each file 32 bytes. */
  readonly digests: Uint8Array;
}

/** What a helper thread has written: mtime, ctime, inode, size of each file; -1 as the size of one that it left out. */
export interface WriteFilesOutput {
  readonly stats: Float64Array;
}

/** Numbers per file in the input and in the output. */
export const PLACE_COLUMNS = 4;

/** Does the job of a helper thread: each object is checked against its digest before it is written. */
export function writeFiles(
  { folder, names, packs, places, digests }: WriteFilesInput,
  blake3: Blake3,
): WriteFilesOutput {
  const readers = packs.map((file) => PackReader.open(file));
  const stats = new Float64Array(names.length * PLACE_COLUMNS);
  try {
    for (const [row, name] of names.entries()) {
      const at = row * PLACE_COLUMNS;
      const [pack, offset, length, mode] = places.subarray(at, at + PLACE_COLUMNS) as unknown as [number, number, number, number]; // prettier-ignore
      const bytes = readers[pack]?.read(offset, length);
      const digest = digests.subarray(row * 32, row * 32 + 32);
      if (bytes === undefined || !blake3.raw(bytes).equals(digest)) {
        stats[at + 3] = -1;
        continue;
      }
      const stat = writeNew(`${folder}/${name}`, bytes, mode);
      stats.set([stat.mtimeMs, stat.ctimeMs, stat.ino, stat.size], at);
    }
    return { stats };
  } finally {
    for (const reader of readers) reader?.close();
  }
}

/** Writes a file that is not there yet; its stat values. */
export function writeNew(target: string, bytes: Buffer, mode: number): Stats {
  const fd = openSync(target, 'wx', mode);
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
    return fstatSync(fd);
  } finally {
    closeSync(fd);
  }
}
