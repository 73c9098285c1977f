import { join } from 'node:path';
import type { Blake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { parseDigest } from '../kit/digest.ts';
import { namesIn } from '../kit/temporary.ts';
import type { LockEntry } from '../lockfile/block.ts';
import type { StoreLayout } from '../store/layout.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { PlaceEntry } from '../store/place/place.ts';
import { readFileIfThere } from '../store/store-file.ts';
import type { RunRecord } from '../store/run-record.ts';
import { fileOrigin, fileRunRecord, parseRunRecord } from '../store/run-record.ts';
import { eachAtOnce } from './byte-limit.ts';
import { MOST_PAGES } from './find-records.ts';
import { listAll, listUpTo } from './read-object.ts';
import type { Remote } from './remote.ts';
import { KEYS, runKey, runOfKey } from './remote-layout.ts';

/** A run record with the bytes that it is named by. */
export interface StoredRecord {
  readonly record: RunRecord;
  /** Digest of the bytes. */
  readonly name: Digest;
  readonly bytes: Buffer;
}

/** No record is larger. */
const LARGEST = 16 << 20;

/** Up to so many records are asked for one by one; of more, all are listed where these are not too many. */
const FEW = 16;

/** The intact records of the local store under a stage key. */
export function localRecords(layout: StoreLayout, key: Digest, blake3: Blake3): StoredRecord[] {
  const folder = layout.runs(key);
  return namesIn(folder).flatMap((file) => {
    const name = file.endsWith('.json') ? parseDigest(`b3:${file.slice(0, -5)}`) : undefined;
    const bytes = name === undefined ? undefined : readFileIfThere(join(folder, file));
    return name === undefined || bytes === undefined ? [] : checked({ key, name, bytes }, blake3);
  });
}

/** All intact records of the local store. */
export function allLocalRecords(layout: StoreLayout, blake3: Blake3): StoredRecord[] {
  return namesIn(layout.runsFolder).flatMap((shard) =>
    namesIn(join(layout.runsFolder, shard)).flatMap((rest) => {
      const key = parseDigest(`b3:${shard}${rest}`);
      return key === undefined ? [] : localRecords(layout, key, blake3);
    }),
  );
}

/** Whether a record made just what a lock says of the same outs. */
export function madeOuts({ record }: StoredRecord, outs: readonly LockEntry[]): boolean {
  const known = new Map(outs.map(({ path, digest }) => [path, digest]));
  return record.outs.length === known.size && record.outs.every(({ path, digest }) => known.get(path) === digest);
}

/** Which of some records a remote has, by key; those that are cut off count as absent. */
export async function presentRecords(
  { place }: Pick<Remote, 'place'>,
  records: readonly StoredRecord[],
): Promise<ReadonlySet<string>> {
  const sizes = new Map(records.map((each) => [keyOf(each), each.bytes.length]));
  // A list grows with what everybody has ever run.
  const listed = sizes.size > FEW ? await listUpTo(place, KEYS.runs, MOST_PAGES) : undefined;
  const found: PlaceEntry[] = listed ?? [];
  if (listed === undefined) {
    await eachAtOnce(sizes.keys(), place.concurrency, async (key) => {
      const entry = await place.stat(key);
      if (entry !== undefined) found.push(entry);
    });
  }
  return new Set(found.filter(({ key, size }) => sizes.get(key) === size).map(({ key }) => key));
}

/** The key of a record in a remote. */
export function keyOf({ record, name }: StoredRecord): string {
  return runKey(record.key, name);
}

/** Run records of a remote; what is not a record is left out. */
export interface FetchedRecords {
  /** Those that came. */
  readonly came: readonly StoredRecord[];
  /** Those that were here already, and were not read there. */
  readonly here: readonly StoredRecord[];
}

/**
 * Brings all run records of a remote. Those that are here already are not read.
 * @param name what the configuration calls the remote: it is noted with the records
 */
export async function fetchRecords(
  remote: Remote,
  store: ObjectStore,
  { name }: { readonly name: string },
): Promise<FetchedRecords> {
  return fetchListed(remote, store, { name, listed: await listAll(remote.place, KEYS.runs) });
}

/** The run records that {@link fetchRecords} would bring, and those that are here. Brings none. */
export async function lookAtRecords(remote: Remote, store: ObjectStore): Promise<FetchedRecords> {
  return fetchListed(remote, store, { name: undefined, listed: await listAll(remote.place, KEYS.runs) });
}

/**
 * The same of run records that were found there.
 * @param name absent where they are only looked at
 */
export async function fetchListed(
  remote: Remote,
  store: ObjectStore,
  { name, listed }: { readonly name: string | undefined; readonly listed: readonly PlaceEntry[] },
): Promise<FetchedRecords> {
  const [came, here]: [StoredRecord[], StoredRecord[]] = [[], []];
  await eachAtOnce(listed, remote.place.concurrency, async (entry) => {
    const known = knownRecord(store.layout, entry, remote.blake3);
    if (known !== undefined) {
      here.push(known);
      return;
    }
    const record = await fetchRecord(remote, store, { entry, from: name });
    if (record !== undefined) came.push(record);
  });
  return { came, here };
}

/** The intact record of the local store that a remote has, too. */
function knownRecord(layout: StoreLayout, { key }: PlaceEntry, blake3: Blake3): StoredRecord | undefined {
  const run = runOfKey(key);
  const bytes = run && readFileIfThere(join(layout.runs(run.key), `${run.record.slice(3)}.json`));
  return run && bytes && checked({ key: run.key, name: run.record, bytes }, blake3)[0];
}

async function fetchRecord(
  remote: Remote,
  store: ObjectStore,
  { entry, from }: { readonly entry: PlaceEntry; readonly from: string | undefined },
): Promise<StoredRecord | undefined> {
  const run = runOfKey(entry.key);
  if (run === undefined || entry.size > LARGEST) return undefined;
  const { blake3, place, limit } = remote;
  return limit(entry.size, async () => {
    const bytes = await place.read(entry.key, { offset: 0, length: entry.size });
    const [found] = bytes === undefined ? [] : checked({ key: run.key, name: run.record, bytes }, blake3);
    if (found === undefined || from === undefined) return found;
    const filed = { key: run.key, name: run.record };
    // First: a record without it counts as one of this machine.
    fileOrigin(store, { ...filed, remote: from });
    fileRunRecord(store, { ...filed, bytes: found.bytes });
    return found;
  });
}

function checked(
  { key, name, bytes }: { readonly key: Digest; readonly name: Digest; readonly bytes: Buffer },
  blake3: Blake3,
): StoredRecord[] {
  if (blake3.hash(bytes) !== name) return [];
  const record = parseRunRecord(bytes.toString('utf8'));
  return record?.key === key ? [{ record, name, bytes }] : [];
}
