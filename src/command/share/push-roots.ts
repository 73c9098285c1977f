import { posix } from 'node:path';
import type { RawDigest } from '../../kit/digest.ts';
import { nearest } from '../../kit/nearest.ts';
import type { Problem } from '../../problem/problem.ts';
import { PipeError } from '../../problem/problem.ts';
import type { Reached } from '../../remote/reach.ts';
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
 * @param maxSize bytes of what is wanted: larger files and folders are left out
 * @throws {PipeError} PIPE_TARGET_UNKNOWN with the paths that a folder whose list is known does not have
 */
export async function findRoots(
  remote: Remote,
  store: ObjectStore,
  { things, keep, maxSize = Infinity }: { readonly things: readonly SharedThing[]; readonly keep: boolean; readonly maxSize?: number }, // prettier-ignore
): Promise<FoundRoots> {
  const roots: (PushRoot & { thing: SharedThing })[] = [];
  const lost: string[] = [];
  const problems: Problem[] = [];
  for (const thing of things) {
    const path = pathOfThing(thing);
    if (thing.below === '') {
      roots.push({ entry: thing.entry, path, thing });
      continue;
    }
    const reached = await reach(listsFrom(remote, store, { keep }), thing.entry, thing.below);
    const { entry, around } = reached;
    if (entry !== undefined && entry.size > maxSize) continue;
    if (entry !== undefined) roots.push({ entry, path, around, thing });
    else if (reached.isUnknown) problems.push(noPart(thing, reached));
    else lost.push(path);
  }
  if (problems.length > 0) throw new PipeError(problems);
  return { roots, lost };
}

function noPart(thing: SharedThing, { near }: Reached): Problem {
  const folder = posix.join(thing.path, near.folder);
  const name = posix.relative(folder, pathOfThing(thing)).split('/')[0] ?? '';
  const meant = nearest(name, near.names);
  return {
    code: 'PIPE_TARGET_UNKNOWN',
    message: `${pathOfThing(thing)} is not part of ${thing.path}, as ${thing.from} records it`,
    hint: meant === undefined ? 'check the spelling' : `did you mean "${posix.join(folder, meant)}"?`,
  };
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
