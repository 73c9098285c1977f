import { createCipheriv } from 'node:crypto';

/** Bytes that look random to every tool that compresses or looks for repetitions, and are the same each time. */
export interface ByteStream {
  /** The next bytes, in a buffer of their own. */
  take(count: number): Buffer;
}

const KEY_BYTES = 16;

/** How much is made at once: a call for each small file would cost more than its bytes. */
const BLOCK = Buffer.alloc(1024 * 1024);

/** A stream of bytes that its seed alone decides on: AES in counter mode, which processors do by themselves. */
export function createByteStream(seed: number): ByteStream {
  const key = Buffer.alloc(KEY_BYTES);
  key.writeUInt32LE(seed);
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(KEY_BYTES));
  let left: Buffer = Buffer.alloc(0);
  return {
    take(count) {
      const taken = Buffer.allocUnsafe(count);
      for (let filled = 0; filled < count;) {
        if (left.length === 0) left = cipher.update(BLOCK);
        const copied = left.copy(taken, filled);
        filled += copied;
        left = left.subarray(copied);
      }
      return taken;
    },
  };
}
