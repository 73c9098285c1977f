import type { Digest } from '../kit/digest.ts';
import type { Entry } from './tree.ts';
import type { NeededObject } from './walk-objects.ts';
import { walkObjects } from './walk-objects.ts';

/** After so many places, each folder is looked into once: few of them can stand for very many paths. */
const MOST_PLACES = 10_000;

/** Something that needs objects: an out of a lock, of a pointer or of a run record. */
export interface NeedingThing {
  readonly entry: Entry;
  /** Relative to the project; that of a run record relative to where its stage works. */
  readonly path: string;
  /** What says so: `data.csv.pipe`, `pipeline.lock:train`, `run of train`. */
  readonly from: string;
}

/** An object that is needed and cannot be had. */
export interface BrokenNeed {
  readonly digest: Digest;
  readonly kind: NeededObject['kind'];
  /** `malformed`: the bytes are right, and are not the list of the folder that they should be. */
  readonly state: 'absent' | 'malformed';
  readonly size: number;
  /** What it is needed for. */
  readonly places: { readonly path: string; readonly from: string }[];
}

/**
 * Looks for everything that some things need.
 * @returns what cannot be had, by digest
 */
export function checkNeeds(
  store: { has(digest: Digest): boolean; read(digest: Digest): Buffer | undefined },
  things: Iterable<NeedingThing>,
): Map<Digest, BrokenNeed> {
  const broken = new Map<Digest, BrokenNeed>();
  const complete = new Set<Digest>();
  let places = 0;
  for (const { entry, path, from } of things) {
    const note = (object: NeededObject, state: BrokenNeed['state']): void => {
      const { digest, kind, size } = object;
      const known = broken.get(digest) ?? { digest, kind, state, size, places: [] };
      broken.set(digest, known);
      known.places.push({ path: object.path, from });
      places += 1;
    };
    /** Places that were known when each folder above was entered. */
    const before: number[] = [];
    walkObjects(store, entry, {
      path,
      visitor: {
        enter(object) {
          // Stores of DVC keep their own.
          if (!object.digest.startsWith('b3:')) return false;
          if (object.kind !== 'dir' && object.kind !== 'part') {
            if (!store.has(object.digest)) note(object, 'absent');
            return false;
          }
          if (complete.has(object.digest)) return false;
          if (places > MOST_PLACES) complete.add(object.digest);
          before.push(places);
          return true;
        },
        leave({ digest }) {
          if (before.pop() === places) complete.add(digest);
        },
        broken(object, bytes) {
          before.pop();
          note(object, bytes === undefined ? 'absent' : 'malformed');
        },
      },
    });
  }
  return broken;
}
