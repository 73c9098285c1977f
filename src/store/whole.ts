import type { Blake3 } from '../kit/blake3.ts';
import { eachChunk } from '../kit/chunks.ts';
import type { Digest } from '../kit/digest.ts';
import type { ObjectStore } from './object-store.ts';

/**
 * Whether a store holds the right bytes of an object, each of which is read. A wrong object is told of, and goes aside
 * where it can: it counts as absent from then on.
 * @throws an AbortError
 */
export async function isWhole(
  { store, blake3 }: { readonly store: ObjectStore; readonly blake3: Blake3 },
  digest: Digest,
  signal?: AbortSignal,
): Promise<boolean> {
  const packed = store.packedPlace(digest);
  if (packed !== undefined) return store.read(digest, packed.length) !== undefined;
  const path = store.layout.loose(digest);
  if ((await digestOfFile(path, blake3, signal)) === digest) return true;
  store.foundWrong(digest, path);
  return false;
}

/** `undefined` where there is no file any more, or the disk cannot read it. */
async function digestOfFile(path: string, blake3: Blake3, signal?: AbortSignal): Promise<Digest | undefined> {
  const hasher = blake3.hasher();
  const see = (chunk: Buffer): void => { hasher.update(chunk); }; // prettier-ignore
  try {
    await eachChunk(path, see, signal);
    return hasher.digest();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EIO') throw error;
    return undefined;
  }
}
