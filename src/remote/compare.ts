import type { Digest, RawDigest } from '../kit/digest.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { NamedObject } from './name-objects.ts';
import { nameObjects } from './name-objects.ts';
import type { PushRoot } from './push.ts';
import { lookFor } from './presence.ts';
import { listReader } from './read-lists.ts';
import type { Remote } from './remote.ts';
import { hasFormat } from './remote.ts';
import { findWanted } from './wanted.ts';

/** Objects, and their bytes as far as they are known. */
export interface Tally {
  objects: number;
  bytes: number;
}

/** How the local store and a remote differ in what a root needs. Objects of several roots count for the first. */
export interface ComparedRoot {
  readonly root: PushRoot;
  /** Here, and not there. */
  readonly new: Tally;
  /** There, and not here. */
  readonly deleted: Tally;
  /** Neither here nor there. */
  readonly missing: Tally;
}

export interface Compared {
  readonly roots: readonly ComparedRoot[];
  readonly objects: number;
  /** What is neither here nor there, by path. */
  readonly missing: readonly NamedObject[];
}

/** Compares what the local store and a remote have of what roots need. Changes nothing. */
export async function compare(remote: Remote, store: ObjectStore, roots: readonly PushRoot[]): Promise<Compared> {
  const [, catalog] = await Promise.all([hasFormat(remote.place), remote.look()]);
  const lists = listReader(remote, { catalog, store, expected: 0 });
  const read = (digest: Digest): Buffer | undefined => store.read(digest);
  const { objects, unknown } = await findWanted(
    roots.map(({ entry }, group) => ({ entry, group })),
    {
      local: read,
      remote: lists.read,
      alone: roots.flatMap(({ around = [] }) => around),
      signal: remote.signal,
    },
  );
  const { absent } = await lookFor(remote, catalog, { objects });
  const nothing = (): Tally => ({ objects: 0, bytes: 0 });
  const compared = roots.map((root) => ({ root, new: nothing(), deleted: nothing(), missing: nothing() }));
  objects.each((digest, at, { group, size = 0 }) => {
    const isHere = store.hasRaw(digest, at);
    const isThere = !absent.has(digest, at);
    const tally = isHere && isThere ? undefined : compared[group]?.[isHere ? 'new' : isThere ? 'deleted' : 'missing'];
    if (tally === undefined) return;
    tally.objects += 1;
    tally.bytes += size;
  });
  const lost = new Set(unknown);
  const isMissing = compared.some(({ missing }) => missing.objects > 0) || lost.size > 0;
  const isMeant = (digest: RawDigest): boolean => absent.has(digest) && !store.hasRaw(digest);
  return {
    roots: compared,
    objects: objects.count,
    missing: isMissing ? nameObjects(roots, { isMeant, read }) : [],
  };
}
