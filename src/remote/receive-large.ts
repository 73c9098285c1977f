import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { RawDigest } from '../kit/digest.ts';
import { digestOfRaw } from '../kit/digest.ts';
import type { ObjectStore } from '../store/object-store.ts';
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

/**
 * Takes a large object into the store: pieces come several at a time, are written where they belong and hashed in order.
 * @returns `false` when it is not there, or not the right bytes: nothing is stored then
 */
export async function receiveLarge(
  remote: Remote,
  store: Pick<ObjectStore, 'putFile'>,
  { object, onBytes }: { readonly object: LargeObject; readonly onBytes?: ((bytes: number) => void) | undefined },
): Promise<boolean> {
  const wanted = digestOfRaw(object.digest);
  try {
    await store.putFile(async (target) => {
      const hasher = remote.blake3.hasher();
      const handle = await open(target, 'wx', 0o600);
      try {
        await eachPiece(remote, object, async ({ bytes, at, before }) => {
          const writing = writeAll(handle, bytes, at);
          await Promise.all([writing, before]);
          hasher.update(bytes);
          onBytes?.(bytes.length);
        });
      } finally {
        await handle.close();
      }
      if (hasher.digest() !== wanted) throw new WrongBytes();
      return wanted;
    });
    return true;
  } catch (error) {
    if (error instanceof WrongBytes) return false;
    throw error;
  }
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

/** Pieces that are read ahead; how much of them is held is limited apart. */
const PIECES_AT_ONCE = 16;

/** Reads pieces ahead; each is held until those before it were used. After one that fails no further one is asked for. */
async function eachPiece(
  { place, limit }: Remote,
  { size, key, offset }: LargeObject,
  use: (piece: ReadPiece) => Promise<void>,
): Promise<void> {
  let last: Promise<void> = Promise.resolve();
  await eachAtOnce(starts(size), PIECES_AT_ONCE, (at) => {
    const before = last;
    const length = Math.min(PIECE, size - at);
    last = limit(length, async () => {
      const bytes = await place.read(key, { offset: offset + at, length });
      if (bytes?.length !== length) throw new WrongBytes();
      await use({ bytes, at, before });
    });
    return last;
  });
}

/** Where pieces begin. One after another: of what size somebody says that an object is, nothing is known. */
function* starts(size: number): Generator<number> {
  for (let at = 0; at < size; at += PIECE) yield at;
}

async function writeAll(handle: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}
