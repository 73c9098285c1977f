import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import { pointerConflicts } from '../graph/pointer-conflicts.ts';
import { writeProblem } from '../kit/atomic-file.ts';
import { isWithin } from '../kit/path.ts';
import type { PointerPlace, TrackedPath } from '../lockfile/pointer.ts';
import { pointerFileOf } from '../lockfile/pointer.ts';
import type { Problem } from '../problem/problem.ts';
import { PipeError } from '../problem/problem.ts';
import { ensureIgnored, removeFromGitignore } from '../project/gitignore.ts';
import { moveToOtherDisk } from './other-disk.ts';
import { copyPointer, writePointer } from '../project/write-pointer.ts';
import type { Engine } from '../run/engine.ts';
import { entryAt } from '../store/entry-at.ts';
import { checkInside } from '../store/restore.ts';
import type { Entry } from '../store/tree.ts';
import { statNow } from '../store/untouched.ts';
import type { Known } from './known.ts';
import { editBase } from './inputs/base-edits.ts';
import type { Bases } from './inputs/bases.ts';
import { openBases } from './inputs/bases.ts';
import { ignoredPaths, pathsInGit } from './refuse-paths.ts';
import { outsInside, refuseUnsaved, untrackable } from './refuse.ts';
import { removeData } from './remove-data.ts';
import { recordedAt } from './remove.ts';
import { editTracked, pointerAround, readPointer, readPointerIfThere, refuseFrozen } from './tracked-folder.ts';
import type { DataOptions, Seen } from './workspace.ts';
import { claimedAsPlanned } from './claimed-plan.ts';
import { NOTHING, absoluteOf, lookAt, see } from './workspace.ts';

/** What a pointer tracks, or a path inside that. */
interface MoveSource<T extends PointerPlace = PointerPlace> {
  readonly pointer: T;
  readonly below: string;
}

/** From where to where; the target is posix, relative to the project root. */
interface Move<T extends PointerPlace = PointerPlace> {
  readonly source: MoveSource<T>;
  readonly to: string;
}

type MoveOptions = Pick<DataOptions, 'signal' | 'progress'>;

/**
 * Moves tracked data with its record. First the new place is recorded, then the data is moved, then the old record goes:
 * at every moment all data is recorded somewhere, so that `pipe checkout` puts it in place, and the same command, said
 * again, ends what was interrupted.
 * @returns the absolute paths of the files that Git should know of
 * @throws {PipeError} PIPE_POINTER_CONFLICT, PIPE_STAGE_OUT, PIPE_PATH_RESERVED, PIPE_PATH_IGNORED,
 * PIPE_PATH_IN_GIT, PIPE_FROZEN and PIPE_USAGE, before
 * anything is moved
 */
export async function move(
  engine: Engine,
  { source, to }: Move,
  { known, ...options }: MoveOptions & { readonly known: Known },
): Promise<{ written: string[] }> {
  const refused = [...ignoredPaths(engine, [to]), ...(await pathsInGit(engine, [to]))];
  if (refused.length > 0) throw new PipeError(refused);
  const planOf = (now: Known): MovePlan => ({
    known: now,
    around: pointerAround(now.pointers, to),
    own: now.pointers.find(({ path }) => path === to),
  });
  const writesOf = ({ around }: MovePlan): string[] => [...new Set([source.pointer.path, around?.path ?? to])];
  engine.store.hold();
  const work = (plan: MovePlan) => moveClaimed(engine, { source, to, plan }, options);
  return claimedAsPlanned(engine, known, { name: 'move', signal: options.signal, planOf, writesOf, work });
}

/** What a move depends on of what is tracked. */
interface MovePlan {
  readonly known: Known;
  /** The pointer of the folder that the target lies in. */
  readonly around: PointerPlace | undefined;
  /** The pointer of the target itself. */
  readonly own: PointerPlace | undefined;
}

async function moveClaimed(
  engine: Engine,
  { source, to, plan }: Move & { readonly plan: MovePlan },
  options: MoveOptions,
): Promise<{ written: string[] }> {
  const { project } = engine;
  const step = readStep(engine, { source, to }, plan);
  check(engine, step, plan.known);
  const left = await leftOver(engine, step, options);
  const written = await recordTarget(engine, step);
  if (plan.around === undefined) written.push(...ensureIgnored(project, [absoluteOf(project, to)]));
  const bases = openBases(project);
  const base = source.below === '' ? bases.get(source.pointer.path) : undefined;
  const partial = bases.isPartial(source.pointer.path);
  if (left === undefined) await moveData(engine, step, options);
  else await removeData(engine, pathOf(source), { seen: left, signal: options.signal });
  written.push(...(await dropSource(engine, source)));
  await moveBase(engine, step, { bases, base, partial });
  return { written: [...new Set(written)] };
}

/** A move whose paths are claimed, so that what is recorded stays as it is read here. */
interface Step extends Move<TrackedPath> {
  readonly entry: Entry;
  /** The pointer of the folder that the target lies in. */
  readonly around: TrackedPath | undefined;
  /** The pointer of the target itself. */
  readonly own: TrackedPath | undefined;
}

function readStep(engine: Engine, { source, to }: Move, { around, own }: MovePlan): Step {
  const { project } = engine;
  const { below } = source;
  const pointer = readPointer(project, source.pointer.file);
  return {
    source: { pointer, below },
    to,
    entry: below === '' ? pointer.entry : recordedAt(engine, pointer, below),
    around: around && readPointer(project, around.file),
    own: own && readPointerIfThere(project, own.file),
  };
}

/** What lay there lies here now. */
async function moveBase(
  engine: Engine,
  { source: { pointer, below }, to, entry, around }: Step,
  { bases, base, partial }: { readonly bases: Bases; readonly base: Entry | undefined; readonly partial: boolean },
): Promise<void> {
  if (below === '') bases.drop(pointer.path);
  else await editBase(engine, bases, { path: pointer.path, edits: [{ path: below, entry: undefined }] });
  if (around !== undefined) {
    await editBase(engine, bases, { path: around.path, edits: [{ path: posix.relative(around.path, to), entry }] });
  } else if (base !== undefined) bases.set(to, base, { partial });
  bases.save();
}

function pathOf({ pointer, below }: MoveSource): string {
  return below === '' ? pointer.path : `${pointer.path}/${below}`;
}

function check(engine: Engine, step: Step, { stages, pointers }: Known): void {
  const { source, to, entry, around } = step;
  const from = pathOf(source);
  if (isWithin(from, to)) {
    const message = from === to ? `${from} is there already` : `${from} cannot be moved into itself`;
    throw new PipeError({ code: 'PIPE_USAGE', message });
  }
  const problems = untrackable([to], stages);
  for (const made of outsInside(from, stages)) problems.push(holdsOut(from, made));
  if (around === undefined && problems.length === 0) {
    const file = pointerFileOf(to);
    const others = pointers.filter(({ path }) => path !== to && (source.below !== '' || path !== from));
    const planned = { file, path: to, at: { source: { file }, offset: 0, length: 0 } };
    problems.push(...pointerConflicts([...others, planned], stages));
  }
  if (problems.length > 0) throw new PipeError(problems);
  if (source.below !== '') refuseFrozen(source.pointer);
  if (around !== undefined) refuseFrozen(around);
  for (const path of [from, to]) checkInside(absoluteOf(engine.project, path), engine.project.root);
  refuseBelowFile(engine, step);
  if (source.below === '' && around === undefined) refuseSamePlace(engine, step);
  const there = recordedThere(engine, step);
  // A move that was interrupted is gone on with: its new record is there.
  if (there !== undefined && there.digest !== entry.digest) throw inTheWay(to);
}

/** @throws {PipeError} PIPE_POINTER_CONFLICT where something above the target is, or is recorded as, no folder */
function refuseBelowFile({ project, store }: Engine, { to, around }: Step): void {
  const root = around?.path ?? '';
  for (let above = posix.dirname(to); above !== '.' && above !== root; above = posix.dirname(above)) {
    const recorded = around && entryAt(store, around.entry, posix.relative(root, above));
    const stat = statNow(absoluteOf(project, above));
    const isFile = stat !== undefined && !stat.isDirectory() && !stat.isSymbolicLink();
    if (isFile || (recorded !== undefined && recorded.kind !== 'dir')) throw inTheWay(above);
  }
}

/** @throws {PipeError} PIPE_USAGE where the target is another name of the same place, through a link or by its case */
function refuseSamePlace({ project }: Engine, { source: { pointer }, to }: Step): void {
  const [from, there] = [pointer.file, pointerFileOf(to)].map((file) => statNow(absoluteOf(project, file)));
  if (from === undefined || there === undefined || from.ino !== there.ino || from.dev !== there.dev) return;
  throw new PipeError({ code: 'PIPE_USAGE', message: `${to} is another name of ${pointer.path}: it is there already` });
}

/**
 * What an interrupted move to another disk has left at the source, where all of it lies at the target already.
 * @throws {PipeError} PIPE_POINTER_CONFLICT where something else lies there; PIPE_UNSAVED
 */
async function leftOver(engine: Engine, step: Step, options: MoveOptions): Promise<Seen | undefined> {
  const { to, entry } = step;
  const from = pathOf(step.source);
  const [stat, target] = [from, to].map((path) => statNow(absoluteOf(engine.project, path)));
  if (target === undefined) return undefined;
  // On one disk it goes from here to there in one step.
  const isBegun = recordedThere(engine, step)?.digest === entry.digest;
  if (!isBegun || (stat !== undefined && stat.dev === target.dev)) throw inTheWay(to);
  if (stat === undefined) return NOTHING;
  const there = await lookAt(engine, to, options);
  if (there === undefined || there.kind !== entry.kind || there.digest !== entry.digest) throw inTheWay(to);
  const left = await see(engine, from, options);
  await refuseUnsaved(engine, { path: from, entry: left.entry }, options);
  return left;
}

/** What is recorded at the target already. */
function recordedThere({ store }: Engine, { to, around, own }: Step): Entry | undefined {
  return around === undefined ? own?.entry : entryAt(store, around.entry, posix.relative(around.path, to));
}

function holdsOut(path: string, { stage, out }: ReturnType<typeof outsInside>[number]): Problem {
  return {
    code: 'PIPE_STAGE_OUT',
    message: `${path} cannot be moved: it holds ${out.path}, an out of "${stage.address}"`,
    hint: `let the stage make it elsewhere first, in ${stage.file}`,
    at: out.at,
  };
}

function inTheWay(to: string): PipeError {
  const hint = 'move or remove that first';
  return new PipeError({ code: 'PIPE_POINTER_CONFLICT', message: `something lies at ${to} already`, hint });
}

async function recordTarget(engine: Engine, { source, to, entry, around }: Step): Promise<string[]> {
  const { project } = engine;
  const absolute = absoluteOf(project, to);
  if (around === undefined) {
    mkdirSync(dirname(absolute), { recursive: true });
    const { file } = source.below === '' ? copyPointer(project, source.pointer, to) : writePointer(project, to, entry);
    return [absoluteOf(project, file)];
  }
  const edits = [{ path: posix.relative(around.path, to), entry }];
  return [absoluteOf(project, (await editTracked(engine, around, edits)).file)];
}

async function moveData({ project }: Engine, step: Step, { signal, progress }: MoveOptions): Promise<void> {
  const [from, to] = [absoluteOf(project, pathOf(step.source)), absoluteOf(project, step.to)];
  if (statNow(from) === undefined) return;
  try {
    mkdirSync(dirname(to), { recursive: true });
    try {
      renameSync(from, to);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
      await moveToOtherDisk(from, to, { signal, onProgress: progress?.done });
    }
  } catch (error) {
    throw writeProblem(to, error);
  }
}

/** The record itself goes last: as long as it is there, the same command can end what was begun. */
async function dropSource(engine: Engine, source: MoveSource): Promise<string[]> {
  const { project } = engine;
  const { pointer, below } = source;
  if (below !== '') {
    const { file } = await editTracked(engine, pointer, [{ path: below, entry: undefined }]);
    return [absoluteOf(project, file)];
  }
  const file = absoluteOf(project, pointer.file);
  const ignored = removeFromGitignore(project, [absoluteOf(project, pointer.path)]);
  const wasThere = existsSync(file);
  rmSync(file, { force: true });
  return [...(wasThere ? [file] : []), ...ignored];
}
