import type { RawDigest } from '../../kit/digest.ts';
import { reach } from '../../remote/reach.ts';
import { listReader } from '../../remote/read-lists.ts';
import type { PushRoot } from '../../remote/push.ts';
import type { Remote } from '../../remote/remote.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { SharedThing } from './thing.ts';
import { pathOfThing } from './thing.ts';

/** The roots of things, of which some are parts of tracked folders, and parts that cannot be found. */
export interface FoundRoots {
  readonly roots: readonly (PushRoot & { readonly thing: SharedThing })[];
  readonly lost: readonly string[];
}

/**
 * Finds what is meant inside tracked folders. Lists of folders that are not here are read from the remote.
 * @param keep keeps such lists in the store
 */
export async function findRoots(
  remote: Remote,
  store: ObjectStore,
  { things, keep }: { readonly things: readonly SharedThing[]; readonly keep: boolean },
): Promise<FoundRoots> {
  const roots: (PushRoot & { thing: SharedThing })[] = [];
  const lost: string[] = [];
  for (const thing of things) {
    const path = pathOfThing(thing);
    if (thing.below === '') {
      roots.push({ entry: thing.entry, path, thing });
      continue;
    }
    const { entry, around } = await reach(listsFrom(remote, store, { keep }), thing.entry, thing.below);
    if (entry === undefined) lost.push(path);
    else roots.push({ entry, path, around, thing });
  }
  return { roots, lost };
}

/** Lists of the local store, and those of a remote, which is looked at when one is missing. */
export function listsFrom(
  remote: Remote,
  store: ObjectStore,
  { keep }: { readonly keep: boolean },
): Parameters<typeof reach>[0] {
  let reading: Promise<ReturnType<typeof listReader>> | undefined;
  return {
    local: (digest) => store.read(digest),
    async remote(digests: readonly RawDigest[]) {
      reading ??= remote.look().then((catalog) => listReader(remote, { catalog, store, expected: 0 }));
      const found = await (await reading).read(digests);
      if (keep) for (const bytes of found) if (bytes !== undefined) await store.put(bytes);
      return found;
    },
  };
}
