import type { Problem } from '../../problem/problem.ts';
import { absentPlace } from '../../remote/absent-place.ts';
import type { Fetched } from '../../remote/fetch.ts';
import { fetchRoots } from '../../remote/fetch.ts';
import type { NamedObject } from '../../remote/name-objects.ts';
import { nameObjects } from '../../remote/name-objects.ts';
import { rootsOfRuns } from '../../remote/pushed-logs.ts';
import { fetchRecords } from '../../remote/records.ts';
import { hasFormat } from '../../remote/remote.ts';
import type { RawDigest } from '../../kit/digest.ts';
import type { Context, GlobalOptions } from '../command.ts';
import type { DataProject } from '../data-project.ts';
import type { RemoteShare } from './open-remotes.ts';
import { withRemote } from './open-remotes.ts';
import type { ChoiceValues } from './choose.ts';
import { maxSizeOf } from './choose.ts';
import type { ShareValues } from './options.ts';
import { transferProgress } from './progress.ts';
import { findRoots } from './push-roots.ts';
import type { SharedThing } from './thing.ts';

/** What came from a remote, and what did not. */
export interface FetchedShare {
  readonly name: string;
  /** `null` where its options make no sense, and where nobody wants to know. */
  readonly place: string | null;
  readonly objects: number;
  readonly bytes: number;
  readonly records: number;
  /** What the remote does not have. */
  readonly absent: readonly NamedObject[];
  /** Of what it holds wrong bytes. */
  readonly wrong: readonly NamedObject[];
  /** Why it may lack so much: it is not there at all, or cannot be asked. */
  readonly problems: readonly Problem[];
  /** Things of which the cache had all: the remote was not asked for them. */
  readonly here: number;
  /** Whether the remote failed before all came. What came before is in the cache, and not counted. */
  readonly isCut: boolean;
  /** Whether all run records were wanted of it, too. */
  readonly wantsRecords: boolean;
}

export interface FetchTo {
  readonly share: RemoteShare;
  readonly context: Context;
  readonly global: GlobalOptions;
  readonly options: Pick<ShareValues, 'jobs'> & ChoiceValues;
  /** Whether all run records come, with what they made. */
  readonly runCache: boolean;
  /** Called with things that are complete, or as complete as can be. */
  readonly onComplete?: (things: readonly SharedThing[]) => Promise<void>;
  /** Whether a thing is about to be put in place, where nothing lies yet. */
  readonly isNew?: (thing: SharedThing) => boolean;
}

/** Things are handed on in groups of at least so many bytes. */
const GROUP_BYTES = 32 << 20;

/** Brings what is shared with a remote into the local store. */
export async function fetchShare(data: DataProject, { share, ...how }: FetchTo): Promise<FetchedShare> {
  const { context, global, options, runCache, onComplete, isNew } = how;
  const { name, things } = share;
  const { store } = data.engine;
  const maxSize = maxSizeOf(options);
  return withRemote(data.engine, { name, context, options }, async (remote) => {
    const progress = transferProgress(context, global, `fetching from ${name}`);
    try {
      await hasFormat(remote.place);
      const { roots, lost } = await findRoots(remote, store, { things, keep: true, maxSize });
      const groups = groupsOf(roots.map(({ entry }) => entry.size));
      const { came, here } = runCache ? await fetchRecords(remote, store, { name }) : { came: [], here: [] };
      // A record may have come by itself before, with `repro --pull`: what its run made comes now.
      const outs = await rootsOfRuns(remote, store, { records: [...came, ...here], maxSize });
      const grouped = roots.map(({ entry }, at) => ({ entry, group: groups[at] ?? 0 }));
      const fetched = await fetchRoots(remote, store, {
        roots: grouped,
        beginSpare: async (group) => {
          const isOfUse = roots.some(({ thing }, at) => groups[at] === group && isNew?.(thing) === true);
          return isOfUse ? store.spares.begin(data.engine.project.root, data.engine.links) : undefined;
        },
        onProgress: progress.onProgress,
        onGroup: async (group) => {
          progress.end();
          await onComplete?.(roots.filter((_, at) => groups[at] === group).map(({ thing }) => thing));
        },
      });
      // Apart from what is tracked: a record may say a false size of the same bytes. What it lacks is nobody's loss.
      const made = outs.length === 0 ? undefined : await fetchRoots(remote, store, { roots: outs, onProgress: progress.onProgress }); // prettier-ignore
      const named = nameMissing(fetched, roots, (digest) => store.read(digest));
      const unfound = lost.map((path) => ({ path, size: 0 }));
      const isMissing = named.absent.length + unfound.length > 0;
      return {
        name,
        place: remote.place.name,
        objects: fetched.objects + (made?.objects ?? 0),
        bytes: fetched.bytes + (made?.bytes ?? 0),
        records: came.length,
        absent: [...named.absent, ...unfound],
        wrong: named.wrong,
        problems: isMissing ? await absentPlace(name, remote.place) : [],
        here: 0,
        isCut: false,
        wantsRecords: runCache,
      };
    } finally {
      store.spares.discard();
      progress.end();
    }
  });
}

/** The group of each root: roots in a row that are large enough together. */
function groupsOf(sizes: readonly number[]): number[] {
  let [group, bytes] = [0, 0];
  return sizes.map((size) => {
    if (bytes >= GROUP_BYTES) [group, bytes] = [group + 1, 0];
    bytes += size;
    return group;
  });
}

function nameMissing(
  { absent, wrong }: Fetched,
  roots: Parameters<typeof nameObjects>[0],
  read: Parameters<typeof nameObjects>[1]['read'],
): Pick<FetchedShare, 'absent' | 'wrong'> {
  const name = (set: Fetched['absent']): NamedObject[] =>
    set.count === 0 ? [] : nameObjects(roots, { isMeant: (digest: RawDigest) => set.has(digest), read });
  return { absent: name(absent), wrong: name(wrong) };
}
