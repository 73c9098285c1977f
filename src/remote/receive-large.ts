import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { checkAborted, isAbort } from '../kit/abort.ts';
import type { Digest, RawDigest } from '../kit/digest.ts';
import { digestOfRaw } from '../kit/digest.ts';
import { writeAll } from '../kit/write-all.ts';
import { PipeError } from '../problem/problem.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { claimPartial, leavePartial, partialEnd } from '../store/partial.ts';
import type { SpareWriting } from '../store/spare.ts';
import { eachAtOnce } from './byte-limit.ts';
import { PIECE } from './read-object.ts';
import type { Remote } from './remote.ts';

/** An object that is too large to be held, and where it lies in a remote. */
export interface LargeObject {
  readonly digest: RawDigest;
  readonly size: number;
  readonly key: string;
  /** Where its bytes begin there. */
  readonly offset: number;
}

/** Thrown inside when the bytes that came are too few, or not the right ones. */
class WrongBytes extends Error {}

/** The part of a store that large objects are taken into. */
type LargeStore = Pick<ObjectStore, 'putFile' | 'temporary' | 'layout'>;

interface Receiving {
  readonly object: LargeObject;
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Begins the second copy that the workspace gets, if it gets one. */
  readonly beginSpare?: (() => Promise<SpareWriting | undefined>) | undefined;
}

/**
 * Takes a large object into the store: pieces come several at a time, and are written and hashed in order. Where an
 * earlier try was interrupted, it goes on; what that has left is hashed like all else.
 * @param onBytes told of bytes that came, and of those that were there, as they are hashed
 * @returns `false` when it is not there, or not the right bytes: nothing is stored then
 */
export async function receiveLarge(remote: Remote, store: LargeStore, receiving: Receiving): Promise<boolean> {
  const wanted = digestOfRaw(receiving.object.digest);
  try {
    await store.putFile(async (target) => {
      const file = store.temporary(partialEnd(wanted));
      const length = claimPartial(store.layout, wanted, file);
      const isRight =
        (length > 0 && (await fill(remote, store, { ...receiving, file, length }))) ||
        // What was left was the beginning of something else, perhaps.
        (await fill(remote, store, { ...receiving, file, length: 0 }));
      if (!isRight) throw new WrongBytes();
      await rename(file, target);
      return wanted;
    });
    return true;
  } catch (error) {
    if (error instanceof WrongBytes) return false;
    throw error;
  }
}

/**
 * Writes an object to a file of which the beginning is there, and is not believed.
 * @returns whether it holds the right bytes; it is gone where it does not
 */
async function fill(
  remote: Remote,
  { layout }: LargeStore,
  { object, onBytes, beginSpare, file, length }: Receiving & { readonly file: string; readonly length: number },
): Promise<boolean> {
  const wanted = digestOfRaw(object.digest);
  const hasher = remote.blake3.hasher();
  // Of what an earlier try has left there is no second copy.
  const spare = length === 0 ? await beginSpare?.().catch(() => undefined) : undefined;
  let right: Digest | undefined;
  let told = 0;
  const take = (bytes: Buffer): void => {
    hasher.update(bytes);
    told += bytes.length;
    onBytes?.(bytes.length);
  };
  try {
    const handle = await open(file, length > 0 ? 'r+' : 'wx', 0o600);
    try {
      if (length > object.size) throw new WrongBytes();
      const start = await readStart(handle, length, { take, signal: remote.signal });
      await eachPiece(remote, { ...object, from: start }, async ({ bytes, at, before }) => {
        await before;
        // In order: what is there after a kill is a beginning, whatever its length.
        const writing = Promise.all([writeAll(handle, bytes, at), spare?.write(bytes, at)]);
        take(bytes);
        await writing;
      });
      if (hasher.digest() !== wanted) throw new WrongBytes();
      right = wanted;
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    const isInterrupted = isAbort(error) || error instanceof PipeError;
    if (isInterrupted) leavePartial(layout, wanted, file);
    else await rm(file, { force: true });
    if (!(error instanceof WrongBytes)) throw error;
    onBytes?.(-told);
    return false;
  } finally {
    await spare?.end(right);
  }
}

/** Shows the first bytes of a file; returns how many there are. */
async function readStart(
  handle: FileHandle,
  length: number,
  { take, signal }: { readonly take: (bytes: Buffer) => void; readonly signal: AbortSignal },
): Promise<number> {
  const chunk = Buffer.allocUnsafe(Math.min(length, CHUNK));
  for (let done = 0; done < length;) {
    checkAborted(signal);
    const { bytesRead } = await handle.read(chunk, 0, Math.min(chunk.length, length - done), done);
    if (bytesRead === 0) throw new WrongBytes();
    take(chunk.subarray(0, bytesRead));
    done += bytesRead;
  }
  return length;
}

interface ReadPiece {
  readonly bytes: Buffer;
  /** In the object. */
  readonly at: number;
  /** Fulfilled when the piece before was used. */
  readonly before: Promise<unknown>;
}

/** Whether an object that is too large to be held has the right bytes there. */
export async function isLargeRight(
  remote: Remote,
  object: LargeObject,
  onBytes: (bytes: number) => void,
): Promise<boolean> {
  const hasher = remote.blake3.hasher();
  try {
    await eachPiece(remote, object, async ({ bytes, before }) => {
      await before;
      hasher.update(bytes);
      onBytes(bytes.length);
    });
    return hasher.digest() === digestOfRaw(object.digest);
  } catch (error) {
    if (error instanceof WrongBytes) return false;
    throw error;
  }
}

/** Bytes of a beginning that are read at once. */
const CHUNK = 1 << 20;

/** Pieces that are read ahead; how much of them is held is limited apart. */
const PIECES_AT_ONCE = 16;

/**
 * Reads pieces ahead; each is held until those before it were used, and its memory is used again then. After one that
 * fails no further one is asked for.
 */
async function eachPiece(
  { place, limit }: Remote,
  { size, key, offset, from = 0 }: LargeObject & { readonly from?: number },
  use: (piece: ReadPiece) => Promise<void>,
): Promise<void> {
  let last: Promise<void> = Promise.resolve();
  const free: Buffer[] = [];
  await eachAtOnce(starts(from, size), PIECES_AT_ONCE, (at) => {
    const before = last;
    const length = Math.min(PIECE, size - at);
    last = limit(length, async () => {
      const into = free.pop() ?? Buffer.allocUnsafe(length);
      const bytes = await place.read(key, { offset: offset + at, length, into });
      if (bytes?.length !== length) throw new WrongBytes();
      await use({ bytes, at, before });
      free.push(into);
    });
    return last;
  });
}

/** Where pieces begin. One after another: of what size somebody says that an object is, nothing is known. */
function* starts(from: number, size: number): Generator<number> {
  for (let at = from; at < size; at += PIECE) yield at;
}
