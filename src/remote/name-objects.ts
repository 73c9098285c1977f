import type { Digest, RawDigest } from '../kit/digest.ts';
import { rawOfDigest } from '../kit/digest.ts';
import type { Entry } from '../store/tree.ts';
import type { NeededObject } from '../store/walk-objects.ts';
import { walkObjects } from '../store/walk-objects.ts';

/** An object under the name that people know it by. */
export interface NamedObject {
  /** Absent where only its path is known. */
  readonly digest?: Digest;
  /** Relative to the project. Of a list, the folder. */
  readonly path: string;
  readonly size: number;
}

/** After so many paths, each folder is looked into once: few of them can stand for very many paths. */
const MOST_PATHS = 10_000;

/** Which objects are looked for, and how. */
export interface Sought {
  /** Whether an object is one of them. */
  readonly isMeant: (digest: RawDigest) => boolean;
  /** The bytes of lists, as far as they are here. */
  readonly read: (digest: Digest) => Buffer | undefined;
}

interface Root {
  readonly entry: Entry;
  /** Relative to the project. */
  readonly path: string;
}

/** The paths for which some objects are needed, in the order of the roots. */
export function nameObjects(roots: Iterable<Root>, sought: Sought): NamedObject[] {
  return placesOf(roots, sought).map(({ digest, path, size }) => ({ digest, path, size }));
}

/** A place where an object is needed, and the root that it is needed for. */
export interface NeedingPlace<R> extends NeededObject {
  readonly root: R;
}

/** The same with what each object is, and the root. */
export function placesOf<R extends Root>(roots: Iterable<R>, { isMeant, read }: Sought): NeedingPlace<R>[] {
  const found: NeedingPlace<R>[] = [];
  const complete = new Set<Digest>();
  for (const root of roots) {
    const { entry, path: at } = root;
    const before: number[] = [];
    walkObjects({ read }, entry, {
      path: at,
      visitor: {
        enter({ digest, kind, path, size }) {
          if (!digest.startsWith('b3:')) return false;
          const isList = kind === 'dir' || kind === 'part';
          if (isList && complete.has(digest)) return false;
          if (isMeant(rawOfDigest(digest))) found.push({ digest, path, size, kind, root });
          if (isList && found.length > MOST_PATHS) complete.add(digest);
          if (isList) before.push(found.length);
          return isList;
        },
        leave({ digest }) {
          if (before.pop() === found.length) complete.add(digest);
        },
        broken() {
          before.pop();
        },
      },
    });
  }
  return found;
}
