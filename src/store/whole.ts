import type { Blake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { hashFile } from '../kit/hash-file.ts';
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
  if ((await hashFile(path, { blake3, signal }).catch(ifUnreadable)) === digest) return true;
  store.foundWrong(digest, path);
  return false;
}

/** Where there is no file any more, or the disk cannot read it, there is no digest. */
function ifUnreadable(error: unknown): undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOENT' && code !== 'EIO') throw error;
  return undefined;
}
