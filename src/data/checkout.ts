import { mkdirSync } from 'node:fs';
import { appendTo } from '../kit/append-to.ts';
import { isSameObject } from '../store/diff-tree.ts';
import type { TreeEdit } from '../store/edit-tree.ts';
import { firstNames } from '../kit/first-names.ts';
import { isDenied, systemProblem } from '../kit/system-fault.ts';
import { entryAt } from '../store/entry-at.ts';
import { applyFolder, checkAllSeen, removeEmptyFolder } from '../store/apply.ts';
import { nestsTooDeep } from '../store/completeness.ts';
import { restoreEntry } from '../store/restore.ts';
import { contradicted } from '../store/true-entry.ts';
import type { Entry } from '../store/tree.ts';
import { filesOf } from '../store/tree.ts';
import { checkUntouched, statNow } from '../store/untouched.ts';
import { entryOf } from '../lockfile/entry.ts';
import type { Problem } from '../problem/problem.ts';
import { PipeError } from '../problem/problem.ts';
import type { Engine } from '../run/engine.ts';
import { relinkStored, straysAt } from '../run/relink.ts';
import { outsInParts } from './outs-in-parts.ts';
import { refuseOwned } from './refuse.ts';
import type { Selected } from './select.ts';
import { pathOf } from './select.ts';
import { noteParts } from './inputs/base-edits.ts';
import { corrected, refuseMisstated } from './misstated.ts';
import { openBases } from './inputs/bases.ts';
import { readPointer } from './tracked-folder.ts';
import type { TrackedPlace } from './tracked.ts';
import { unsavedFiles } from './unsaved.ts';
import type { DataOptions, Seen } from './workspace.ts';
import { NOTHING, absoluteOf, claimed, see } from './workspace.ts';

export interface CheckoutOptions extends DataOptions {
  /** Overwrite files whose bytes are nowhere else. */
  readonly force?: boolean;
  /** Put every file in place anew, with the links that the options ask for. */
  readonly relink?: boolean;
}

/** What became of one selected path; files are counted. */
export interface CheckedOut {
  readonly path: string;
  readonly state: 'added' | 'modified' | 'unchanged' | 'missing' | 'unrecorded';
  readonly added: number;
  readonly modified: number;
  readonly deleted: number;
  /** Paths that the store has no whole objects of. */
  readonly missing: readonly string[];
}

/**
 * Makes the workspace hold what locks and pointers say once no other process works on it any more. Nothing is touched
 * before it is known that no bytes are lost by it; each path is then brought up to date by itself.
 * @throws {PipeError} PIPE_UNSAVED with every path that holds bytes that are nowhere else; PIPE_TARGET_UNKNOWN for a
 * pointer that is gone; PIPE_FILE_CHANGED at a file that somebody works on, which is left as it is then
 */
export async function checkout(
  engine: Engine,
  selected: readonly Selected<TrackedPlace>[],
  options: CheckoutOptions,
): Promise<CheckedOut[]> {
  const paths = selected.map((each) => ({ path: pathOf(each), wantedNow: () => wantedOf(engine, each) }));
  const pointers = selected.flatMap(({ tracked: { owner, path }, below }, at) =>
    owner.kind === 'pointer' ? [{ path, below, at }] : [],
  );
  const outs = outsInParts(engine.project, selected);
  // Killed in between, nobody could tell what is missing from what was removed.
  const beforeTouch = (changing: ReadonlySet<number>): void => {
    outs.beforeTouch(changing);
    for (const isWhole of [true, false]) {
      const bases = openBases(engine.project);
      for (const { path, below, at } of pointers) {
        if ((below === '') !== isWhole || !changing.has(at)) continue;
        // Of a folder that is made for a part, the former one says nothing.
        if (isWhole || bases.get(path) === undefined) bases.drop(path);
      }
      bases.save({ isClaimed: isWhole });
    }
  };
  return bring(engine, paths, {
    ...options,
    beforeTouch,
    beforePart: outs.beforePart,
    async afterwards(done) {
      outs.afterwards(done);
      await noteDone(engine, pointers, done);
    },
  });
}

/** A path that a pointer tracks, or one inside it, and its place in the list of what is checked out. */
interface CheckedPointer {
  readonly path: string;
  readonly below: string;
  readonly at: number;
}

/** Notes what was put in place, while nobody else can work on it. */
async function noteDone(engine: Engine, pointers: readonly CheckedPointer[], done: readonly Brought[]): Promise<void> {
  const bases = openBases(engine.project);
  const parts = new Map<string, TreeEdit[]>();
  const partly: string[] = [];
  for (const { path, below, at } of pointers) {
    const { missing, wanted } = done[at] as Brought;
    const entry = missing.length > 0 || wanted === 'missing' ? undefined : wanted;
    if (entry === undefined) partly.push(path);
    else if (below === '') bases.set(path, entry);
    else appendTo(parts, path, { path: below, entry });
  }
  bases.save();
  // Of a folder of which a part was put in place, the base has that part; only the part is claimed.
  for (const [path, edits] of parts) await noteParts(engine, { path, edits, isNew: true });
  for (const path of partly) bases.drop(path);
  bases.save();
}

/**
 * Makes a path hold what its pointer will say once it is there, as {@link checkout} does it for what is recorded. The
 * caller has claimed the path.
 * @throws {PipeError} as `checkout`
 */
export async function putInPlace(
  engine: Engine,
  { path, entry }: { readonly path: string; readonly entry: Entry },
  options: CheckoutOptions,
): Promise<CheckedOut> {
  const [done] = await bringClaimed(engine, [{ path, wantedNow: () => entry }], options);
  return done as CheckedOut;
}

interface Wanted {
  readonly path: string;
  /** What is to lie there, asked for when the path is claimed. */
  readonly wantedNow: () => Step['wanted'];
}

interface BringOptions extends CheckoutOptions {
  /** Told of the paths, by their places in the list, that are not what they are to be, before the first is touched. */
  readonly beforeTouch?: (changing: ReadonlySet<number>) => void;
  /** Told of a path, by its place in the list, of which only a part can be put in place, before its folder is made. */
  readonly beforePart?: (at: number) => void;
  /** Told what became of all paths, while they are claimed. */
  readonly afterwards?: (done: readonly Brought[]) => Promise<void>;
}

/** With what was to lie there: by now, Git may have brought a pointer that says something else. */
interface Brought extends CheckedOut {
  readonly wanted: Step['wanted'];
}

async function bring(engine: Engine, paths: readonly Wanted[], options: BringOptions): Promise<CheckedOut[]> {
  const writes = paths.map(({ path }) => path);
  // What is found in the store is all there is of the files that give way.
  engine.store.hold();
  const claim = { writes, signal: options.signal, name: 'checkout' };
  return claimed(engine, claim, () => bringClaimed(engine, paths, options));
}

async function bringClaimed(engine: Engine, paths: readonly Wanted[], options: BringOptions): Promise<CheckedOut[]> {
  const steps: Step[] = [];
  options.progress?.begin('looking at');
  const unread: Problem[] = [];
  for (const each of paths) {
    try {
      steps.push(await look(engine, each, options));
    } catch (error) {
      if (!(error instanceof PipeError) || error.problems[0]?.code !== 'PIPE_FILE_READ') throw error;
      unread.push(...error.problems);
    }
  }
  if (unread.length > 0) throw new PipeError(unread);
  if (options.force !== true) await refuseLoss(engine, steps, options);
  options.beforeTouch?.(new Set(steps.flatMap((step, at) => (isAsWanted(step) ? [] : [at]))));
  options.progress?.begin('checking out');
  for (const step of steps) options.progress?.expect(...amountOf(step, options));
  const done: CheckedOut[] = [];
  const denied: Problem[] = [];
  for (const [at, step] of steps.entries()) {
    const how = { ...options, beforePart: () => options.beforePart?.(at) };
    try {
      done.push(await putStraysRight(engine, step, { ...options, done: await take(engine, step, how) }));
    } catch (error) {
      // One path that is not ours to change keeps no other from being put in place.
      if (!isDenied(error)) throw error;
      denied.push(...(systemProblem(error) ?? []));
      const { path } = step;
      done.push({ path, state: 'missing', added: 0, modified: 0, deleted: 0, missing: [path] });
    }
  }
  await options.afterwards?.(done.map((each, at) => ({ ...each, wanted: steps[at]?.wanted })));
  if (denied.length > 0) throw new PipeError(denied);
  return done;
}

/** What is as it should be may still be a link to what is not: an object that was edited, or one of another cache. */
async function putStraysRight(
  engine: Engine,
  { path, wanted }: Step,
  { done, ...options }: CheckoutOptions & { readonly done: CheckedOut },
): Promise<CheckedOut> {
  if (wanted === undefined || wanted === 'missing' || straysAt(engine, path).length === 0) return done;
  const { files, missing } = await relinkStored(engine, [[path, wanted]], { ...options, onlyStrays: true });
  if (missing.length > 0) return { ...done, state: 'missing', missing: [...new Set([...done.missing, ...missing])] };
  if (done.state !== 'unchanged' && done.state !== 'modified') return done;
  return files === 0 ? done : { ...done, state: 'modified', modified: done.modified + files };
}

interface Step {
  readonly path: string;
  readonly wanted: Entry | 'missing' | undefined;
  readonly present: Seen;
}

/** Whether nothing is to be put in place. */
function isAsWanted({ wanted, present: { entry } }: Step): boolean {
  return wanted === undefined || wanted === 'missing' || (entry !== undefined && isSameObject(wanted, entry));
}

function wantedOf(engine: Engine, { tracked, below }: Selected<TrackedPlace>): Step['wanted'] {
  const entry = recordedNow(engine, tracked);
  return entry === undefined ? undefined : (entryAt(engine.store, entry, below) ?? 'missing');
}

async function look(engine: Engine, { path, wantedNow }: Wanted, options: CheckoutOptions): Promise<Step> {
  const wanted = wantedNow();
  // What is not recorded is left alone, and need not be looked at.
  const present = wanted === undefined ? NOTHING : await see(engine, path, options);
  return { path, wanted, present };
}

/** What is recorded of a path that is claimed, unless it belongs to somebody else by now. */
function recordedNow(engine: Engine, { owner, path }: TrackedPlace): Entry | undefined {
  const { project, locks } = engine;
  if (owner.kind === 'pointer') {
    const pointer = readPointer(project, owner.pointer.file);
    // Also what has just been fetched.
    refuseMisstated(engine.store, [pointer]);
    refuseOwned(engine, pointer);
    return pointer.entry;
  }
  locks.refresh(owner.stage);
  const locked = locks.block(owner.stage)?.outs.find((each) => each.path === owner.as);
  if (locked === undefined) return undefined;
  const [said, known] = [entryOf(locked), contradicted(engine.store, entryOf(locked))];
  if (known !== undefined) engine.emit({ type: 'notice', ...corrected(path, said, known) });
  return known ?? said;
}

async function refuseLoss(engine: Engine, steps: readonly Step[], options: CheckoutOptions): Promise<void> {
  const problems: Problem[] = [];
  for (const step of steps) {
    const { path, wanted, present } = step;
    if (isAsWanted(step) || wanted === 'missing' || present.entry === undefined) continue;
    const unsaved = await unsavedFiles(engine, { path, entry: present.entry, wanted }, options);
    if (unsaved.length === 0) continue;
    problems.push({
      code: 'PIPE_UNSAVED',
      message: `checking out ${path} would lose files that are not in the cache: ${firstNames(unsaved)}`,
      hint: 'keep them with `pipe commit` or `pipe add`, or overwrite them with --force',
    });
  }
  if (problems.length > 0) throw new PipeError(problems);
}

/** Files and bytes that are to be put in place, if none of a folder are there. */
function amountOf({ wanted, present: { entry } }: Step, { relink }: CheckoutOptions): [number, number] {
  if (wanted === undefined || wanted === 'missing') return [0, 0];
  if (relink !== true && entry !== undefined && isSameObject(wanted, entry)) return [0, 0];
  return [filesOf(wanted), wanted.size];
}

async function take(
  engine: Engine,
  { path, wanted, present: seen }: Step,
  options: CheckoutOptions & { readonly beforePart: () => void },
): Promise<CheckedOut> {
  const { store, index, now, project } = engine;
  const nothing = { path, added: 0, modified: 0, deleted: 0, missing: [] };
  if (wanted === undefined) return { ...nothing, state: 'unrecorded' };
  if (wanted === 'missing') return { ...nothing, state: 'missing', missing: [path] };
  const { entry: present } = seen;
  const isAsWanted = present !== undefined && isSameObject(wanted, present);
  if (isAsWanted && options.relink !== true) return { ...nothing, state: 'unchanged' };
  const { signal, links, progress } = options;
  const place = {
    target: absoluteOf(project, path),
    root: project.root,
    memory: { index, path, now },
    signal,
    links,
    onProgress: progress?.done,
  };
  const onKept = (files: number, bytes: number): void => { progress?.expect(-files, -bytes); }; // prettier-ignore
  // Never as a whole: it may hold files that `.pipeignore` leaves out.
  if (present?.kind === 'dir' && wanted.kind === 'dir') {
    const applied = await applyFolder(store, wanted, { ...place, onKept, anew: options.relink === true });
    const state = applied.missing.length > 0 ? 'missing' : isAsWanted ? 'unchanged' : 'modified';
    return { path, ...applied, state };
  }
  const beforeSwap = (): void => {
    if (seen.stat?.isDirectory() === true && statNow(place.target)?.isDirectory() === true) checkAllSeen(place);
    else checkUntouched(seen.stat, { target: place.target, path });
  };
  if (!(await restoreEntry(store, wanted, { ...place, beforeSwap }))) {
    const isWhole = present !== undefined || wanted.kind !== 'dir' || nestsTooDeep(store, wanted);
    if (isWhole) return { ...nothing, state: 'missing', missing: [path] };
    // Of a new folder, what the store has of it.
    index.recordFolder(path, []);
    options.beforePart();
    mkdirSync(place.target, { recursive: true });
    const applied = await applyFolder(store, wanted, { ...place, onKept });
    removeEmptyFolder(place.target);
    return { path, ...applied, state: 'missing' };
  }
  if (isAsWanted) return { ...nothing, state: 'unchanged' };
  const files = filesOf(wanted);
  if (present === undefined) return { ...nothing, state: 'added', added: files };
  return { ...nothing, state: 'modified', modified: 1 };
}
