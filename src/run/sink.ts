import type { Sink } from '../fingerprint/file.ts';
import { PipeError } from '../problem/problem.ts';
import type { StoreWriter } from '../store/store-writer.ts';

/** Lets a walk put what it finds into the store while it hashes it. `signal` breaks off a large file. */
export function storeSink(writer: StoreWriter, signal?: AbortSignal): Sink {
  return {
    has: (digest, at) => writer.has(digest, at),
    add: (digest, bytes) => writer.addNow(digest, bytes),
    settle: () => writer.settle(),
    file: (path) => writer.addFile(path, signal),
    lost(path) {
      throw new PipeError({
        code: 'PIPE_DEP_MISSING',
        message: `${path} is a link to an object that the cache has lost`,
        hint: 'get it back with `pipe checkout`, or remove the link',
      });
    },
  };
}
