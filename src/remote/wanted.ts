import { setImmediate } from 'node:timers/promises';
import { checkAborted } from '../kit/abort.ts';
import type { Digest, RawDigest } from '../kit/digest.ts';
import { digestOfRaw, rawOfDigest } from '../kit/digest.ts';
import type { Entry } from '../store/tree.ts';
import { ObjectSet } from './object-set.ts';
import { eachReference } from './tree-references.ts';

/** Something whose objects are wanted. */
export interface WantedRoot {
  readonly entry: Entry;
  /** Roots of one group are finished together; groups come one after another. */
  readonly group?: number;
}

/** Where lists of folders are read: their bytes, checked. */
export interface ListSource {
  /** Those that are here. */
  readonly local: (digest: Digest) => Buffer | undefined;
  /** Those that are not, in the order of what is asked for; without it they stay unknown. */
  readonly remote?: ((digests: readonly RawDigest[]) => Promise<readonly (Buffer | undefined)[]>) | undefined;
  /** Lists that are wanted themselves, and nothing of what they list. */
  readonly alone?: readonly Digest[];
  readonly signal?: AbortSignal | undefined;
}

/** Everything that some roots need. */
export interface Wanted {
  /** The objects: files, and the lists of folders, whose sizes are not known. */
  readonly objects: ObjectSet;
  /** Lists that nobody has, or that are none: nobody knows what they need. */
  readonly unknown: readonly Digest[];
}

/** Objects that room is made for at once: how many a folder has is what somebody says. */
const MOST_RESERVED = 100_000;

/** Lists between two turns of the event loop. */
const PAUSE_EVERY = 256;

interface OpenList {
  readonly digest: RawDigest;
  readonly group: number;
}

/** Looks for all objects that roots need, each once. Of DVC's own digests nothing is known here. */
export async function findWanted(roots: Iterable<WantedRoot>, source: ListSource): Promise<Wanted> {
  const objects = new ObjectSet();
  const unknown: Digest[] = [];
  const open: OpenList[] = [];
  // Apart from the objects: a file may have the very bytes of a list, which is looked into all the same.
  const lists = new ObjectSet();
  for (const { entry, group = 0 } of roots) {
    if (!entry.digest.startsWith('b3:')) continue;
    const digest = rawOfDigest(entry.digest);
    const isList = entry.kind === 'dir';
    objects.add(digest, 0, { size: isList ? undefined : entry.size, group });
    if (entry.kind === 'dir') objects.reserve(Math.min(entry.files, MOST_RESERVED));
    if (isList && lists.add(digest, 0, { size: undefined })) open.push({ digest, group });
  }
  open.reverse();
  const look = ({ group }: OpenList, bytes: Buffer): boolean => {
    const inside: OpenList[] = [];
    const isRight = eachReference(bytes, (digest, kind, size) => {
      const isList = kind === 'list';
      objects.add(digest, 0, { size: isList ? undefined : size, group });
      if (!isList || !lists.add(digest, 0, { size: undefined })) return;
      inside.push({ digest: Buffer.from(digest), group });
    });
    for (const each of inside.reverse()) open.push(each);
    return isRight;
  };
  for (let looked = 0; open.length > 0;) {
    const absent: OpenList[] = [];
    for (let list = open.pop(); list !== undefined; list = open.pop()) {
      const digest = digestOfRaw(list.digest);
      const bytes = source.local(digest);
      if (bytes === undefined) absent.push(list);
      else if (!look(list, bytes)) unknown.push(digest);
      looked += 1;
      if (looked % PAUSE_EVERY === 0) await setImmediate();
      checkAborted(source.signal);
    }
    const found = await source.remote?.(absent.map(({ digest }) => digest));
    for (const [at, list] of absent.entries()) {
      const bytes = found?.[at];
      if (bytes === undefined || !look(list, bytes)) unknown.push(digestOfRaw(list.digest));
    }
  }
  // Last: what a root needs as a whole has been looked into by now.
  for (const digest of source.alone ?? []) objects.add(rawOfDigest(digest), 0, { size: undefined });
  return { objects, unknown };
}
