import type { Sink } from '../fingerprint/file.ts';
import type { StoreWriter } from '../store/store-writer.ts';

/** Lets a walk put what it finds into the store while it hashes it. `signal` breaks off a large file. */
export function storeSink(writer: StoreWriter, signal?: AbortSignal): Sink {
  return {
    has: (digest, at) => writer.has(digest, at),
    add: (digest, bytes) => writer.addNow(digest, bytes),
    settle: () => writer.settle(),
    file: (path) => writer.addFile(path, signal),
  };
}
