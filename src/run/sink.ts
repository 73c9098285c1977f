import type { Sink } from '../fingerprint/file.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** Lets a walk over outs put what it finds into the store while it hashes it. `signal` breaks off a large file. */
export function storeSink(store: ObjectStore, signal?: AbortSignal): Sink {
  return {
    has: (digest) => store.has(digest),
    file: async (path) => (await store.ingest(path, signal)).digest,
    bytes: (text) => store.put(text),
  };
}
