import type { RawDigest } from '../../kit/digest.ts';
import type { Problem } from '../../problem/problem.ts';
import { PipeError } from '../../problem/problem.ts';
import type { NamedObject } from '../../remote/name-objects.ts';
import { nameObjects } from '../../remote/name-objects.ts';
import { entryAt } from '../../store/entry-at.ts';
import type { DataProject } from '../data-project.ts';
import type { FailedImport } from '../source/failed.ts';
import { isAtHand } from './at-hand.ts';
import type { FetchedShare, FetchTo } from './fetch-to.ts';
import { fetchShare } from './fetch-to.ts';
import type { RemoteShare } from './open-remotes.ts';
import { withRemote } from './open-remotes.ts';
import type { ShareValues } from './options.ts';
import type { SharedThing } from './thing.ts';
import { pathOfThing } from './thing.ts';

type How = Omit<FetchTo, 'share'> & { readonly options: Pick<ShareValues, 'remote'> };

/**
 * Brings what is shared with remotes into the local store. A remote is asked for what is not there, and not at all where
 * nothing is wanted of it; one that fails keeps nothing from coming that others have, or that is here.
 * @throws {PipeError} what is no fault of a remote
 */
export async function fetchShares(
  data: DataProject,
  shares: readonly RemoteShare[],
  how: How,
): Promise<FetchedShare[]> {
  const done: FetchedShare[] = [];
  for (const share of shares) done.push(await fetchLacking(data, share, how));
  return done;
}

async function fetchLacking(data: DataProject, { name, things }: RemoteShare, how: How): Promise<FetchedShare> {
  const { runCache, context, onComplete } = how;
  const { here, lacking } = divideByHand(data, things);
  await onComplete?.(here);
  if (lacking.length === 0 && !runCache) return nothingFrom({ name, place: await placeFor(data, name, how), here });
  const placed = new Set<SharedThing>();
  const onPlaced = async (some: readonly SharedThing[]): Promise<void> => {
    for (const each of some) placed.add(each);
    await onComplete?.(some);
  };
  try {
    const fetched = await fetchShare(data, { ...how, share: { name, things: lacking }, onComplete: onPlaced });
    return { ...fetched, here: here.length };
  } catch (error) {
    const problems = faultOf(error, context.signal);
    const absent = missingOf(data, lacking);
    await onComplete?.(lacking.filter((thing) => !placed.has(thing)));
    const cut = nothingFrom({ name, place: await placeOf(data, name, how).catch(nowhere), here });
    // What came before it failed may have been all that is needed.
    return absent.length === 0 && !runCache ? cut : { ...cut, absent, problems, isCut: true, wantsRecords: runCache };
  }
}

/** What the store has all of, and the rest. */
export function divideByHand(
  data: DataProject,
  things: readonly SharedThing[],
): { readonly here: readonly SharedThing[]; readonly lacking: readonly SharedThing[] } {
  data.engine.store.hold();
  const here = new Set(things.filter((thing) => isAtHand(data, thing)));
  return { here: [...here], lacking: things.filter((thing) => !here.has(thing)) };
}

/**
 * The problems of a remote that could not be asked, or not for all.
 * @throws the error itself where it is none of a remote, or a stop
 */
export function faultOf(error: unknown, signal: AbortSignal): readonly Problem[] {
  const isOfRemote = ({ code }: Problem): boolean => code.startsWith('PIPE_REMOTE_') || code.startsWith('PIPE_ENV_');
  if (error instanceof PipeError && !signal.aborted && error.problems.every(isOfRemote)) return error.problems;
  throw error;
}

/** What the store lacks of things, as far as its lists name it. */
export function missingOf({ engine: { store } }: DataProject, things: readonly SharedThing[]): NamedObject[] {
  store.hold();
  const sought = {
    isMeant: (digest: RawDigest) => !store.hasRaw(digest),
    read: (digest: NonNullable<NamedObject['digest']>) => store.read(digest),
  };
  return things.flatMap((thing): NamedObject[] => {
    const path = pathOfThing(thing);
    const entry = entryAt(store, thing.entry, thing.below);
    return entry === undefined ? [{ path, size: 0 }] : nameObjects([{ entry, path }], sought);
  });
}

function nothingFrom({
  name,
  place,
  here,
}: Pick<FetchedShare, 'name' | 'place'> & { readonly here: readonly SharedThing[] }): FetchedShare {
  const none = { objects: 0, bytes: 0, records: 0, absent: [], wrong: [], problems: [] };
  return { name, place, ...none, here: here.length, isCut: false, wantsRecords: false };
}

/** Where a remote is that nothing is wanted of: for programs, and where it was named, since it may be none. */
async function placeFor(data: DataProject, name: string, how: How): Promise<string | null> {
  if (how.options.remote !== undefined) return placeOf(data, name, how);
  return how.global.json ? placeOf(data, name, how).catch(nowhere) : null;
}

/**
 * Where a remote is. Asks nothing of it.
 * @throws {PipeError} what is wrong with its options
 */
export async function placeOf(
  { engine }: DataProject,
  name: string,
  { context, options }: Pick<How, 'context' | 'options'>,
): Promise<string> {
  return withRemote(engine, { name, context, options }, ({ place }) => Promise.resolve(place.name));
}

/** Of a remote whose options make no sense. */
export function nowhere(error: unknown): null {
  if (error instanceof PipeError) return null;
  throw error;
}

/** Whether a remote has failed that something is still wanted of. */
export function isAnyCut(done: readonly FetchedShare[]): boolean {
  return done.some(({ isCut }) => isCut);
}

/** @throws {PipeError} what kept remotes and sources from giving anything, where nothing was here or came from others */
export function refuseIfOnlyFailed(
  done: readonly FetchedShare[],
  failed: readonly FailedImport[],
  isAnythingElse: boolean,
): void {
  const faults = [...done.filter(({ isCut }) => isCut), ...failed].flatMap(({ problems }) => problems);
  const isAnything = isAnythingElse || done.some(({ isCut, here }) => !isCut || here > 0);
  if (faults.length > 0 && !isAnything) throw new PipeError(faults);
}
