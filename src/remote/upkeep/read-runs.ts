import { join } from 'node:path';
import type { PlaceEntry } from '../../store/place/place.ts';
import { hexOf } from '../../store/layout.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { RunRecord } from '../../store/run-record.ts';
import { parseRunRecord } from '../../store/run-record.ts';
import { readFileIfThere } from '../../store/store-file.ts';
import { eachAtOnce } from '../byte-limit.ts';
import { listAll } from '../read-object.ts';
import type { Remote } from '../remote.ts';
import { KEYS, runOfKey } from '../remote-layout.ts';

/** A run record of a remote. */
export interface RemoteRun {
  readonly entry: PlaceEntry;
  /** Absent when its bytes are not those that its name stands for, or no record that this pipe knows. */
  readonly record?: RunRecord;
  /** Whether its bytes are those that its name stands for. */
  readonly isRight: boolean;
}

/** No record is larger, in bytes. */
export const LARGEST_RUN = 16 << 20;

/**
 * Reads the run records of a remote, by key; those that the local store has, too, are read there. Other files are left out.
 * @param isTrusted whether a local copy stands for what lies there; else every byte there is read
 * @param onLook told how many more it has looked at
 */
export async function readRuns(
  remote: Remote,
  { layout }: Pick<ObjectStore, 'layout'>,
  { isTrusted, onLook }: { readonly isTrusted: boolean; readonly onLook?: (records: number) => void },
): Promise<RemoteRun[]> {
  const { place, limit, blake3 } = remote;
  const found: RemoteRun[] = [];
  await eachAtOnce(await listAll(place, KEYS.runs), place.concurrency, async (entry) => {
    onLook?.(1);
    const run = runOfKey(entry.key);
    if (run === undefined) return;
    if (entry.size > LARGEST_RUN) {
      found.push({ entry, isRight: false });
      return;
    }
    const isOf = (bytes: Buffer | undefined): boolean => bytes !== undefined && blake3.hash(bytes) === run.record;
    const local = isTrusted ? readFileIfThere(join(layout.runs(run.key), `${hexOf(run.record)}.json`)) : undefined;
    const bytes =
      local?.length === entry.size && isOf(local)
        ? local
        : await limit(entry.size, () => place.read(entry.key, { offset: 0, length: entry.size }));
    // Gone by now.
    if (bytes === undefined) return;
    const isRight = isOf(bytes);
    const record = isRight ? parseRunRecord(bytes.toString('utf8')) : undefined;
    found.push({ entry, isRight, ...(record?.key === run.key ? { record } : {}) });
  });
  return found.sort((a, b) => (a.entry.key < b.entry.key ? -1 : 1));
}
