import { open } from 'node:fs/promises';
import { checkAborted } from './abort.ts';

const CHUNK = 1 << 20;

/**
 * Hands a file's bytes over piece by piece; the piece is reused, so it must not be kept. Rejects with an AbortError
 * between two pieces once `signal` is aborted.
 */
export async function eachChunk(
  path: string,
  use: (chunk: Buffer) => void | Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(size + 1, CHUNK)));
    for (;;) {
      checkAborted(signal);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return;
      await use(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}
