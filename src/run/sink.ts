import type { Sink } from '../fingerprint/file.ts';
import { hashFile } from '../kit/hash-file.ts';
import type { Digest } from '../kit/digest.ts';
import { digestOfRaw } from '../kit/digest.ts';
import type { StoreWriter } from '../store/store-writer.ts';
import { isTree } from '../store/tree.ts';
import type { Engine } from './engine.ts';

/** Lets a walk put what it finds into the store while it hashes it. `signal` breaks off a large file. */
export function storeSink(writer: StoreWriter, signal?: AbortSignal): Sink {
  return {
    has: (digest, at) => writer.has(digest, at),
    add: (digest, bytes) => writer.addNow(digest, bytes),
    settle: () => writer.settle(),
    file: (path, onBytes) => writer.addFile(path, signal, onBytes),
    copies: { temporary: () => writer.temporary(), adopt: (digest, file) => { writer.adopt(digest, file); } }, // prettier-ignore
  };
}

/** Hashes files, stores nothing, and keeps in `trees` the trees of folders that the store does not have. */
export function listingSink({ blake3, store }: Pick<Engine, 'blake3' | 'store'>, trees: Map<Digest, Buffer>): Sink {
  return {
    has: () => true,
    hasTree: (digest) => trees.has(digest) || store.has(digest),
    add(raw, bytes) {
      if (!isTree(bytes)) return false;
      const digest = digestOfRaw(raw);
      if (!store.has(digest)) trees.set(digest, Buffer.from(bytes));
      return false;
    },
    settle: () => Promise.resolve(),
    file: (path, onBytes) => hashFile(path, { blake3, onBytes }),
  };
}
