import { posix } from 'node:path';
import { REPLACEMENT, notUtf8 } from '../fingerprint/file-problem.ts';
import { fingerprintPath } from '../fingerprint/file.ts';
import { pointerConflicts } from '../graph/pointer-conflicts.ts';
import { isWithin } from '../kit/path.ts';
import type { PointerPlace } from '../lockfile/pointer.ts';
import { pointerFileOf } from '../lockfile/pointer.ts';
import type { Stage } from '../pipeline/model.ts';
import type { Problem } from '../problem/problem.ts';
import { PipeError } from '../problem/problem.ts';
import { ensureIgnored } from '../project/gitignore.ts';
import type { WrittenPointer } from '../project/write-pointer.ts';
import { writePointer } from '../project/write-pointer.ts';
import type { Engine } from '../run/engine.ts';
import { recordingRules } from '../run/link-rules.ts';
import { relinkStored } from '../run/relink.ts';
import { storeSink } from '../run/sink.ts';
import type { TreeEdit } from '../store/edit-tree.ts';
import { entryAt } from '../store/entry-at.ts';
import type { Entry } from '../store/tree.ts';
import { statNow } from '../store/untouched.ts';
import { noteBases } from './inputs/bases.ts';
import type { CopyIn } from './copy-in.ts';
import { copyIn } from './copy-in.ts';
import { ignoredPaths, pathsInGit } from './refuse-paths.ts';
import { untrackable } from './refuse.ts';
import { editTracked, pointerAround, readPointerIfThere, refuseFrozen } from './tracked-folder.ts';
import type { DataOptions, WorkProgress } from './workspace.ts';
import { absoluteOf, claimed } from './workspace.ts';

export interface AddOptions extends DataOptions {
  /** Only write the pointer; the bytes stay where they are. */
  readonly noCommit?: boolean;
  /** Leave the files in the workspace as they are, instead of linking them to the store. */
  readonly noRelink?: boolean;
  /** What is copied to the path, of which there is one, first; where it cannot be tracked then, it goes again. */
  readonly copy?: CopyIn | undefined;
}

/** What became of one path. */
export interface Added {
  readonly path: string;
  readonly entry: Entry;
  readonly pointer: WrittenPointer;
}

/** What is tracked already, so that nothing is tracked twice. */
export interface Known {
  readonly stages: readonly Stage[];
  readonly pointers: readonly PointerPlace[];
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
  const plan = planOf(paths, known);
  const refused = [
    ...ignoredPaths(engine, paths),
    // What has a pointer was looked at when it got it.
    ...(await pathsInGit(
      engine,
      plan.flatMap(({ path, own }) => (own === undefined ? [path] : [])),
    )),
  ];
  if (refused.length > 0) throw new PipeError(refused);
  const writes = [...new Set(plan.map(({ path, around }) => around?.path ?? path))];
  return claimed(engine, { writes, signal: options.signal, name: 'add' }, async () => {
    refuseAllFrozen(engine, plan);
    const { entries, pointers } = await storeAndRecord(engine, plan, options);
    const whole = [...entries].filter(([path]) => pointers.has(path));
    noteBases(engine.project, { whole });
    const added = plan.flatMap(({ path, around }): Added[] => {
      const [entry, pointer] = [entries.get(path), pointers.get(around?.path ?? path)];
      return entry === undefined || pointer === undefined ? [] : [{ path, entry, pointer }];
    });
    if (options.noCommit !== true) {
      await relinkStored(engine, entries, options);
      engine.index.save();
    }
    const ignored = ensureIgnored(
      engine.project,
      writes.map((path) => absoluteOf(engine.project, path)),
    );
    const changed = [...pointers.values()].filter(({ done }) => done !== 'unchanged');
    return { added, written: [...changed.map(({ file }) => absoluteOf(engine.project, file)), ...ignored] };
  });
}

async function storeAndRecord(
  engine: Engine,
  plan: readonly Planned[],
  { copy, ...options }: AddOptions,
): Promise<{ readonly entries: Map<string, Entry>; readonly pointers: Map<string, WrittenPointer> }> {
  const [first] = plan;
  if (copy !== undefined) options.progress?.begin('copying');
  const copied = copy && first && (await copyIn(engine, first.path, { ...options, ...copy }));
  if (copy !== undefined) options.progress?.begin('adding');
  try {
    const entries = await store(engine, plan, options);
    const pointers = await record(engine, plan, entries);
    copied?.keep();
    return { entries, pointers };
  } catch (error) {
    copied?.undo();
    throw error;
  }
}

/** A path to be added, with the pointer of the folder around it, or its own. */
interface Planned {
  readonly path: string;
  readonly around?: PointerPlace | undefined;
  readonly own?: PointerPlace | undefined;
}

function planOf(paths: readonly string[], { stages, pointers }: Known): Planned[] {
  const planned = paths.map((path): Planned => {
    return { path, around: pointerAround(pointers, path), own: pointers.find((each) => each.path === path) };
  });
  const problems = untrackable(paths, stages);
  problems.push(...planned.flatMap((each) => holdsPointers(each, pointers)));
  const own = planned.filter(({ around }) => around === undefined);
  const others = pointers.filter(({ path }) => !paths.includes(path));
  problems.push(...(problems.length > 0 ? [] : pointerConflicts([...others, ...own.map(tracking)], stages)));
  if (problems.length > 0) throw new PipeError(problems);
  // What lies inside another path that is added comes with it.
  return planned.filter(
    ({ path, around }) => around === undefined || !paths.some((each) => each !== path && isWithin(each, path)),
  );
}

/** A folder of which parts are tracked already cannot be tracked as a whole. */
function holdsPointers({ path, own, around }: Planned, pointers: readonly PointerPlace[]): Problem[] {
  if (own !== undefined || around !== undefined) return [];
  const [inner, ...more] = pointers.filter((each) => each.path !== path && isWithin(path, each.path));
  if (inner === undefined) return [];
  const others = more.length === 0 ? '' : ` (and ${String(more.length)} more)`;
  return [
    {
      code: 'PIPE_POINTER_CONFLICT',
      message: `${path} cannot be tracked as a whole: ${inner.file} tracks ${inner.path} inside it${others}`,
      hint: `let go of it first with \`pipe remove ${inner.file}\`, which keeps the data, or go on to track the contents of ${path} one by one`,
      at: inner.at,
    },
  ];
}

function tracking({ path, own }: Planned): PointerPlace {
  const file = pointerFileOf(path);
  return own ?? { file, path, at: { source: { file }, offset: 0, length: 0 } };
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
  entries: ReadonlyMap<string, Entry>,
): Promise<Map<string, WrittenPointer>> {
  const written = new Map<string, WrittenPointer>();
  const inside = new Map<PointerPlace, TreeEdit[]>();
  for (const { path, around, own } of plan) {
    const entry = entries.get(path);
    if (entry === undefined) continue;
    if (around === undefined) written.set(path, writePointer(engine.project, own ?? path, entry));
    else {
      const edits = inside.get(around) ?? [];
      inside.set(around, edits);
      edits.push({ path: posix.relative(around.path, path), entry });
    }
  }
  for (const [around, edits] of inside) written.set(around.path, await editTracked(engine, around, edits));
  return written;
}

async function store(
  engine: Engine,
  plan: readonly Planned[],
  { noCommit, signal, progress }: AddOptions,
): Promise<Map<string, Entry>> {
  const writer = noCommit === true ? undefined : engine.store.writer();
  const how = {
    follow: false,
    rules: recordingRules(engine.store),
    signal,
    ...(writer === undefined ? {} : { sink: storeSink(writer, signal) }),
    onProgress: progress?.done,
  };
  const entries = new Map<string, Entry>();
  try {
    if (progress !== undefined) expectFiles(engine, plan, progress);
    for (const { path, around, own } of plan) {
      const entry = await fingerprintPath(path, how, engine.fingerprint);
      if (entry === undefined) throw nothingThere(path, isRecordedThere(engine, { path, around, own }));
      entries.set(path, entry);
    }
    await writer?.finish();
    return entries;
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
