import { posix } from 'node:path';
import { REPLACEMENT, notUtf8 } from '../fingerprint/file-problem.ts';
import type { Digest } from '../kit/digest.ts';
import { appendTo } from '../kit/append-to.ts';
import { takeTurn } from '../kit/turn.ts';
import type { PointerPlace } from '../lockfile/pointer.ts';
import { pointerFileOf } from '../lockfile/pointer.ts';
import { PipeError } from '../problem/problem.ts';
import { ensureIgnored } from '../project/gitignore.ts';
import type { WrittenPointer } from '../project/write-pointer.ts';
import { writePointers } from '../project/write-pointer.ts';
import type { Engine } from '../run/engine.ts';
import { relinkStored } from '../run/relink.ts';
import { listingSink, storeSink } from '../run/sink.ts';
import type { TreeEdit } from '../store/edit-tree.ts';
import { entryAt } from '../store/entry-at.ts';
import type { Entry } from '../store/tree.ts';
import { statNow } from '../store/untouched.ts';
import type { Known } from './known.ts';
import type { Changes } from './count-changes.ts';
import { countChanges } from './count-changes.ts';
import { editBase } from './inputs/base-edits.ts';
import { openBases } from './inputs/bases.ts';
import type { Settled } from './inputs/settle.ts';
import { settle } from './inputs/settle.ts';
import { withTrueSize } from './misstated.ts';
import type { CopyIn } from './copy-in.ts';
import { copyIn } from './copy-in.ts';
import { ignoredPaths, pathsInGit } from './refuse-paths.ts';
import { editTracked, readPointerIfThere, refuseFrozen } from './tracked-folder.ts';
import type { DataOptions, WorkProgress } from './workspace.ts';
import type { Planned } from './add-plan.ts';
import { planOf, writesOf } from './add-plan.ts';
import { claimedAsPlanned } from './claimed-plan.ts';
import { absoluteOf, recordPaths } from './workspace.ts';

export interface AddOptions extends DataOptions {
  /** Only write the pointer; the bytes stay where they are. */
  readonly noCommit?: boolean;
  /** Record what lies there and nothing else, also what never came and what is older than its record. */
  readonly force?: boolean;
  /** Leave the files in the workspace as they are, instead of linking them to the store. */
  readonly noRelink?: boolean;
  /** What is copied to the path, of which there is one, first; where it cannot be tracked then, it goes again. */
  readonly copy?: CopyIn | undefined;
}

/** What became of one path. */
export interface Added {
  readonly path: string;
  /** What is recorded of it. */
  readonly entry: Entry;
  readonly pointer: WrittenPointer;
  /** Absent where a list of what was recorded is not here. */
  readonly changes: Changes | undefined;
  /** Files that never came, and stay recorded. */
  readonly kept: number;
  /** Paths that are older than their record, and stay as they are recorded. */
  readonly behind: readonly string[];
}

/**
 * Tracks files and folders: stores their bytes, writes their pointers, and keeps them out of Git. The pointer comes
 * last, so that what it says is in the store. Of a folder that a pointer tracks already, a path inside is added or
 * brought up to date alone: the rest of the folder is not looked at, and need not be there.
 * @param paths posix, relative to the project root
 * @returns what was added, and the absolute paths of the files that Git should know of
 * @throws {PipeError} PIPE_POINTER_CONFLICT, PIPE_STAGE_OUT, PIPE_PATH_RESERVED, PIPE_PATH_IGNORED,
 * PIPE_PATH_IN_GIT and PIPE_FROZEN, before anything is stored; PIPE_DEP_MISSING for a path where nothing lies
 */
export async function add(
  engine: Engine,
  paths: readonly string[],
  { known, ...options }: AddOptions & { readonly known: Known },
): Promise<{ added: Added[]; written: string[] }> {
  const planned = planOf(paths, known);
  const refused = [
    ...ignoredPaths(engine, paths),
    // What has a pointer was looked at when it got it.
    ...(await pathsInGit(
      engine,
      planned.flatMap(({ path, own }) => (own === undefined ? [path] : [])),
    )),
  ];
  if (refused.length > 0) throw new PipeError(refused);
  return claimedAsPlanned(engine, known, {
    name: 'add',
    signal: options.signal,
    planOf: (now) => planOf(paths, now),
    writesOf,
    work: (plan) => addClaimed(engine, plan, options),
  });
}

async function addClaimed(
  engine: Engine,
  plan: readonly Planned[],
  options: AddOptions,
): Promise<{ added: Added[]; written: string[] }> {
  refuseAllFrozen(engine, plan);
  const { entries, pointers, settled } = await storeAndRecord(engine, plan, options);
  await noteAll(engine, plan, settled);
  const added = plan.flatMap(({ path, around }): Added[] => {
    const [now, pointer] = [settled.get(path), pointers.get(around?.path ?? path)];
    return now === undefined || pointer === undefined ? [] : [{ path, pointer, ...now }];
  });
  if (options.noCommit !== true) {
    await relinkStored(engine, entries, options);
    engine.index.save();
  }
  const ignored = ensureIgnored(
    engine.project,
    writesOf(plan).map((path) => absoluteOf(engine.project, path)),
  );
  const changed = [...pointers.values()].filter(({ done }) => done !== 'unchanged');
  return { added, written: [...changed.map(({ file }) => absoluteOf(engine.project, file)), ...ignored] };
}

async function storeAndRecord(
  engine: Engine,
  plan: readonly Planned[],
  { copy, ...options }: AddOptions,
): Promise<{
  readonly entries: Map<string, Entry>;
  readonly pointers: Map<string, WrittenPointer>;
  readonly settled: Map<string, SettledPath>;
}> {
  const [first] = plan;
  if (copy !== undefined) options.progress?.begin('copying');
  const copied = copy && first && (await copyIn(engine, first.path, { ...options, ...copy }));
  if (copy !== undefined) options.progress?.begin('adding');
  try {
    const { entries, trees } = await store(engine, plan, options);
    const settled = await settleAll(engine, plan, {
      entries,
      trees,
      force: options.force === true || copy !== undefined,
    });
    const pointers = await record(engine, plan, settled);
    copied?.keep();
    return { entries, pointers, settled };
  } catch (error) {
    copied?.undo();
    throw error;
  }
}

type SettledPath = Settled & Pick<Added, 'changes'>;

interface SettleAllOptions {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly trees: ReadonlyMap<Digest, Buffer>;
  readonly force: boolean;
}

/** What is to be recorded of each path, and how that differs from what is. */
async function settleAll(
  engine: Engine,
  plan: readonly Planned[],
  { entries, trees, force }: SettleAllOptions,
): Promise<Map<string, SettledPath>> {
  const all = new Map<string, SettledPath>();
  const bases = openBases(engine.project);
  const read = (digest: Digest): Buffer | undefined => trees.get(digest) ?? engine.store.read(digest);
  for (const { path, around, own } of plan) {
    const present = entries.get(path);
    if (present === undefined) continue;
    const stated = readPointerIfThere(engine.project, (around ?? own)?.file ?? pointerFileOf(path));
    const tracked = stated && withTrueSize(engine.store, stated);
    const before = tracked && entryAt(engine.store, tracked.entry, posix.relative(tracked.path, path));
    const isWhole = tracked !== undefined && around === undefined;
    const settled: Settled = isWhole
      ? await settle(engine, { tracked, present, trees, force, bases })
      : { entry: present, kept: 0, behind: [] };
    const treeOf = (entry: Entry | undefined): Map<string, Entry> =>
      new Map(entry === undefined ? [] : [[path, entry]]);
    all.set(path, { ...settled, changes: countChanges({ read }, treeOf(before), treeOf(settled.entry)) });
  }
  return all;
}

/** Notes what lies at the paths as it is recorded. */
async function noteAll(
  engine: Engine,
  plan: readonly Planned[],
  settled: ReadonlyMap<string, SettledPath>,
): Promise<void> {
  const bases = openBases(engine.project);
  const inside = new Map<string, TreeEdit[]>();
  for (const { path, around } of plan) {
    const now = settled.get(path);
    if (now === undefined) continue;
    const { entry, edits } = now;
    if (around !== undefined) appendTo(inside, around.path, { path: posix.relative(around.path, path), entry });
    else if (edits === undefined) bases.set(path, entry);
    else await editBase(engine, bases, { path, edits });
  }
  for (const [path, edits] of inside) await editBase(engine, bases, { path, edits });
  bases.save();
}

function refuseAllFrozen({ project }: Engine, plan: readonly Planned[]): void {
  const files = new Set(plan.flatMap(({ around, own }) => [around, own].flatMap((each) => each?.file ?? [])));
  for (const file of files) {
    const pointer = readPointerIfThere(project, file);
    if (pointer !== undefined) refuseFrozen(pointer);
  }
}

/** Writes the pointers, by the path that each tracks. */
async function record(
  engine: Engine,
  plan: readonly Planned[],
  settled: ReadonlyMap<string, SettledPath>,
): Promise<Map<string, WrittenPointer>> {
  const own: { readonly path: string; readonly file: string; readonly entry: Entry }[] = [];
  const inside = new Map<PointerPlace, TreeEdit[]>();
  for (const { path, around, own: pointer } of plan) {
    const entry = settled.get(path)?.entry;
    if (entry === undefined) continue;
    if (around === undefined) own.push({ path, file: pointer?.file ?? pointerFileOf(path), entry });
    else appendTo(inside, around, { path: posix.relative(around.path, path), entry });
  }
  const done = await writePointers(engine.project, own);
  const written = new Map(own.map(({ path }, at) => [path, done[at] as WrittenPointer]));
  for (const [around, edits] of inside) written.set(around.path, await editTracked(engine, around, edits));
  return written;
}

async function store(
  engine: Engine,
  plan: readonly Planned[],
  { noCommit, signal, progress }: AddOptions,
): Promise<{ readonly entries: Map<string, Entry>; readonly trees: ReadonlyMap<Digest, Buffer> }> {
  refuseAbsent(engine, plan, ({ path }) => statNow(absoluteOf(engine.project, path)) !== undefined);
  const writer = noCommit === true ? undefined : engine.store.writer();
  const trees = new Map<Digest, Buffer>();
  const sink = writer === undefined ? listingSink(engine, trees) : storeSink(writer, signal);
  const how = { follow: false, signal, sink, onProgress: progress?.done };
  try {
    if (progress !== undefined) expectFiles(engine, plan, progress);
    const paths = plan.map(({ path }) => path);
    const entries = await recordPaths(engine, paths, { ...how, into: writer ?? engine.store });
    // Somebody may have removed one meanwhile.
    refuseAbsent(engine, plan, ({ path }) => entries.has(path));
    await writer?.finish();
    // Whoever asked to stop meanwhile is not told of a record.
    await takeTurn(signal);
    return { entries, trees };
  } finally {
    writer?.discard();
    // What was read need not be read again, whatever came of it.
    engine.index.save();
  }
}

/** How much there is to store is known beforehand where all of it is files: a folder would be walked twice. */
function expectFiles({ project }: Engine, plan: readonly Planned[], { expect }: WorkProgress): void {
  const stats = plan.map(({ path }) => statNow(absoluteOf(project, path)));
  if (!stats.every((stat) => stat?.isFile() === true)) return;
  expect(
    stats.length,
    stats.reduce((sum, stat) => sum + (stat?.size ?? 0), 0),
  );
}

/** @throws {PipeError} PIPE_DEP_MISSING with every path where nothing lies */
function refuseAbsent(engine: Engine, plan: readonly Planned[], isThere: (each: Planned) => boolean): void {
  const problems = plan.flatMap((each) => {
    return isThere(each) ? [] : nothingThere(each.path, isRecordedThere(engine, each)).problems;
  });
  if (problems.length > 0) throw new PipeError(problems);
}

/** Whether something is known to have been there. */
function isRecordedThere({ project, store }: Engine, { path, around, own }: Planned): boolean {
  if (around === undefined) return own !== undefined;
  const folder = readPointerIfThere(project, around.file)?.entry;
  return folder !== undefined && entryAt(store, folder, posix.relative(around.path, path)) !== undefined;
}

function nothingThere(path: string, isRecorded: boolean): PipeError {
  // What the caller said is not what we were told.
  if (path.includes(REPLACEMENT)) return notUtf8(`the name of ${JSON.stringify(path)}`, 'rename the file');
  const restore = `bring it back with \`pipe checkout ${path}\`, or track it no more with \`pipe remove ${path}\``;
  const hint = isRecorded ? restore : 'check the spelling';
  return new PipeError({ code: 'PIPE_DEP_MISSING', message: `${path} does not exist`, hint });
}
