import { printable } from '../../kit/width.ts';
import { PipeError } from '../../problem/problem.ts';
import type { GarbageVisitor } from '../../store/collect.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { NamedObject } from '../name-objects.ts';
import type { Remote } from '../remote.ts';
import { hasFormat } from '../remote.ts';
import type { RemoteGarbage, RemoteGarbageCounts } from './find-remote-garbage.ts';
import { findRemoteGarbage, keysOfGarbage } from './find-remote-garbage.ts';
import type { KeptRoot, RemoteMarks } from './mark-remote.ts';
import { markRemote } from './mark-remote.ts';
import { readLeases } from './read-leases.ts';
import { readRuns } from './read-runs.ts';
import { intoRemoteTrash, remoteTrash } from './remote-trash.ts';
import type { RemoteUpkeep } from './remote-upkeep.ts';
import { beginRemoteUpkeep } from './remote-upkeep.ts';
import { rewritePacks } from './rewrite-packs.ts';
import { rewriteTables } from './rewrite-tables.ts';

/** What is collected, and how. */
export interface RemoteCollection {
  /** What is to stay. Asked for when nobody else can begin to take things out. */
  readonly roots: () => Promise<readonly KeptRoot[]>;
  /** What was written, or pushed, within this time stays, in milliseconds. */
  readonly graceMs: number;
  /** For how many days what goes can be brought back; for good when absent. */
  readonly trashDays?: number | undefined;
  /** Go on although it is not known what folders need whose lists are nowhere. */
  readonly allowMissing?: boolean;
  /** Told what goes, as it is found. */
  readonly visitorOf?: ((marks: RemoteMarks) => GarbageVisitor) | undefined;
  /** Asked before anything goes. */
  readonly confirm?: ((counts: RemoteGarbageCounts) => Promise<boolean>) | undefined;
  readonly onProgress?: OnCollecting | undefined;
}

/** Told what a collection is doing, and how far it is: files of the remote, or packs that are written anew. */
export type OnCollecting = (work: 'find' | 'rewrite' | 'remove', done: number, total?: number) => void;

/** What a collection of a remote came to. */
export interface CollectedRemote {
  readonly counts: RemoteGarbageCounts;
  /** Folders that are kept, and whose lists are neither here nor there. */
  readonly absent: readonly NamedObject[];
  /** Packs that should have been written anew, and hold wrong bytes. */
  readonly damaged: number;
  /** Whether somebody said no. */
  readonly isRefused: boolean;
}

/** What a collection would take out. Writes nothing. */
export async function wouldCollect(
  remote: Remote,
  store: ObjectStore,
  collection: Searching,
): Promise<CollectedRemote> {
  const { marks, garbage } = await search(remote, store, collection);
  return { counts: garbage.counts, absent: marks.absent, damaged: 0, isRefused: false };
}

type Searching = Pick<RemoteCollection, 'roots' | 'graceMs' | 'visitorOf' | 'onProgress'>;

interface Searched {
  readonly catalog: Awaited<ReturnType<Remote['look']>>;
  readonly marks: RemoteMarks;
  readonly garbage: RemoteGarbage;
}

async function search(
  remote: Remote,
  store: ObjectStore,
  { roots, graceMs, visitorOf, onProgress }: Searching,
): Promise<Searched> {
  let looked = 0;
  const onLook = (files: number): void => {
    looked += files;
    onProgress?.('find', looked);
  };
  await hasFormat(remote.place);
  const kept = await roots();
  const catalog = await remote.look();
  onLook(catalog.tableFiles.length);
  const marks = await markRemote(remote, store, { catalog, roots: kept, onLook });
  const runs = await readRuns(remote, store, { isTrusted: true, onLook });
  const leases = await readLeases(remote.place, graceMs);
  const visitor = visitorOf?.(marks) ?? {};
  const garbage = await findRemoteGarbage(remote, { catalog, marks, runs, leases, graceMs, onLook }, visitor);
  return { catalog, marks, garbage };
}

/**
 * Takes out of a remote what nobody needs (docs/formats.md, "Leases and tombstones"). What a push relies on meanwhile stays.
 * @throws {PipeError} PIPE_REMOTE_DENIED, PIPE_REMOTE_BUSY; PIPE_OBJECT_MISSING, PIPE_STORE_DAMAGED when it is not known what is needed
 */
export async function collectRemote(
  remote: Remote,
  store: ObjectStore,
  collection: RemoteCollection,
): Promise<CollectedRemote> {
  const { graceMs, confirm } = collection;
  await hasFormat(remote.place);
  const upkeep = await beginRemoteUpkeep(remote, { graceMs });
  try {
    const searched = await search(remote, store, collection);
    const { garbage, marks } = searched;
    if (collection.allowMissing !== true && garbage.counts.objects > 0) refuseUnsure(remote, marks);
    const expired = await expiredTrash(remote);
    const { counts } = garbage;
    const hasWork = counts.objects + counts.runs + counts.merged + expired.length > 0;
    const result = { counts, absent: marks.absent, damaged: 0, isRefused: false };
    if (hasWork && confirm !== undefined && !(await confirm(counts))) return { ...result, isRefused: true };
    const damaged = await takeOut(remote, upkeep, { ...collection, ...searched });
    await upkeep.remove([...expired, ...upkeep.staleLeases()]);
    return { ...result, damaged };
  } finally {
    await upkeep.end();
  }
}

/** Of a folder whose list is nowhere, nobody knows which objects must stay. */
function refuseUnsure(remote: Remote, { absent }: RemoteMarks): void {
  const paths = [...new Set(absent.map(({ path }) => printable(path)))];
  const [first, ...more] = paths;
  if (first === undefined) return;
  const others = more.length === 0 ? '' : ` (and of ${String(more.length)} more)`;
  throw new PipeError({
    code: 'PIPE_OBJECT_MISSING',
    message: `the list of the folder ${first}${others} is neither here nor in ${remote.place.name}, so it is not known which objects must stay there`,
    hint: '`pipe push` where it is at hand sends it; where nobody has it, --allow-missing goes on, and files of such folders may go',
  });
}

/** @returns how many packs stay since they are damaged */
async function takeOut(
  remote: Remote,
  upkeep: RemoteUpkeep,
  { catalog, marks, garbage, trashDays, onProgress }: Searched & RemoteCollection,
): Promise<number> {
  // Before anything is condemned: who relies on it need not wait for this.
  const { replaced, damaged } = await rewritePacks(remote, catalog, {
    packs: garbage.rewritten,
    needed: marks.needed,
    onProgress: (done, total) => onProgress?.('rewrite', done, total),
  });
  const keys = keysOfGarbage(garbage, replaced);
  const free = await upkeep.condemn(keys);
  const isRun = new Set(garbage.runs);
  const trash =
    trashDays === undefined ? undefined : intoRemoteTrash(remote, { now: await remote.place.now(), days: trashDays });
  let done = 0;
  const before = async (batch: readonly string[]): Promise<void> => {
    await trash?.(batch);
    done += batch.length;
    onProgress?.('remove', done, free.length);
  };
  // Records before what they name, whatever batches there are.
  await upkeep.remove(
    free.filter((key) => isRun.has(key)),
    before,
  );
  await upkeep.remove(
    free.filter((key) => !isRun.has(key)),
    before,
  );
  if (garbage.empty.length + replaced.length + garbage.rewritten.length > 0) await rewriteTables(remote);
  return damaged.length;
}

async function expiredTrash(remote: Remote): Promise<string[]> {
  const now = await remote.place.now();
  const folders = (await remoteTrash(remote)).filter(({ until }) => until <= now);
  return folders.flatMap(({ entries }) => entries.map(({ key }) => key));
}
