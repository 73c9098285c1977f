import { posix } from 'node:path';
import type { Digest, RawDigest } from '../kit/digest.ts';
import { rawOfDigest } from '../kit/digest.ts';
import { entryAt } from '../store/entry-at.ts';
import { BrokenTree, openPart, readTree } from '../store/read-tree.ts';
import type { Entry, Part } from '../store/tree.ts';
import type { ListSource } from './wanted.ts';

/** What lies at a path inside a tracked folder. */
export interface Reached {
  /** `undefined` when nothing lies there, or a list on the way cannot be had. */
  readonly entry: Entry | undefined;
  /** Whether all lists on the way are known, and the path is not in them. */
  readonly isUnknown: boolean;
  /** Where it is not: the nearest folder on the way that is there, and its names. */
  readonly near: Near;
  /** The lists on the way, which whoever looks for the path must have. */
  readonly around: readonly Digest[];
}

/** Looks for a path inside a folder; lists on the way that are not here are read where they are. */
export async function reach(source: ListSource, entry: Entry, below: string): Promise<Reached> {
  return withLists(
    source,
    (readList) => {
      const absent: Digest[] = [];
      const read: Reading = (digest) => {
        const bytes = readList(digest);
        if (bytes === undefined) absent.push(digest);
        return bytes;
      };
      const found = entryAt({ read }, entry, below);
      const isUnknown = found === undefined && absent.length === 0;
      return { entry: found, isUnknown, near: isUnknown ? nearOf(readList, entry, below) : NOWHERE };
    },
    (found, around) => ({ ...found, around }),
  );
}

interface Near {
  /** Relative to the folder in which the path was looked for. */
  readonly folder: string;
  readonly names: readonly string[];
}

const NOWHERE: Near = { folder: '', names: [] };

function nearOf(read: Reading, entry: Entry, below: string): Near {
  for (let folder = posix.dirname(below); ; folder = posix.dirname(folder)) {
    const at = entryAt({ read }, entry, folder === '.' ? '' : folder);
    if (at?.kind === 'dir') return { folder, names: [...(readTree({ read }, at)?.keys() ?? [])] };
    if (folder === '.') return NOWHERE;
  }
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
