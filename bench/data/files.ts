/** A data set as files: writing it, and finding out whether a tool has kept every byte of it. */
import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { ByteStream } from './byte-stream.ts';
import { createByteStream } from './byte-stream.ts';
import type { DataSet } from './data-set.ts';

/** Larger files are written and compared in pieces. */
const PIECE = 8 * 1024 * 1024;

/** Files that differ from what the data set says, by number: all of their bytes, or of a larger one its middle piece. */
export type Changes = ReadonlyMap<number, Buffer>;

const NO_CHANGES: Changes = new Map();

/** Writes a data set. `path` is to be the folder, or the file where there is just one. */
export function writeData(path: string, set: DataSet): void {
  const stream = createByteStream(set.seed);
  let made = '';
  for (let number = 0; number < set.files; number++) {
    const file = join(path, set.pathOf(number));
    const folder = dirname(file);
    if (folder !== made) mkdirSync((made = folder), { recursive: true });
    writeFile(file, set.sizeOf(number), stream);
  }
}

/** Gives a file other bytes, of the same length: one that is written in pieces, in its middle. Each `round` makes others. */
export function changeFile(path: string, set: DataSet, { number, round }: { number: number; round: number }): Changes {
  const size = set.sizeOf(number);
  const bytes = createByteStream(set.seed + round).take(Math.min(size, PIECE));
  const file = join(path, set.pathOf(number));
  if (size <= PIECE) writeFileSync(file, bytes);
  else writeOver(file, bytes, middleOf(size));
  return new Map([[number, bytes]]);
}

/** Gives a file its first bytes again. */
export function restoreFile(path: string, set: DataSet, number: number): void {
  const stream = createByteStream(set.seed);
  for (let before = 0; before < number; before++) stream.take(set.sizeOf(before));
  writeFile(join(path, set.pathOf(number)), set.sizeOf(number), stream);
}

/**
 * Compares every byte of every file with the data set.
 * @throws {Error} that names the first file that is wrong, missing or too many
 */
export function verifyData(path: string, set: DataSet, changes = NO_CHANGES): void {
  const stream = createByteStream(set.seed);
  for (let number = 0; number < set.files; number++) {
    const file = join(path, set.pathOf(number));
    const size = set.sizeOf(number);
    if (size > PIECE) {
      compareInPieces(file, size, piecesOf(size, stream, changes.get(number)));
      continue;
    }
    const first = stream.take(size);
    if (!readFileSync(file).equals(changes.get(number) ?? first)) throw wrong(file);
  }
  const found = countFiles(path);
  if (found !== set.files) throw new Error(`${path} holds ${found} files instead of ${set.files}`);
}

/**
 * Checks that each file has another name elsewhere, so that its bytes are on the disk once.
 * @throws {Error} that names the first one that has not
 */
export function verifyLinked(path: string, set: DataSet): void {
  for (let number = 0; number < set.files; number++) {
    const file = join(path, set.pathOf(number));
    if (lstatSync(file).nlink < 2) throw new Error(`${file} is a copy instead of a hard link`);
  }
}

/** One text that changes when any file is written again, even with the same bytes. */
export function dataState(path: string, set: DataSet): string {
  const hash = createHash('md5');
  for (let number = 0; number < set.files; number++) {
    const { ino, mtimeNs, size } = lstatSync(join(path, set.pathOf(number)), { bigint: true });
    hash.update(`${ino} ${mtimeNs} ${size}\n`);
  }
  return hash.digest('hex');
}

/** Removes files and folders, however many. */
export function remove(...paths: readonly string[]): void {
  for (const path of paths) rmSync(path, { recursive: true, force: true });
}

/** What a path holds, with all that lies below; nothing where nothing is. */
function* walk(path: string): Generator<Dirent> {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    yield entry;
    if (entry.isDirectory()) yield* walk(join(path, entry.name));
  }
}

function countFiles(path: string): number {
  if (!lstatSync(path).isDirectory()) return 1;
  let found = 0;
  for (const entry of walk(path)) if (!entry.isDirectory()) found++;
  return found;
}

function writeFile(file: string, size: number, stream: ByteStream): void {
  if (size <= PIECE) {
    writeFileSync(file, stream.take(size));
    return;
  }
  const handle = openSync(file, 'w');
  try {
    for (const piece of piecesOf(size, stream)) writeSync(handle, piece);
  } finally {
    closeSync(handle);
  }
}

function writeOver(file: string, bytes: Buffer, from: number): void {
  const handle = openSync(file, 'r+');
  try {
    writeSync(handle, bytes, 0, bytes.length, from);
  } finally {
    closeSync(handle);
  }
}

/** What a large file holds, with what has changed in its middle. */
function* piecesOf(size: number, stream: ByteStream, change?: Buffer): Generator<Buffer> {
  for (let made = 0; made < size; made += PIECE) {
    const piece = stream.take(Math.min(PIECE, size - made));
    yield made === middleOf(size) ? (change ?? piece) : piece;
  }
}

/** Where the piece in the middle of a large file begins. */
function middleOf(size: number): number {
  return Math.floor(size / PIECE / 2) * PIECE;
}

function compareInPieces(file: string, size: number, pieces: Iterable<Buffer>): void {
  if (lstatSync(file).size !== size) throw wrong(file);
  const handle = openSync(file, 'r');
  const found = Buffer.allocUnsafe(PIECE);
  let compared = 0;
  try {
    for (const expected of pieces) {
      const read = readSync(handle, found, 0, expected.length, compared);
      if (read !== expected.length || !found.subarray(0, read).equals(expected)) throw wrong(file);
      compared += read;
    }
  } finally {
    closeSync(handle);
  }
}

function wrong(file: string): Error {
  return new Error(`${file} does not hold the bytes that it should`);
}
