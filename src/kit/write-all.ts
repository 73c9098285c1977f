import type { FileHandle } from 'node:fs/promises';

/** Writes all of some bytes at an offset of a file: the system may take a part of them at a time. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}
