import type { RawDigest } from '../kit/digest.ts';
import { digestOfRaw, rawOfDigest } from '../kit/digest.ts';
import { entryOf } from '../lockfile/entry.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { presentLoose } from './loose-presence.ts';
import type { StoredRecord } from './records.ts';
import type { Remote } from './remote.ts';
import type { WantedRoot } from './wanted.ts';

/**
 * The logs of some runs that are not here, and that a remote has: they are pushed only where somebody asks for it. Records
 * do not say how long they are.
 */
async function pushedLogs(remote: Remote, store: ObjectStore, records: readonly StoredRecord[]): Promise<WantedRoot[]> {
  const logs = new Set(records.flatMap(({ record: { log } }) => log ?? []));
  return filesThere(
    remote,
    [...logs].map(rawOfDigest).filter((digest) => !store.hasRaw(digest)),
  );
}

/** What some runs made, and their logs that a remote has, as far as it is not too large. */
export async function rootsOfRuns(
  remote: Remote,
  store: ObjectStore,
  { records, maxSize }: { readonly records: readonly StoredRecord[]; readonly maxSize: number },
): Promise<WantedRoot[]> {
  const logs = await pushedLogs(remote, store, records);
  const outs = records.flatMap(({ record }) => record.outs.map((out): WantedRoot => ({ entry: entryOf(out) })));
  return [...outs, ...logs].filter(({ entry }) => entry.size <= maxSize);
}

/** Those of some objects that a remote has, with the sizes that they have there, as files. */
export async function filesThere(remote: Remote, wanted: readonly RawDigest[]): Promise<WantedRoot[]> {
  if (wanted.length === 0) return [];
  const { rows } = await remote.look();
  const rootOf = (digest: RawDigest, size: number): WantedRoot => ({
    entry: { kind: 'file', digest: digestOfRaw(digest), size },
  });
  const found = wanted.flatMap((digest) => {
    const packed = rows.find(digest);
    return packed === undefined ? [] : [rootOf(digest, packed.length)];
  });
  const alone = wanted.filter((digest) => !rows.has(digest)).map((digest) => ({ digest, size: undefined }));
  const large = [...(await presentLoose(remote.place, alone)).entries()];
  return [...found, ...large.map(({ digest, size = 0 }) => rootOf(digest, size))];
}
