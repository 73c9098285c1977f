import type { Digest } from '../kit/digest.ts';
import { rawOfDigest } from '../kit/digest.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Entry } from '../store/tree.ts';
import type { Catalog } from './catalog.ts';
import { ObjectSet } from './object-set.ts';
import { lookFor } from './presence.ts';
import { listReader } from './read-lists.ts';
import type { Remote } from './remote.ts';
import { findWanted } from './wanted.ts';

/** What keeps an entry from being had as a whole. */
export interface Lack {
  /** Objects that are neither here nor there, as far as the lists tell that are. */
  readonly objects: number;
  /** Whether what stands for it can be had: the file, or the list of the folder. */
  readonly isBegun: boolean;
}

interface Look {
  readonly catalog: Catalog;
  readonly entries: readonly Entry[];
}

/**
 * Which entries the local store and a remote do not have together. Each object is looked for by itself: the list of a
 * folder says nothing of what it lists. Lists are read, and not kept; no file is.
 * @returns in the order of the entries; `undefined` for one that can be had
 */
export async function findLacks(
  remote: Remote,
  store: ObjectStore,
  { catalog, entries }: Look,
): Promise<(Lack | undefined)[]> {
  const known = entries.filter(({ digest }) => digest.startsWith('b3:'));
  const all = await lookAt(remote, store, { catalog, entries: known });
  const found: (Lack | undefined)[] = [];
  for (const entry of entries) {
    const { digest, kind } = entry;
    if (!digest.startsWith('b3:') || all.has(digest)) found.push({ objects: 1, isBegun: false });
    else if (kind !== 'dir' || all.count === 0) found.push(undefined);
    else {
      const { count } = await lookAt(remote, store, { catalog, entries: [entry] });
      found.push(count === 0 ? undefined : { objects: count, isBegun: true });
    }
  }
  return found;
}

interface Absent {
  readonly count: number;
  readonly has: (digest: Digest) => boolean;
}

async function lookAt(remote: Remote, store: ObjectStore, { catalog, entries }: Look): Promise<Absent> {
  const lists = listReader(remote, { catalog, store, expected: 0 });
  const { objects, unknown } = await findWanted(
    entries.map((entry) => ({ entry })),
    { local: (digest) => store.read(digest), remote: lists.read, signal: remote.signal },
  );
  // A list that came is there, and one that nobody has is told apart.
  const files = new ObjectSet();
  objects.each((digest, at, { size }) => {
    if (size !== undefined && !store.hasRaw(digest, at)) files.add(digest, at, { size });
  });
  const { absent } = await lookFor(remote, catalog, { objects: files });
  const lost = new Set(unknown);
  return {
    count: absent.count + lost.size,
    has: (digest) => lost.has(digest) || absent.has(rawOfDigest(digest)),
  };
}
