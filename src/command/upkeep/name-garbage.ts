import type { Digest, RawDigest } from '../../kit/digest.ts';
import { rawOfDigest } from '../../kit/digest.ts';
import { entryOf } from '../../lockfile/entry.ts';
import type { Needs } from '../../lockfile/needed.ts';
import { PipeError } from '../../problem/problem.ts';
import type { GarbageVisitor } from '../../store/collect.ts';
import { DigestMap, NOWHERE } from '../../store/digest-map.ts';
import type { RunRecord } from '../../store/run-record.ts';
import type { Entry } from '../../store/tree.ts';
import { walkObjects } from '../../store/walk-objects.ts';

/** As many files are named of one thing. */
const MOST_FILES = 1_000;

/** A file or folder of which something goes. */
export interface NamedGarbage {
  /** Relative to the project; empty for what nobody knows the name of. */
  readonly path: string;
  /** What says so: `pipeline.lock:train`, `run of train`; empty for what nobody knows the name of. */
  readonly from: string;
  /** Some of the revisions that say so. */
  readonly revisions: readonly string[];
  readonly objects: number;
  readonly bytes: number;
  /** The first files in it that go. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

/** Finds names for what goes. */
export interface GarbageNames {
  /** To be shown what goes. */
  readonly visitor: GarbageVisitor;
  /** Looks in revisions that are not kept, and in the run records that go. */
  lookIn(read: () => Promise<Pick<Needs, 'roots'>>): Promise<void>;
  /** What was found, most bytes first; what has no name comes last. */
  names(): NamedGarbage[];
}

/**
 * Looks for names where revisions can be read: who is asked whether it may go is asked without names as well.
 * @returns what kept it from it
 */
export async function lookIfPossible(
  names: GarbageNames,
  read: Parameters<GarbageNames['lookIn']>[0],
): Promise<string | undefined> {
  try {
    await names.lookIn(read);
    return undefined;
  } catch (error) {
    if (error instanceof PipeError) return error.problems[0]?.message ?? error.message;
    throw error;
  }
}

/** How many revisions are named. */
const MOST_REVISIONS = 3;

/**
 * What goes is named by lists that can be read; of what is needed no name is looked for.
 * @param options `isReleased`: files of folders may go whose lists stay
 */
export function nameGarbage(
  objects: { readonly read: (digest: Digest) => Buffer | undefined },
  marks: { readonly hasEntry: (entry: Entry) => boolean },
  { isReleased = false }: { readonly isReleased?: boolean } = {},
): GarbageNames {
  const garbage = new DigestMap();
  const runs: RunRecord[] = [];
  const named: NamedGarbage[] = [];
  /** What has its name. */
  const known = new DigestMap();
  const folders = new Set<Digest>();
  let [all, allBytes] = [0, 0];

  const look = (entry: Entry, root: Pick<NamedGarbage, 'path' | 'from' | 'revisions'>): void => {
    if (!isReleased && marks.hasEntry(entry)) return;
    const { path, from } = root;
    let [count, bytes] = [0, 0];
    const files: { path: string; bytes: number }[] = [];
    walkObjects(objects, entry, {
      path,
      visitor: {
        enter({ digest, kind, path: at }) {
          const raw = digest.startsWith('b3:') ? rawOfDigest(digest) : undefined;
          if (raw === undefined) return false;
          const size = sizeOf(garbage, raw);
          if (size !== undefined && known.add(raw, 0, NOWHERE)) {
            count += 1;
            bytes += size;
            if (kind !== 'dir' && kind !== 'part' && files.length < MOST_FILES) files.push({ path: at, bytes: size });
          }
          if ((kind !== 'dir' && kind !== 'part') || folders.has(digest)) return false;
          folders.add(digest);
          return true;
        },
        broken: () => undefined,
      },
    });
    if (count === 0) return;
    // Only now: to name all revisions takes long, and of most roots nothing goes.
    const revisions = root.revisions.slice(0, MOST_REVISIONS);
    named.push({ path, from, revisions, objects: count, bytes, files });
  };

  return {
    visitor: {
      object(digest, bytes) {
        const isNew = garbage.add(digest, 0, { pack: 0, offset: Math.floor(bytes / 2 ** 32), length: bytes % 2 ** 32 });
        if (isNew) all += 1;
        if (isNew) allBytes += bytes;
      },
      run(record) {
        runs.push(record);
      },
    },
    async lookIn(read) {
      if (all === 0) return;
      const { roots } = await read();
      for (const root of roots) look(root.entry, root);
      for (const { outs, stage, log } of runs) {
        const from = `run of ${stage}`;
        for (const out of outs) look(entryOf(out), { path: out.path, from, revisions: [] });
        if (log !== null) look({ kind: 'file', digest: log, size: 0 }, { path: 'log', from, revisions: [] });
      }
    },
    names() {
      const [count, bytes] = [sum(named.map((each) => each.objects)), sum(named.map((each) => each.bytes))];
      const sorted = named.toSorted((a, b) => b.bytes - a.bytes);
      if (count === all) return sorted;
      const unknown = { path: '', from: '', revisions: [], files: [] };
      return [...sorted, { ...unknown, objects: all - count, bytes: allBytes - bytes }];
    },
  };
}

function sizeOf(garbage: DigestMap, digest: RawDigest): number | undefined {
  const place = garbage.find(digest);
  return place === undefined ? undefined : place.offset * 2 ** 32 + place.length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
