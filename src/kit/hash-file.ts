import type { Blake3 } from './blake3.ts';
import { eachChunk } from './chunks.ts';
import type { Digest } from './digest.ts';

/** How a file is hashed. */
export interface HashOptions {
  readonly blake3: Blake3;
  /** Told of the bytes that were read, piece by piece. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The digest of a file of any size.
 * @throws an AbortError when `signal` is aborted; what the system says
 */
export async function hashFile(path: string, { blake3, onBytes, signal }: HashOptions): Promise<Digest> {
  const hasher = blake3.hasher();
  const update = (chunk: Buffer): void => {
    hasher.update(chunk);
    onBytes?.(chunk.length);
  };
  await eachChunk(path, update, signal);
  return hasher.digest();
}
