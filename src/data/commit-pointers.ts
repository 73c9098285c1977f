import type { TrackedPath } from '../lockfile/pointer.ts';
import { PipeError } from '../problem/problem.ts';
import { ensureIgnored } from '../project/gitignore.ts';
import type { WrittenPointer } from '../project/write-pointer.ts';
import { writePointers } from '../project/write-pointer.ts';
import type { Engine } from '../run/engine.ts';
import { relinkStored } from '../run/relink.ts';
import { isSame } from '../store/diff-tree.ts';
import { entryAt } from '../store/entry-at.ts';
import type { Entry } from '../store/tree.ts';
import { filesOf } from '../store/tree.ts';
import type { CommitOptions, Committable, Committed } from './committed.ts';
import { changesOf } from './committed.ts';
import { noteParts } from './inputs/base-edits.ts';
import type { Bases } from './inputs/bases.ts';
import { openBases } from './inputs/bases.ts';
import type { Settled } from './inputs/settle.ts';
import { settle } from './inputs/settle.ts';
import { withTrueSize } from './misstated.ts';
import { ignoredPaths } from './refuse-paths.ts';
import { editTracked, readPointer, readPointerIfThere, refuseImported } from './tracked-folder.ts';
import { absoluteOf, lookAt, storeAllNow } from './workspace.ts';

type CommittablePointer = Extract<Committable, { kind: 'pointer' }>;

/** What a pointer tracks, or a path inside that, which is to be recorded as it lies there. */
interface Opened {
  readonly path: string;
  readonly below: string;
  readonly isNamed: boolean;
  /** With the size that its digest stands for. */
  readonly tracked: TrackedPath;
  /** Whether the pointer itself says another one. */
  readonly isMisstated: boolean;
  /** Whether the store has what is recorded. */
  readonly wasStored: boolean;
}

/** The same, with what is to be recorded. */
interface ToRecord extends Opened {
  /** What lies there. Without it the pointer is to say the true size of what it records already. */
  readonly present: Entry | undefined;
  readonly settled: Settled;
}

/**
 * Stores what lies at the paths of pointers, all at once, and then records it.
 * @returns what became of each, in the order given, and the absolute paths of the files that Git should know of
 * @throws {PipeError} PIPE_DEP_MISSING, PIPE_IMPORTED and PIPE_PATH_IGNORED, before anything is recorded;
 * PIPE_OBJECT_MISSING where it cannot be told what was changed
 */
export async function commitPointers(
  engine: Engine,
  wanted: readonly CommittablePointer[],
  options: CommitOptions,
): Promise<{ told: Committed[]; written: string[] }> {
  const opened: (Opened | Committed)[] = [];
  for (const each of wanted) opened.push(await open(engine, each, options));
  const toStore = opened.filter((each) => 'tracked' in each);
  // About as much as was recorded, where all is whole: to know it better, all would have to be walked twice.
  if (toStore.every(({ below }) => below === '')) {
    for (const { entry } of toStore.map(({ tracked }) => tracked)) options.progress?.expect(filesOf(entry), entry.size);
  }
  const present = await storeAllNow(engine, toStore.map(({ path }) => path), options); // prettier-ignore
  const toRecord: ToRecord[] = [];
  const how = { force: options.force === true, bases: openBases(engine.project) };
  for (const each of toStore) {
    toRecord.push(...(await settledOf(engine, each, { ...how, present: present.get(each.path) })));
  }
  const pointers = await record(engine, toRecord);
  const recorded = new Map(toRecord.map((each, at) => [each.path, committed(engine, each, pointers[at])]));
  await noteAll(engine, toRecord);
  await relinkStored(engine, present, options);
  const there = toRecord.filter((each) => each.present !== undefined);
  const changed = pointers.flatMap((each) =>
    each.done === 'unchanged' ? [] : [absoluteOf(engine.project, each.file)],
  );
  const ignored = ensureIgnored(engine.project, there.map(({ tracked }) => absoluteOf(engine.project, tracked.path))); // prettier-ignore
  return {
    told: opened.map((each): Committed => {
      if (!('tracked' in each)) return each;
      return recorded.get(each.path) ?? { kind: 'pointer', path: each.path, state: 'missing' };
    }),
    written: [...new Set(changed), ...ignored],
  };
}

/** Reads the pointer; where nothing is to be recorded, what is to be told of it. */
async function open(
  engine: Engine,
  { pointer, below, isNamed }: CommittablePointer,
  options: CommitOptions,
): Promise<Opened | Committed> {
  const path = below === '' ? pointer.path : `${pointer.path}/${below}`;
  const stated = readPointer(engine.project, pointer.file);
  const tracked = withTrueSize(engine.store, stated);
  if (isNamed) refuseImported(tracked);
  const { frozen, imported } = tracked.pointer;
  if (imported !== undefined || (frozen === true && !(isNamed && options.force === true))) {
    const told = { kind: 'pointer', path } as const;
    const present = isNamed ? undefined : await lookAt(engine, tracked.path, options);
    const isAsRecorded = !isNamed && (present === undefined || isSame(present, tracked.entry));
    if (isAsRecorded) return { ...told, state: 'unchanged' };
    return imported === undefined ? { ...told, state: 'frozen', frozenFile: pointer.file } : { ...told, state: 'imported' }; // prettier-ignore
  }
  const ignored = isNamed ? ignoredPaths(engine, [path]) : [];
  if (ignored.length > 0) throw new PipeError(ignored);
  const wasStored = engine.store.has(tracked.entry.digest);
  return { path, below, isNamed, tracked, isMisstated: tracked !== stated, wasStored };
}

/** What is to be recorded; nothing where nothing lies there and all that is recorded is right. */
async function settledOf(
  engine: Engine,
  opened: Opened,
  { present, ...how }: { readonly present: Entry | undefined; readonly force: boolean; readonly bases: Bases },
): Promise<ToRecord[]> {
  const { below, path } = opened;
  const tracked = trackedNow(engine, opened.tracked);
  if (present === undefined) {
    const stays: Settled = { entry: tracked.entry, kept: 0, behind: [] };
    if (opened.isMisstated && below === '') return [{ ...opened, tracked, present, settled: stays }];
    if (opened.isNamed) throw notThere(path);
    return [];
  }
  const settled: Settled =
    below === ''
      ? await settle(engine, { tracked, present, ...how })
      : { entry: present, kept: 0, behind: [], edits: [{ path: below, entry: present }] };
  return [{ ...opened, tracked, present, settled }];
}

/** What a pointer says after all was stored, which takes a while: Git may have brought another one. */
function trackedNow({ project, store }: Engine, tracked: TrackedPath): TrackedPath {
  const now = readPointerIfThere(project, tracked.file);
  return now === undefined || isSame(now.entry, tracked.entry) ? tracked : withTrueSize(store, now);
}

/** Writes the pointers: of those that are recorded as a whole all together. */
async function record(engine: Engine, all: readonly ToRecord[]): Promise<WrittenPointer[]> {
  const whole = all.filter(({ below }) => below === '');
  const wanted = whole.map(({ tracked: { path, file }, settled }) => ({ path, file, entry: settled.entry }));
  const done = await writePointers(engine.project, wanted);
  const written = new Map(whole.map((each, at) => [each, done[at]]));
  const pointers: WrittenPointer[] = [];
  for (const each of all) {
    const { tracked, settled } = each;
    pointers.push(written.get(each) ?? (await editTracked(engine, tracked, settled.edits ?? [])));
  }
  return pointers;
}

async function noteAll(engine: Engine, all: readonly ToRecord[]): Promise<void> {
  const bases = openBases(engine.project);
  for (const { path, present, settled } of all) {
    if (present !== undefined && settled.edits === undefined) bases.set(path, settled.entry);
  }
  bases.save();
  for (const { tracked, settled } of all) {
    if (settled.edits !== undefined) await noteParts(engine, { path: tracked.path, edits: settled.edits });
  }
}

function committed(
  engine: Engine,
  { path, below, tracked, present, settled, wasStored }: ToRecord,
  pointer: WrittenPointer | undefined,
): Committed {
  if (present === undefined) return { kind: 'pointer', path, state: 'changed' };
  const { entry, kept, behind } = settled;
  const before = entryAt(engine.store, tracked.entry, below);
  return {
    kind: 'pointer',
    path,
    state: pointer?.done !== 'unchanged' ? 'changed' : wasStored ? 'unchanged' : 'stored',
    ...changesOf(engine, new Map(before && [[path, before]]), new Map([[path, entry]])),
    ...(kept === 0 ? {} : { kept }),
    ...(behind.length === 0 ? {} : { behind }),
  };
}

function notThere(path: string): PipeError {
  return new PipeError({
    code: 'PIPE_DEP_MISSING',
    message: `${path} is not in the workspace: there is nothing to commit`,
    hint: `bring it back with \`pipe checkout ${path}\`, or track it no more with \`pipe remove ${path}\``,
  });
}
