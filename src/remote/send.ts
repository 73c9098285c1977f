import type { FileHandle } from 'node:fs/promises';
import { open, readFile } from 'node:fs/promises';
import type { RawDigest } from '../kit/digest.ts';
import { digestOfRaw } from '../kit/digest.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { LargeSource } from '../store/place/place.ts';
import { isPackOf, packImage } from './pack-image.ts';
import type { Remote } from './remote.ts';
import { looseKey, packKey } from './remote-layout.ts';
import type { PackTable } from './tables.ts';
import { packSize } from './tables.ts';

/** Thrown inside when the local store holds wrong bytes. */
class WrongBytes extends Error {}

/** Told how many bytes of an object went. */
export type OnBytes = (bytes: number) => void;

export interface SendPackOptions {
  /** Whether nothing lies there yet. */
  readonly isNew: boolean;
}

/**
 * Sends a pack of the local store as it is. Each byte is checked before any goes.
 * @returns `false` when it is not what its table says: nothing was sent then
 */
export async function sendWholePack(
  { place, blake3, limit }: Remote,
  { layout }: Pick<ObjectStore, 'layout'>,
  { table, isNew }: SendPackOptions & { readonly table: PackTable },
): Promise<boolean> {
  return limit(packSize(table), async () => {
    const pack = await readIfThere(layout.pack(table.name));
    if (pack === undefined || !isPackOf(pack, table, blake3)) return false;
    await place.write(packKey(table.name), [pack], { ifAbsent: isNew });
    return true;
  });
}

/**
 * Sends a new pack of objects of the local store, each checked.
 * @returns objects that the local store does not have any more, or holds damaged: nothing was sent then
 */
export async function sendBuiltPack(
  { place, limit }: Remote,
  store: Pick<ObjectStore, 'read'>,
  { table, isNew }: SendPackOptions & { readonly table: PackTable },
): Promise<readonly RawDigest[]> {
  return limit(packSize(table), async () => {
    const image = packImage(table, (digest) => store.read(digestOfRaw(digest), Infinity));
    if ('lost' in image) return image.lost;
    await place.write(packKey(table.name), [image.pack], { ifAbsent: isNew });
    return [];
  });
}

/**
 * Sends an object that is too large to be held. It appears there only when every byte of it was right.
 * @returns `false` when the local store does not have it any more, or holds it damaged
 */
export async function sendLarge(
  remote: Remote,
  store: Pick<ObjectStore, 'layout' | 'inPack'>,
  { digest, size, onBytes }: { readonly digest: RawDigest; readonly size: number; readonly onBytes: OnBytes },
): Promise<boolean> {
  const packed = store.inPack(digest);
  const file = packed === undefined ? store.layout.loose(digestOfRaw(digest)) : store.layout.pack(packed.name);
  const handle = await open(file, 'r').catch(ifGone);
  if (handle === undefined) return false;
  const source = checkedSource(remote, { handle, start: packed?.offset ?? 0, digest, size, onBytes });
  try {
    await remote.place.writeLarge(looseKey(digestOfRaw(digest)), source);
    return true;
  } catch (error) {
    if (error instanceof WrongBytes) return false;
    throw error;
  } finally {
    await handle.close();
  }
}

interface LargeFile {
  readonly handle: FileHandle;
  /** Where the object begins in the file. */
  readonly start: number;
  readonly digest: RawDigest;
  readonly size: number;
  readonly onBytes: OnBytes;
}

/** Hashes an object as it goes, and from its beginning when it is read once more, after a fault. */
function checkedSource(
  { blake3 }: Pick<Remote, 'blake3'>,
  { handle, start, digest, size, onBytes }: LargeFile,
): LargeSource {
  let hasher = blake3.hasher();
  let [next, told] = [0, 0];
  const readNow = async (offset: number, length: number, into?: Buffer): Promise<Buffer> => {
    if (offset === 0) [hasher, next] = [blake3.hasher(), 0];
    if (offset !== next) throw new Error('the pieces of an object are to be read in order');
    const bytes = await readFully(handle, { at: start + offset, length, into });
    hasher.update(bytes);
    next += length;
    onBytes(Math.max(0, next - told));
    told = Math.max(told, next);
    return bytes;
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    size,
    // Several may be asked for at once: they are hashed in order.
    read(...piece) {
      const reading = last.then(() => readNow(...piece));
      last = reading.catch(() => undefined);
      return reading;
    },
    check: () => (hasher.digest() === digestOfRaw(digest) ? Promise.resolve() : Promise.reject(new WrongBytes())),
  };
}

async function readFully(
  handle: FileHandle,
  { at, length, into }: { readonly at: number; readonly length: number; readonly into: Buffer | undefined },
): Promise<Buffer> {
  const bytes = into !== undefined && into.length >= length ? into.subarray(0, length) : Buffer.allocUnsafe(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await handle.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) throw new WrongBytes();
    done += bytesRead;
  }
  return bytes;
}

function readIfThere(path: string): Promise<Buffer | undefined> {
  return readFile(path).catch(ifGone);
}

function ifGone(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw error;
}
