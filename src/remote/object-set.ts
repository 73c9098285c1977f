import type { RawDigest } from '../kit/digest.ts';
import { DigestMap } from '../store/digest-map.ts';

/** An object that is needed. */
export interface WantedObject {
  readonly digest: RawDigest;
  /** Bytes; `undefined` for what lists a folder, of which nobody says it. */
  readonly size: number | undefined;
  /** Which group of roots needs it first. */
  readonly group: number;
}

/** Instead of the upper half of a size: it is not known. */
const UNKNOWN = 0xffffffff;

const HALF = 2 ** 32;

/** Objects by the million with their sizes, in some 60 bytes each; in the order in which they were added. */
export class ObjectSet {
  readonly #map = new DigestMap();
  #bytes = 0;

  /** Makes room for so many objects at once. */
  reserve(objects: number): void {
    this.#map.reserve(objects);
  }

  /** Number of objects. */
  get count(): number {
    return this.#map.size;
  }

  /** Bytes of all objects whose size is known. */
  get bytes(): number {
    return this.#bytes;
  }

  has(digest: RawDigest, at = 0): boolean {
    return this.#map.has(digest, at);
  }

  /** Adds an object, its digest lying at `at` of some bytes; `false` when it is there already. */
  add(digest: RawDigest, at: number, { size, group = 0 }: { size: number | undefined; group?: number }): boolean {
    const [offset, length] = size === undefined ? [0, UNKNOWN] : [size % HALF, Math.floor(size / HALF)];
    if (!this.#map.add(digest, at, { pack: group, offset, length })) return false;
    this.#bytes += size ?? 0;
    return true;
  }

  /** The object of a digest; `undefined` when it is not there. */
  find(digest: RawDigest, at = 0): Omit<WantedObject, 'digest'> | undefined {
    const found = this.#map.find(digest, at);
    return found && objectOf(found);
  }

  /** The group of an object; -1 when it is not there. */
  groupOf(digest: RawDigest, at: number): number {
    return this.#map.find(digest, at)?.pack ?? -1;
  }

  /**
   * Shows every object without making anything anew: its digest lies at `at` of some bytes, and `object` is another one
   * at the next call. Nothing is added meanwhile.
   */
  each(use: (bytes: Buffer, at: number, object: Omit<WantedObject, 'digest'>) => void): void {
    const object: { size: number | undefined; group: number } = { size: undefined, group: 0 };
    this.#map.each((bytes, at, { pack, offset, length }) => {
      object.group = pack;
      object.size = length === UNKNOWN ? undefined : length * HALF + offset;
      use(bytes, at, object);
    });
  }

  /** The objects that are meant; the set itself where all of them are. */
  filter(isMeant: (bytes: Buffer, at: number, object: Omit<WantedObject, 'digest'>) => boolean): ObjectSet {
    const meant = new Uint8Array(this.count);
    let [index, count] = [0, 0];
    this.each((bytes, at, object) => {
      if (isMeant(bytes, at, object)) count += meant[index] = 1;
      index += 1;
    });
    if (count === index) return this;
    const found = new ObjectSet();
    index = 0;
    this.each((bytes, at, object) => {
      if (meant[index] === 1) found.add(bytes, at, object);
      index += 1;
    });
    return found;
  }

  /** Every object, as a view that is valid until the next one is added. */
  *entries(): Generator<WantedObject> {
    for (const { digest, ...place } of this.#map.entries()) yield { digest, ...objectOf(place) };
  }
}

function objectOf({
  pack,
  offset,
  length,
}: {
  readonly pack: number;
  readonly offset: number;
  readonly length: number;
}) {
  return { group: pack, size: length === UNKNOWN ? undefined : length * HALF + offset };
}
