import { indexFolder } from '../../index/location.ts';
import { appendTo } from '../../kit/append-to.ts';
import { openRemote, remoteNamed } from '../../remote/open-remote.ts';
import type { Remote } from '../../remote/remote.ts';
import { remoteIn } from '../../remote/remote.ts';
import type { Engine } from '../../run/engine.ts';
import type { Place } from '../../store/place/place.ts';
import type { Context } from '../command.ts';
import { isAtHand } from './at-hand.ts';
import { jobsOf } from './options.ts';
import type { ShareValues } from './options.ts';
import type { SharedThing } from './thing.ts';
import { isFromRepository } from './thing.ts';

/** A remote of the project, and what is shared with it. */
export interface RemoteShare {
  /** What the configuration calls it. */
  readonly name: string;
  readonly things: readonly SharedThing[];
}

/** What is shared with which remote, and what with none. */
export interface Shares {
  readonly shares: readonly RemoteShare[];
  /** What says that it is never pushed. */
  readonly kept: readonly SharedThing[];
  /** What belongs to other remotes than the one that was asked for. */
  readonly elsewhere: readonly SharedThing[];
}

/**
 * Which things go to which remote: an out with a remote of its own goes there alone; all others to the one that was asked
 * for, or the default one.
 * @throws {PipeError} PIPE_REMOTE_NONE, PIPE_REMOTE_UNKNOWN
 */
export function sharesOf({ project }: Engine, things: readonly SharedThing[], asked: string | undefined): Shares {
  const byRemote = new Map<string, SharedThing[]>();
  const [kept, elsewhere]: [SharedThing[], SharedThing[]] = [[], []];
  // Said also where nothing is shared: whoever names a remote wants to know that there is none.
  const needsDefault = asked !== undefined || things.length === 0 || things.some(isForUsual);
  const usual = needsDefault ? remoteNamed(project.config, asked) : undefined;
  for (const thing of things) {
    const { push, remote = usual } = thing.sharing;
    if (push === false) kept.push(thing);
    else if (remote === undefined || (asked !== undefined && remote !== asked)) elsewhere.push(thing);
    else appendTo(byRemote, remote, thing);
  }
  return { shares: [...byRemote].map(([name, own]) => ({ name, things: own })), kept, elsewhere };
}

/** Whether a thing of the workspace, or one of a revision that goes where this project has a remote. */
export function hasKnownRemote(
  { project: { config } }: Engine,
  thing: SharedThing,
  asked: string | undefined,
): boolean {
  if (thing.selected !== undefined) return true;
  const { remote = asked ?? config.get('core.remote') } = thing.sharing;
  return remote !== undefined && config.remotes().includes(remote);
}

/** Whether something can be had where it was imported from alone, since the project has no remote that is meant. */
export function isSourced({ project: { config } }: Engine, { imported, sharing }: SharedThing): boolean {
  if (imported?.kind !== 'url' || sharing.push === false || sharing.remote !== undefined) return false;
  return config.get('core.remote') === undefined;
}

/** Whether the cache has all of something that would come from the default remote, and there is none: nobody is asked. */
export function needsNoRemote({ engine }: { readonly engine: Engine }, thing: SharedThing): boolean {
  const isNone = engine.project.config.get('core.remote') === undefined;
  return isNone && isForUsual(thing) && isAtHand({ engine }, thing);
}

function isForUsual(thing: SharedThing): boolean {
  const isElsewhere = isFromRepository(thing) && thing.sharing.push === false;
  return !isElsewhere && thing.sharing.remote === undefined;
}

/** Opens a remote, does something with it, and closes it. */
export async function withRemote<T>(
  { project, blake3, store }: Engine,
  {
    name,
    context,
    options,
  }: { readonly name: string; readonly context: Context; readonly options: Pick<ShareValues, 'jobs'> },
  work: (remote: Remote) => Promise<T>,
): Promise<T> {
  const { env, signal } = context;
  const jobs = jobsOf(options);
  const { place } = await openRemote(project, { name, env, signal, jobs });
  const opened = [place];
  const lasting = async (): Promise<Place> => {
    const { place: another } = await openRemote(project, { name, env, jobs });
    opened.push(another);
    return another;
  };
  try {
    const cacheFolder = indexFolder(place.identity, env);
    return await work(remoteIn(place, { blake3, layout: store.layout, cacheFolder, jobs, signal, lasting }));
  } finally {
    for (const each of opened) each.close();
  }
}
