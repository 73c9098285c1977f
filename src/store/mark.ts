import type { Digest, RawDigest } from '../kit/digest.ts';
import { rawOfDigest } from '../kit/digest.ts';
import { DigestMap, NOWHERE } from './digest-map.ts';
import type { StoredObjects } from './stored-objects.ts';
import type { Entry } from './tree.ts';
import type { NeededObject } from './walk-objects.ts';
import { walkObjects } from './walk-objects.ts';

/** Which objects are needed, and why it may not be known of some. */
export class Marks {
  readonly #objects: StoredObjects;
  readonly #marked = new DigestMap();
  /** The folders, and parts of them, whose objects are marked. */
  readonly #folders = new Set<Digest>();
  /** Folders whose lists are not in the store, any more or ever: nobody knows what of it they need. */
  readonly absent: NeededObject[] = [];
  /** Folders whose lists lie there and are damaged. */
  readonly damaged: NeededObject[] = [];
  #isReleased: (digest: RawDigest, at: number) => boolean = () => false;

  constructor(objects: StoredObjects) {
    this.#objects = objects;
  }

  /** Whether an object must stay. */
  has(digest: RawDigest, at = 0): boolean {
    return this.#marked.has(digest, at) && !this.#isReleased(digest, at);
  }

  /** Whether an object must stay, and is not there. */
  lacks(digest: RawDigest): boolean {
    return this.has(digest) && !this.#objects.hasRaw(digest);
  }

  /** Lets objects go although they are needed: those that can be had elsewhere. */
  release(isReleased: (digest: RawDigest, at: number) => boolean): void {
    this.#isReleased = isReleased;
  }

  /** Whether everything that an entry needs is marked. */
  hasEntry({ kind, digest }: Pick<Entry, 'kind' | 'digest'>): boolean {
    if (kind === 'dir') return this.#folders.has(digest);
    return digest.startsWith('b3:') && this.#marked.has(rawOfDigest(digest));
  }

  /** Marks one object. */
  add(digest: Digest): void {
    if (digest.startsWith('b3:')) this.#marked.add(rawOfDigest(digest), 0, NOWHERE);
  }

  /** Marks the lists of a folder and of those below it, as far as they are there, and none of their files. */
  addLists(folder: Entry, path: string): void {
    const seen = new Set<Digest>();
    walkObjects(this.#objects, folder, {
      path,
      visitor: {
        enter: ({ digest, kind }) => {
          if ((kind !== 'dir' && kind !== 'part') || this.#folders.has(digest) || seen.has(digest)) return false;
          seen.add(digest);
          this.add(digest);
          return digest.startsWith('b3:');
        },
        broken: () => undefined,
      },
    });
  }

  /** Marks an entry and all that lies below it. */
  addEntry(entry: Entry, path: string): void {
    walkObjects(this.#objects, entry, {
      path,
      visitor: {
        enter: ({ digest, kind }) => {
          const isFolder = kind === 'dir' || kind === 'part';
          if (isFolder && this.#folders.has(digest)) return false;
          if (isFolder) this.#folders.add(digest);
          this.add(digest);
          // Stores of DVC keep their own.
          return digest.startsWith('b3:');
        },
        broken: (object, bytes) => {
          const isAbsent = bytes === undefined && !this.#objects.has(object.digest);
          (isAbsent ? this.absent : this.damaged).push(object);
        },
      },
    });
  }
}
