import type { RawDigest } from '../kit/digest.ts';
import { digestOfRaw, rawOfDigest } from '../kit/digest.ts';
import type { Place } from '../store/place/place.ts';
import { listAll } from './read-object.ts';
import { KEYS, looseKey, looseOfKey } from './remote-layout.ts';
import { ObjectSet } from './object-set.ts';

/** Up to so many objects are asked for one by one; of more, whole lists are asked for. */
const FEW = 32;

/** An object that may lie in a file of its own. */
export interface LooseCandidate {
  readonly digest: RawDigest;
  /** Its bytes, where they are known: one of another size is cut off, and counts as absent. */
  readonly size: number | undefined;
}

/** Which of some objects are there as files of their own, with the sizes that they have there. */
export async function presentLoose(place: Place, candidates: readonly LooseCandidate[]): Promise<ObjectSet> {
  const present = new ObjectSet();
  if (candidates.length <= FEW) {
    const stats = await Promise.all(candidates.map(({ digest }) => place.stat(looseKey(digestOfRaw(digest)))));
    for (const [at, stat] of stats.entries()) note(present, candidates[at], stat?.size);
    return present;
  }
  const wanted = new ObjectSet();
  const shards = new Set<string>();
  for (const { digest, size } of candidates) {
    wanted.add(digest, 0, { size });
    shards.add(digest.toString('hex', 0, 1));
  }
  // Of the most part of them, one list after another takes longer than one list of all.
  const prefixes = [...shards].sort().map((shard) => `${KEYS.loose}${shard}/`);
  await Promise.all(
    prefixes.map(async (prefix) => {
      for (const { key, size } of await listAll(place, prefix)) {
        const digest = looseOfKey(key);
        const raw = digest && rawOfDigest(digest);
        const candidate = raw && wanted.find(raw);
        if (candidate !== undefined) note(present, { digest: raw as RawDigest, size: candidate.size }, size);
      }
    }),
  );
  return present;
}

function note(present: ObjectSet, candidate: LooseCandidate | undefined, size: number | undefined): void {
  if (candidate === undefined || size === undefined) return;
  if (candidate.size === undefined || candidate.size === size) present.add(candidate.digest, 0, { size });
}
