import { open } from 'node:fs/promises';

const CHUNK = 1 << 20;

/** Hands a file's bytes over piece by piece; the piece is reused, so it must not be kept. */
export async function eachChunk(path: string, use: (chunk: Buffer) => void | Promise<void>): Promise<void> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(size + 1, CHUNK)));
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return;
      await use(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}
