import type { Digest } from '../kit/digest.ts';
import { appendTo } from '../kit/append-to.ts';
import type { Place, PlaceEntry } from '../store/place/place.ts';
import { eachAtOnce } from './byte-limit.ts';
import { listAll, listUpTo } from './read-object.ts';
import { KEYS, runOfKey, runsPrefix } from './remote-layout.ts';

/** Finds the run records of a remote under some stage keys: where they lie. */
export type FindRecords = (keys: readonly Digest[]) => Promise<readonly PlaceEntry[]>;

/** Up to so many keys are asked for one by one; who asks for more has a long pipeline, and gets all records listed once. */
const FEW = 8;

/** A list that is older does not say that something is not there, in milliseconds. */
const OLD_MS = 60_000;

/** Of a remote with more records than these pages hold, each key is asked for. */
export const MOST_PAGES = 10;

/**
 * A search for run records that stays quick for many keys, whether they come together or one after another: a stage's key
 * is known only when the record of the stage before it is.
 * @param few when a list of all has no more records than this, all of them are found with the next key: in a chain of
 *   stages each would be waited for else
 * @param now milliseconds, for tests
 */
export function recordFinder(
  place: Place,
  { few, now = () => performance.now() }: { readonly few: number; readonly now?: () => number },
): FindRecords {
  let asked = 0;
  let listing: Promise<ReadonlyMap<Digest, PlaceEntry[]> | undefined> | undefined;
  let isAllFound = false;
  let listedAt = -Infinity;
  return async (keys) => {
    asked += keys.length;
    const list = (): NonNullable<typeof listing> => {
      listedAt = now();
      isAllFound = false;
      return (listing = listByKey(place));
    };
    if (asked > FEW) listing ??= list();
    let listed = await listing;
    // In a long run others push, too: what is not there is looked for anew from time to time.
    const isOld = listed !== undefined && now() - listedAt > OLD_MS;
    if (isOld && keys.some((key) => listed?.has(key) !== true)) listed = await list();
    if (listed === undefined) return findEach(place, keys);
    const all = isAllFound ? [] : [...listed.values()].flat();
    const isFew = all.length > 0 && all.length <= few;
    isAllFound ||= isFew;
    return isFew ? all : keys.flatMap((key) => listed.get(key) ?? []);
  };
}

async function findEach(place: Place, keys: readonly Digest[]): Promise<PlaceEntry[]> {
  const found: PlaceEntry[] = [];
  await eachAtOnce(keys, place.concurrency, async (key) => {
    found.push(...(await listAll(place, runsPrefix(key))));
  });
  return found;
}

/** All records by their stage key; `undefined` where there are too many. */
async function listByKey(place: Place): Promise<Map<Digest, PlaceEntry[]> | undefined> {
  const found = new Map<Digest, PlaceEntry[]>();
  const all = await listUpTo(place, KEYS.runs, MOST_PAGES);
  if (all === undefined) return undefined;
  for (const entry of all) {
    const run = runOfKey(entry.key);
    if (run !== undefined) appendTo(found, run.key, entry);
  }
  return found;
}
