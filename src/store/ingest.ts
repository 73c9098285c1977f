import type { Blake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { copyThrough } from './copy.ts';

/** What is needed to take a file in. */
interface Ingesting {
  readonly blake3: Blake3;
  readonly signal?: AbortSignal | undefined;
  /** Told of bytes that were copied, piece by piece. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/**
 * Copies a file of any size into a store, as an object with a file of its own; its digest is that of the bytes that were
 * copied.
 * @throws an AbortError, or what the system says; nothing is stored then
 */
export async function ingest(
  store: { putFile(fill: (target: string) => Promise<Digest>): Promise<Digest> },
  file: string,
  { blake3, signal, onBytes }: Ingesting,
): Promise<{ digest: Digest; size: number }> {
  let size = 0;
  const digest = await store.putFile(async (target) => {
    const hasher = blake3.hasher();
    const see = (chunk: Buffer): void => {
      hasher.update(chunk);
      onBytes?.(chunk.length);
    };
    size = await copyThrough(file, { target, see, signal });
    return hasher.digest();
  });
  return { digest, size };
}
