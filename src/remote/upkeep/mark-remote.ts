import type { Digest, RawDigest } from '../../kit/digest.ts';
import { rawOfDigest } from '../../kit/digest.ts';
import { PipeError } from '../../problem/problem.ts';
import { printable } from '../../kit/width.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { Entry } from '../../store/tree.ts';
import type { Catalog } from '../catalog.ts';
import { presentLoose } from '../loose-presence.ts';
import type { NamedObject } from '../name-objects.ts';
import { nameObjects } from '../name-objects.ts';
import type { ObjectSet } from '../object-set.ts';
import { listReader } from '../read-lists.ts';
import type { Remote } from '../remote.ts';
import { findWanted } from '../wanted.ts';

/** Something that is to stay, and where it lies in the project. */
export interface KeptRoot {
  readonly entry: Entry;
  readonly path: string;
}

/** What must stay in a remote. */
export interface RemoteMarks {
  readonly needed: ObjectSet;
  /** Folders that are kept, and whose lists are neither here nor there: nobody knows what they need. */
  readonly absent: readonly NamedObject[];
  readonly hasEntry: (entry: Pick<Entry, 'digest'>) => boolean;
}

/**
 * Marks what roots need, as the lists of folders say: those that are here, and those of the remote.
 * @throws {PipeError} PIPE_STORE_DAMAGED when the remote holds wrong bytes of a list that is not here, or something is
 * no list: it is not known what is needed then
 */
export async function markRemote(
  remote: Remote,
  store: ObjectStore,
  {
    catalog,
    roots,
    onLook,
  }: {
    readonly catalog: Catalog;
    readonly roots: readonly KeptRoot[];
    /** Told how many lists more were read there. */
    readonly onLook?: (lists: number) => void;
  },
): Promise<RemoteMarks> {
  const lists = listReader(remote, { catalog, store, expected: 0 });
  const read = (digest: Digest): Buffer | undefined => store.read(digest);
  const readThere: typeof lists.read = async (digests) => {
    const found = await lists.read(digests);
    onLook?.(digests.length);
    return found;
  };
  const { objects, unknown } = await findWanted(roots, { local: read, remote: readThere, signal: remote.signal });
  const raws = unknown.map(rawOfDigest);
  const loose = await presentLoose(
    remote.place,
    raws.map((digest) => ({ digest, size: undefined })),
  );
  const isDamaged = (digest: RawDigest): boolean =>
    catalog.rows.has(digest) || loose.has(digest) || store.hasRaw(digest);
  const named = (wanted: readonly RawDigest[]): NamedObject[] => {
    const texts = new Set(wanted.map((digest) => digest.toString('hex')));
    const isMeant = (digest: RawDigest): boolean => texts.has(digest.toString('hex'));
    return wanted.length === 0 ? [] : nameObjects(roots, { isMeant, read });
  };
  const damaged = raws.filter(isDamaged);
  if (damaged.length > 0) throw new PipeError(problemsOf(named(damaged), remote.place.name));
  return {
    needed: objects,
    absent: named(raws),
    hasEntry: ({ digest }) => digest.startsWith('b3:') && objects.has(rawOfDigest(digest)),
  };
}

function problemsOf(damaged: readonly NamedObject[], place: string): ConstructorParameters<typeof PipeError>[0] {
  const problem = {
    code: 'PIPE_STORE_DAMAGED',
    hint: 'run `pipe fsck --remote --repair` or `pipe push --verify` where it is at hand',
  } as const;
  // Where it lies inside a folder whose own list is not here, it has no name.
  if (damaged.length === 0) {
    return { ...problem, message: `a list of a folder is damaged in ${place}, so it is not known what is needed` };
  }
  return damaged.slice(0, 10).map(({ path }) => ({
    ...problem,
    message: `the list of the folder ${printable(path)} is damaged in ${place}, so it is not known what is needed`,
  }));
}
