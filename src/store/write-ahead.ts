import type { KeptStat } from '../index/stat-index.ts';
import type { HelperThreads } from '../kit/helper-threads.ts';
import { helperThreads } from '../kit/helper-threads.ts';
import { rawOfDigest } from '../kit/digest.ts';
import { isDoneNow } from '../kit/chunks.ts';
import type { Links } from './link.ts';
import type { ObjectStore } from './object-store.ts';
import { PACKED_BYTES } from './pack.ts';
import type { Entry, Tree } from './tree.ts';
import type { WriteFilesInput, WriteFilesOutput } from './write-files.ts';
import { LOOSE, PLACE_COLUMNS } from './write-files.ts';

/** Of a whole with fewer files than this, all are written before a thread has started. */
const FEWEST_FILES = 3_000;

/** Fewer files than this are not worth a message. */
const FEWEST_IN_PART = 200;

/** Which share of a part the helper threads get, if there is one of them; it has nothing else to do. */
const SHARE = 0.55;

/** What is the same for all files of a part. */
interface Going {
  /** Absolute; it exists. */
  readonly folder: string;
  readonly mode: (entry: Entry) => number;
  readonly links: Links | undefined;
  /** Shared: 1 once nobody waits for what is written any more. */
  readonly stop: Int32Array;
}

/** The files of a part that helper threads write, which are its last ones. */
export interface Away {
  /** Name of the first one. */
  readonly from: string;
  /** What was written; a file that is not among them is left to the main thread. */
  readonly written: Promise<ReadonlyMap<string, KeptStat>>;
  /** Fulfilled when no thread writes any more, whatever became of it. */
  readonly ended: Promise<unknown>;
}

/** The threads to write an entry with, if it has many files. */
export function writingThreads(entry: Entry): HelperThreads | undefined {
  return entry.kind === 'dir' && entry.files >= FEWEST_FILES ? helperThreads() : undefined;
}

/** Sends the last files of a part to the helper threads: the packed ones, and copies of the loose ones that are not large. */
export function sendAway(
  threads: HelperThreads,
  { tree, ...going }: Going & { readonly tree: Tree },
  store: Pick<ObjectStore, 'packedPlace' | 'layout'>,
): Away | undefined {
  const share = (SHARE * threads.count) / (SHARE * threads.count + 1 - SHARE);
  const entries = [...tree].slice(Math.floor(tree.size * (1 - share)));
  const [first] = entries;
  if (first === undefined || entries.length < FEWEST_IN_PART) return undefined;
  const each = Math.ceil(entries.length / threads.count);
  const inputs = Array.from({ length: threads.count }, (_, thread) =>
    inputOf(entries.slice(thread * each, (thread + 1) * each), going, store),
  );
  // Links are made faster than a thread is started.
  if (inputs.every(({ names }) => names.length === 0)) return undefined;
  const jobs = inputs.map(async (input, thread) => {
    const { stats } = await threads.run<WriteFilesOutput>(thread, 'write-files', input);
    return input.names.flatMap((name, row): [string, KeptStat][] => {
      const at = row * PLACE_COLUMNS;
      const [mtimeMs = 0, ctimeMs = 0, ino = 0, size = -1] = stats.subarray(at, at + PLACE_COLUMNS);
      return size < 0 ? [] : [[name, { mtimeMs, ctimeMs, ino, size }]];
    });
  });
  const written = Promise.all(jobs).then((found) => new Map(found.flat()));
  // Whoever waits for it is told; nobody does when the main thread fails before.
  written.catch(() => undefined);
  return { from: first[0], written, ended: Promise.allSettled(jobs) };
}

function inputOf(
  entries: readonly (readonly [string, Entry])[],
  { folder, mode, links, stop }: Going,
  store: Pick<ObjectStore, 'packedPlace' | 'layout'>,
): WriteFilesInput {
  const packs: string[] = [];
  const numbers = new Map<string, number>();
  const found = entries.flatMap(([name, entry]) => {
    if (entry.kind !== 'file' && entry.kind !== 'exec') return [];
    const place = store.packedPlace(entry.digest);
    if (place === undefined && (!isCopied(entry) || !areCopies(links))) return [];
    return [{ name, entry, place }];
  });
  const places = new Float64Array(found.length * PLACE_COLUMNS);
  const digests = Buffer.allocUnsafeSlow(found.length * 32);
  for (const [row, { entry, place }] of found.entries()) {
    rawOfDigest(entry.digest).copy(digests, row * 32);
    if (place === undefined) {
      places.set([LOOSE, 0, 0, mode(entry)], row * PLACE_COLUMNS);
      continue;
    }
    let pack = numbers.get(place.file);
    if (pack === undefined) {
      pack = packs.push(place.file) - 1;
      numbers.set(place.file, pack);
    }
    places.set([pack, place.offset, place.length, mode(entry)], row * PLACE_COLUMNS);
  }
  const sharesBlocks = links?.types.includes('reflink') !== false;
  const loose = store.layout.looseFolder;
  return { folder, names: found.map(({ name }) => name), packs, loose, sharesBlocks, places, digests, stop };
}

/** Whether an object has a file of its own, as a rule, and is not large. */
function isCopied({ size }: Entry): boolean {
  return size > PACKED_BYTES && isDoneNow(size);
}

/** Whether files of the workspace are never links. */
function areCopies(links: Links | undefined): boolean {
  return links?.types.every((type) => type === 'reflink' || type === 'copy') !== false;
}
