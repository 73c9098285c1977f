import type { Place, PlaceEntry } from '../store/place/place.ts';

/** Bytes that are asked for at once. */
export const PIECE = 8 << 20;

/** Everything whose key begins with a prefix; `undefined` where that takes more pages than may be asked for. */
export async function listUpTo(place: Place, prefix: string, pages: number): Promise<PlaceEntry[] | undefined> {
  const found: PlaceEntry[] = [];
  let left = pages;
  for await (const page of place.list(prefix)) {
    if (left === 0) return undefined;
    left -= 1;
    found.push(...page);
  }
  return found;
}

/** Everything whose key begins with a prefix. */
export async function listAll(place: Place, prefix: string): Promise<PlaceEntry[]> {
  const found: PlaceEntry[] = [];
  for await (const page of place.list(prefix)) found.push(...page);
  return found;
}

/**
 * The bytes of an object that is small enough to be held, several pieces at a time.
 * @param size of the object, as the list has it
 * @returns `undefined` when it is not there, or is shorter by now
 */
export async function readWhole(place: Place, key: string, size: number): Promise<Buffer | undefined> {
  if (size <= PIECE) {
    const bytes = await place.read(key, { offset: 0, length: size });
    return bytes?.length === size ? bytes : undefined;
  }
  const whole = Buffer.allocUnsafe(size);
  const pieces: Promise<boolean>[] = [];
  for (let offset = 0; offset < size; offset += PIECE) {
    const length = Math.min(PIECE, size - offset);
    pieces.push(
      place.read(key, { offset, length }).then((bytes) => {
        bytes?.copy(whole, offset);
        return bytes?.length === length;
      }),
    );
  }
  return (await Promise.all(pieces)).every(Boolean) ? whole : undefined;
}
