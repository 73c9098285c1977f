import type { Digest, RawDigest } from '../kit/digest.ts';
import { rawOfDigest } from '../kit/digest.ts';
import type { Entry } from '../store/tree.ts';
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

/**
 * The paths for which some objects are needed, in the order of the roots.
 * @param isMeant whether an object is one of them
 * @param read the bytes of lists, as far as they are here
 */
export function nameObjects(
  roots: Iterable<{ readonly entry: Entry; readonly path: string }>,
  {
    isMeant,
    read,
  }: { readonly isMeant: (digest: RawDigest) => boolean; readonly read: (digest: Digest) => Buffer | undefined },
): NamedObject[] {
  const found: NamedObject[] = [];
  const complete = new Set<Digest>();
  for (const { entry, path: at } of roots) {
    const before: number[] = [];
    walkObjects({ read }, entry, {
      path: at,
      visitor: {
        enter({ digest, kind, path, size }) {
          if (!digest.startsWith('b3:')) return false;
          const isList = kind === 'dir' || kind === 'part';
          if (isList && complete.has(digest)) return false;
          if (isMeant(rawOfDigest(digest))) found.push({ digest, path, size });
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
