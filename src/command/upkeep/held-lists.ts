import type { Digest } from '../../kit/digest.ts';
import { digestOfRaw } from '../../kit/digest.ts';
import type { ObjectSet } from '../../remote/object-set.ts';
import { listReader } from '../../remote/read-lists.ts';
import type { Remote } from '../../remote/remote.ts';
import { findWanted } from '../../remote/wanted.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { Entry } from '../../store/tree.ts';

/** No more bytes of lists are held to find names by: names are a help and no more. */
const MOST_HELD = 64 << 20;

/** Lists of folders: those of the store, and some of a remote. */
export class HeldLists {
  readonly #store: ObjectStore;
  readonly #held = new Map<Digest, Buffer>();
  #bytes = 0;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  read(digest: Digest): Buffer | undefined {
    return this.#held.get(digest) ?? this.#store.read(digest);
  }

  /** Brings the lists that some roots need and the store lacks; returns everything that they need. */
  async fetch(remote: Remote, roots: readonly { readonly entry: Entry }[]): Promise<ObjectSet> {
    const lists = listReader(remote, { catalog: await remote.look(), store: this.#store, expected: 0 });
    const { objects } = await findWanted(roots, {
      local: (digest) => this.read(digest),
      remote: async (digests) => {
        if (this.#bytes > MOST_HELD) return digests.map(() => undefined);
        const found = await lists.read(digests);
        for (const [at, raw] of digests.entries()) {
          const bytes = found[at];
          if (bytes === undefined) continue;
          this.#held.set(digestOfRaw(raw), bytes);
          this.#bytes += bytes.length;
        }
        return found;
      },
      signal: remote.signal,
    });
    return objects;
  }
}
