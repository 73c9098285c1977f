import type { Digest, RawDigest } from '../kit/digest.ts';
import { rawOfDigest } from '../kit/digest.ts';
import { entryAt } from '../store/entry-at.ts';
import type { Entry } from '../store/tree.ts';
import type { ListSource } from './wanted.ts';

/** What lies at a path inside a tracked folder. */
export interface Reached {
  /** `undefined` when nothing lies there, or a list on the way cannot be had. */
  readonly entry: Entry | undefined;
  /** The lists on the way, which whoever looks for the path must have. */
  readonly around: readonly Digest[];
}

/** Looks for a path inside a folder; lists on the way that are not here are read where they are. */
export async function reach(source: ListSource, entry: Entry, below: string): Promise<Reached> {
  return withLists(
    source,
    (read) => entryAt({ read }, entry, below),
    (found, around) => ({ entry: found, around }),
  );
}

/**
 * Does something that reads lists of folders without waiting; for those that are not here it is done again when they
 * have come.
 * @param end is given what it came to, and the lists that it read
 */
export async function withLists<T, R>(
  { local, remote }: ListSource,
  attempt: (read: (digest: Digest) => Buffer | undefined) => T,
  end: (value: T, read: readonly Digest[]) => R,
): Promise<R> {
  const fetched = new Map<Digest, Buffer | undefined>();
  for (;;) {
    const seen = new Set<Digest>();
    const absent = new Set<Digest>();
    const value = attempt((digest) => {
      seen.add(digest);
      const bytes = fetched.get(digest) ?? local(digest);
      if (bytes === undefined && !fetched.has(digest)) absent.add(digest);
      return bytes;
    });
    if (absent.size === 0 || remote === undefined) return end(value, [...seen]);
    const wanted = [...absent];
    const found: readonly (Buffer | undefined)[] = await remote(wanted.map((each): RawDigest => rawOfDigest(each)));
    for (const [at, digest] of wanted.entries()) fetched.set(digest, found[at]);
  }
}
