import type { Digest, RawDigest } from '../kit/digest.ts';
import { rawOfDigest } from '../kit/digest.ts';
import { entryAt } from '../store/entry-at.ts';
import { BrokenTree, openPart } from '../store/read-tree.ts';
import type { Entry, Part } from '../store/tree.ts';
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

/** Looks for the list of a folder at a path inside a folder, all parts of it. */
export async function reachList(source: ListSource, entry: Entry, below: string): Promise<void> {
  const attempt = (read: Reading): void => {
    const found = entryAt({ read }, entry, below);
    if (found?.kind === 'dir') readParts(read, found, 0);
  };
  await withLists(source, attempt, () => undefined);
}

/** Goes on where one is missing: what is asked for at once comes at once. */
function readParts(read: Reading, part: Omit<Part, 'last'>, height: number): void {
  const bytes = read(part.digest);
  if (bytes === undefined) return;
  try {
    const opened = openPart(bytes, part, { height });
    if ('parts' in opened) for (const each of opened.parts) readParts(read, each, height + 1);
  } catch (error) {
    if (!(error instanceof BrokenTree)) throw error;
  }
}

type Reading = (digest: Digest) => Buffer | undefined;

/**
 * Does something that reads lists of folders without waiting; for those that are not here it is done again when they
 * have come.
 * @param end is given what it came to, and the lists that it read
 */
export async function withLists<T, R>(
  { local, remote }: ListSource,
  attempt: (read: Reading) => T,
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
