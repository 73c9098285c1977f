import type { Stats } from 'node:fs';
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { isReliable } from '../index/stat-index.ts';
import type { Blake3 } from '../kit/blake3.ts';
import type { RawDigest } from '../kit/digest.ts';
import { rawOfDigest } from '../kit/digest.ts';
import { isDoneNow } from '../kit/chunks.ts';
import { hashFileNow } from '../store/copy.ts';
import { copyDurably } from '../store/loose-copy.ts';
import { PACKED_BYTES } from '../store/pack.ts';
import { changed, specialFile } from './file-problem.ts';

/** Without waiting for the other end of a named pipe. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK;

/** The stat values that the index keeps of a file, and its mode. */
export type FileStat = Pick<Stats, 'mtimeMs' | 'ctimeMs' | 'ino' | 'size' | 'mode'>;

/** A small file that was read. */
export interface SmallFile {
  readonly stat: FileStat;
  /** Whether the stat values tell when it changes, see `isReliable` of the index. */
  readonly isReliable: boolean;
  /** In the buffer that it was read into. */
  readonly bytes: Buffer;
}

/**
 * Reads a small file without waiting for anything; `undefined` when it is large. A file that was changed just now may
 * be changing still: it is looked at again behind its bytes.
 * @param buffer holds at least {@link PACKED_BYTES} + 1 bytes
 * @throws {PipeError} PIPE_FILE_KIND, PIPE_FILE_CHANGED with `path` as the name; what the system says
 */
export function readSmall(
  { path, absolute, follow }: { readonly path: string; readonly absolute: string; readonly follow: boolean },
  buffer: Buffer,
  at: number,
): SmallFile | undefined {
  const fd = openSync(absolute, follow ? READ : READ | constants.O_NOFOLLOW);
  try {
    const stat = fstatSync(fd);
    if (stat.isDirectory()) throw changed(path);
    if (!stat.isFile()) throw specialFile(path);
    if (stat.size > PACKED_BYTES) return undefined;
    const length = readSync(fd, buffer, 0, stat.size + 1, 0);
    const reliable = isReliable(stat, at);
    if (length !== stat.size || (!reliable && !isSameFile(stat, fstatSync(fd)))) throw changed(path);
    return { stat, isReliable: reliable, bytes: buffer.subarray(0, length) };
  } finally {
    closeSync(fd);
  }
}

/** Whether a file kept its bytes, as far as stat values tell. */
export function isSameFile(a: FileStat, b: FileStat): boolean {
  return a.mtimeMs === b.mtimeMs && a.size === b.size && a.ino === b.ino;
}

/** Files of one folder that a helper thread is to read. */
export interface ReadFilesInput {
  /** Absolute. */
  readonly folder: string;
  readonly names: readonly string[];
  readonly follow: boolean;
  /** When reading begins, in ms since 1970. */
  readonly at: number;
  /** Whether the bytes are wanted too. */
  readonly keepBytes: boolean;
  /** What the names of copies begin with that are made of files that are neither small nor large, if they are wanted. */
  readonly copyTo: string | undefined;
  /** Shared: 1 once nobody waits for what is read any more. */
  readonly stop: Int32Array;
}

/** What a helper thread has read, file by file; one with the size -1 is left to the main thread, with what is wrong. */
export interface ReadFilesOutput {
  /** mtime, ctime, inode, size, mode, and 1 where the stat values are reliable. */
  readonly stats: Float64Array;
  /** 32 bytes each. */
  readonly digests: Uint8Array;
  /** The bytes of all small files behind one another; empty where they are not wanted. */
  readonly bytes: Uint8Array;
}

/** Numbers per file in {@link ReadFilesOutput}. */
const STAT_COLUMNS = 6;

/** Does the job of a helper thread. */
export function readFiles(input: ReadFilesInput, blake3: Blake3): ReadFilesOutput {
  const { folder, names, follow, at, keepBytes, stop } = input;
  const stats = new Float64Array(names.length * STAT_COLUMNS);
  const digests = new Uint8Array(names.length * 32);
  const buffer = Buffer.allocUnsafe(PACKED_BYTES + 1);
  let bytes = Buffer.allocUnsafeSlow(keepBytes ? 512 * names.length : 0);
  let used = 0;
  for (const [row, name] of names.entries()) {
    const file = { path: name, absolute: `${folder}/${name}`, follow };
    const isOver = Atomics.load(stop, 0) === 1;
    const read = isOver ? undefined : trying(() => readSmall(file, buffer, at));
    const taken = read === undefined ? isOver ? undefined : trying(() => takeMedium(file, input, { row, blake3 })) : { ...read, digest: blake3.raw(read.bytes) }; // prettier-ignore
    if (taken === undefined) {
      stats[row * STAT_COLUMNS + 3] = -1;
      continue;
    }
    const { stat, isReliable: reliable } = taken;
    stats.set([stat.mtimeMs, stat.ctimeMs, stat.ino, stat.size, stat.mode, reliable ? 1 : 0], row * STAT_COLUMNS);
    digests.set(taken.digest, row * 32);
    if (!keepBytes || read === undefined) continue;
    if (used + read.bytes.length > bytes.length) bytes = grown(bytes, used + read.bytes.length);
    used += read.bytes.copy(bytes, used);
  }
  return { stats, digests, bytes: new Uint8Array(bytes.buffer, 0, used) };
}

/** The main thread meets the same trouble, and can say what it is. */
function trying<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** Reads a file that is neither small nor large, and copies it where copies are wanted; `undefined` for other files. */
function takeMedium(
  { absolute, follow }: { readonly absolute: string; readonly follow: boolean },
  { keepBytes, copyTo, at }: ReadFilesInput,
  { row, blake3 }: { readonly row: number; readonly blake3: Blake3 },
): Pick<ReadAhead, 'stat' | 'isReliable' | 'digest'> | undefined {
  const look = (): Stats => (follow ? statSync : lstatSync)(absolute);
  const stat = look();
  if (!stat.isFile() || stat.size <= PACKED_BYTES || !isDoneNow(stat.size) || (keepBytes && copyTo === undefined))
    return undefined;
  const copy = copyTo === undefined ? undefined : copyName(copyTo, row);
  const digest = copy === undefined ? hashFileNow(absolute, blake3) : copyDurably(absolute, copy, blake3);
  const after = trying(look);
  if (after !== undefined && isSameFile(stat, after)) {
    return { stat, isReliable: isReliable(stat, at), digest: rawOfDigest(digest) };
  }
  if (copy !== undefined) rmSync(copy, { force: true });
  return undefined;
}

/** Removes what copies a job may have made whose answer never came. */
export function removeCopies({ copyTo, names }: Pick<ReadFilesInput, 'copyTo' | 'names'>): void {
  if (copyTo === undefined) return;
  for (const row of names.keys()) rmSync(copyName(copyTo, row), { force: true });
}

function copyName(copyTo: string, row: number): string {
  return `${copyTo}x${String(row)}`;
}

function grown(bytes: Buffer, needed: number): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafeSlow(Math.max(needed, bytes.length * 2));
  bytes.copy(larger);
  return larger;
}

/** One file of {@link ReadFilesOutput}. */
export interface ReadAhead {
  readonly stat: FileStat;
  readonly isReliable: boolean;
  readonly digest: RawDigest;
  /** Empty where `copy` tells of them. */
  readonly bytes: Buffer;
  /** The copy that was made of a file that is not small; it is durable. */
  readonly copy?: string | undefined;
}

/** Takes files out of what a helper thread has read, one after another. */
export class FilesRead {
  readonly #stats: Float64Array;
  readonly #digests: Buffer;
  readonly #bytes: Buffer;
  readonly #copyTo: string | undefined;
  #row = 0;
  /** Where the bytes of the next file begin. */
  #start = 0;

  /** @param copyTo as it was in the input */
  constructor({ stats, digests, bytes }: ReadFilesOutput, copyTo: string | undefined) {
    this.#copyTo = copyTo;
    this.#stats = stats;
    this.#digests = asBuffer(digests);
    this.#bytes = asBuffer(bytes);
  }

  /** Removes the copies of the files that were not taken. */
  discard(): void {
    while (this.#row * STAT_COLUMNS < this.#stats.length) {
      const { copy } = this.next() ?? {};
      if (copy !== undefined) rmSync(copy, { force: true });
    }
  }

  /** The next file; `undefined` for one that is left to the main thread. */
  next(): ReadAhead | undefined {
    const row = this.#row;
    this.#row += 1;
    const [mtimeMs, ctimeMs, ino, size, mode, reliable] = this.#stats.subarray(row * STAT_COLUMNS, this.#row * STAT_COLUMNS) as unknown as [number, number, number, number, number, number]; // prettier-ignore
    if (size < 0) return undefined;
    const isSmall = size <= PACKED_BYTES;
    const start = this.#start;
    if (isSmall) this.#start += size;
    return {
      stat: { mtimeMs, ctimeMs, ino, size, mode },
      isReliable: reliable === 1,
      digest: this.#digests.subarray(row * 32, this.#row * 32),
      bytes: this.#bytes.subarray(start, this.#start),
      copy: isSmall || this.#copyTo === undefined ? undefined : copyName(this.#copyTo, row),
    };
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
