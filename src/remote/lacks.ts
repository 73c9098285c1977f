import type { Digest } from '../kit/digest.ts';
import { rawOfDigest } from '../kit/digest.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Entry } from '../store/tree.ts';
import type { Catalog } from './catalog.ts';
import { ObjectSet } from './object-set.ts';
import { lookFor } from './presence.ts';
import { keepingLists, listReader } from './read-lists.ts';
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
  const look = await lookAt(remote, store, { catalog, entries: known });
  const found: (Lack | undefined)[] = [];
  for (const entry of entries) {
    const { digest, kind } = entry;
    if (!digest.startsWith('b3:') || look.isAbsent(digest)) found.push({ objects: 1, isBegun: false });
    else if (kind !== 'dir' || look.isWhole) found.push(undefined);
    else {
      const objects = await look.count(entry);
      found.push(objects === 0 ? undefined : { objects, isBegun: true });
    }
  }
  return found;
}

interface Absent {
  /** Whether nothing is absent. */
  readonly isWhole: boolean;
  readonly isAbsent: (digest: Digest) => boolean;
  /** How many objects of one of the entries are. Asks the remote nothing: the lists that came are kept until then. */
  readonly count: (entry: Entry) => Promise<number>;
}

async function lookAt(remote: Remote, store: ObjectStore, { catalog, entries }: Look): Promise<Absent> {
  const { read, came } = keepingLists(listReader(remote, { catalog, store, expected: 0 }));
  const { signal } = remote;
  const { objects, unknown } = await findWanted(
    entries.map((entry) => ({ entry })),
    {
      local: (digest) => store.read(digest),
      remote: read,
      signal,
    },
  );
  // A list that came is there, and one that nobody has is told apart.
  const files = new ObjectSet();
  objects.each((digest, at, { size }) => {
    if (size !== undefined && !store.hasRaw(digest, at)) files.add(digest, at, { size });
  });
  const { absent } = await lookFor(remote, catalog, { objects: files });
  const lost = new Set(unknown);
  return {
    isWhole: absent.count + lost.size === 0,
    isAbsent: (digest) => lost.has(digest) || absent.has(rawOfDigest(digest)),
    async count(entry) {
      const own = await findWanted([{ entry }], { local: (digest) => came.get(digest) ?? store.read(digest), signal });
      return own.unknown.length + own.objects.filter((digest, at) => absent.has(digest, at)).count;
    },
  };
}
