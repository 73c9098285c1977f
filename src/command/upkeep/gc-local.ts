import { dirname, join } from 'node:path';
import { openBases } from '../../data/inputs/bases.ts';
import type { Digest } from '../../kit/digest.ts';
import type { Needs } from '../../lockfile/needed.ts';
import { takeTurn } from '../../kit/turn.ts';
import type { Problem } from '../../problem/problem.ts';
import { PipeError } from '../../problem/problem.ts';
import { createProgress } from '../../report/progress.ts';
import { clean, plural } from '../../report/words.ts';
import type { Engine } from '../../run/engine.ts';
import type { CollectOptions, Garbage } from '../../store/collect.ts';
import { findGarbage, goingLoose, outdated, removeGarbage } from '../../store/collect.ts';
import { freeLinks } from '../../store/free-links.ts';
import { Marks } from '../../store/mark.ts';
import { isInside } from '../../store/restore.ts';
import type { StoredObjects } from '../../store/stored-objects.ts';
import { findObjects } from '../../store/stored-objects.ts';
import { trashFolders, undoTrash } from '../../store/trash.ts';
import { beginUpkeep, heldNow } from '../../store/upkeep.ts';
import type { NeededObject } from '../../store/walk-objects.ts';
import type { Context, GlobalOptions } from '../command.ts';
import { confirmed } from './confirm.ts';
import type { KeptNeeds, Scope } from './gc-scope.ts';
import { everyCommit, keptNeeds } from './gc-scope.ts';
import type { MissingList } from './missing-lists.ts';
import { listsMissing, seekLists } from './missing-lists.ts';
import type { NamedGarbage } from './name-garbage.ts';
import { lookIfPossible, nameGarbage } from './name-garbage.ts';
import { needsOf } from './project-store.ts';
import type { Collected, Foreign, GarbageNaming } from './present-gc.ts';
import { firstThings, foreignLines, question } from './present-gc.ts';

/** Which objects of what is kept need not stay, since they can be fetched again. */
export type Released = Parameters<Marks['release']>[0];

export interface LocalCollection {
  readonly context: Context;
  readonly global: GlobalOptions;
  readonly trashDays: number | undefined;
  /** Whether somebody is asked before anything goes. */
  readonly ask: boolean;
  /** Looks for what need not stay. */
  readonly findReleased: (() => Promise<Released>) | undefined;
  /** Go on although it is not known what folders need whose lists are nowhere. */
  readonly allowMissing: boolean;
}

type Marking = Pick<LocalCollection, 'context' | 'findReleased'>;

/** After so many paths that are kept others have their turn. */
const TURN_ROOTS = 256;

interface Marked {
  readonly options: Omit<CollectOptions, 'isHeld'>;
  readonly objects: StoredObjects;
  readonly needs: readonly KeptNeeds[];
  /** Folders whose lists are not in the cache. */
  readonly missing: readonly MissingList[];
}

/**
 * Reads what is kept and marks it.
 * @throws {PipeError} when anything of it cannot be understood: nothing may be removed then.
 */
async function mark(scope: Scope, { context, findReleased }: Marking): Promise<Marked> {
  const { store, blake3 } = scope.engine;
  const { layout } = store;
  const needs = await keptNeeds(scope);
  const objects = findObjects(layout, blake3);
  const marks = new Marks(objects);
  const missing: MissingList[] = [];
  for (const { engine, roots } of needs) {
    for (const [at, root] of roots.entries()) {
      if (at % TURN_ROOTS === 0) await takeTurn(context.signal);
      const known = marks.absent.length;
      marks.addEntry(root.entry, root.path);
      for (const object of marks.absent.slice(known)) missing.push({ object, root, engine });
    }
  }
  // What a folder held when it was last recorded tells what was changed in it since; its files are not needed for that.
  for (const { engine, roots } of needs) {
    const paths = new Set(roots.map(({ path }) => path));
    const folders = openBases(engine.project).folders();
    for (const { path, entry } of folders) if (paths.has(path)) marks.addLists(entry, path);
  }
  if (marks.damaged.length > 0) {
    throw new PipeError(
      marks.damaged.map(({ path }) => ({
        code: 'PIPE_STORE_DAMAGED',
        message: `the list of the folder ${clean(path)} is damaged in the cache, so it is not known what is needed`,
        hint: 'run `pipe fsck --repair`, or get it again from a remote',
      })),
    );
  }
  const [unreadable] = objects.unreadable;
  if (unreadable !== undefined && marks.absent.length > 0) throw perhapsInside(unreadable, marks.absent);
  if (findReleased !== undefined) marks.release(await findReleased());
  return { options: { layout, blake3, marks }, objects, needs, missing };
}

/**
 * The same, after lists that are not in the cache were got again as far as they can be had, if anything would go.
 * @throws {PipeError} PIPE_OBJECT_MISSING when some are nowhere, unless it is allowed
 */
async function markAll(scope: Scope, collection: LocalCollection, isHeld: IsHeld): Promise<Marked> {
  const { context, allowMissing } = collection;
  let marked = await mark(scope, collection);
  const isUnsure = (): boolean => marked.missing.length > 0 && findGarbage({ ...marked.options, isHeld }).objects > 0;
  if (allowMissing) return marked;
  let away: readonly Problem[] = [];
  // Below a list that came there may be others; what was asked for and did not come is nowhere.
  const asked = new Set<Digest>();
  while (isUnsure() && marked.missing.some(({ object }) => !asked.has(object.digest))) {
    for (const { object } of marked.missing) asked.add(object.digest);
    away = await seekLists(context, marked.missing);
    marked = await mark(scope, collection);
  }
  if (isUnsure()) throw listsMissing(marked.missing, away);
  return marked;
}

type IsHeld = CollectOptions['isHeld'];

/** A list that is in no pack that can be read is absent, or in one that cannot. */
function perhapsInside(pack: string, absent: readonly NeededObject[]): PipeError {
  return new PipeError(
    absent.map(({ path }) => ({
      code: 'PIPE_STORE_DAMAGED',
      message: `the list of the folder ${clean(path)} may lie in ${pack}, which cannot be read, so it is not known what is needed`,
      hint: 'run `pipe fsck --repair`, which brings back what is right of the pack',
    })),
  );
}

interface Naming {
  readonly isHeld: IsHeld;
  /** Whether files may go whose lists stay. */
  readonly isReleased: boolean;
  /** Whether nothing goes: then names are all that there is to tell. */
  readonly dry: boolean;
}

/** What goes, or would go, with the names that it is known by. */
async function nameAll(
  { engine }: Scope,
  { options, objects, needs }: Marked,
  { context, isHeld, isReleased, dry }: Pick<Marking, 'context'> & Naming,
): Promise<GarbageNaming & { readonly garbage: Garbage }> {
  const named = nameGarbage(objects, options.marks, { isReleased });
  const garbage = findGarbage({ ...options, isHeld }, named.visitor);
  if (isReleased) await named.lookIn(() => Promise.resolve({ roots: needs.flatMap(({ roots }) => roots) }));
  const inHistory = async (): Promise<Pick<Needs, 'roots'>> => needsOf(engine, await everyCommit(context, engine));
  const fault = await (dry ? named.lookIn(inHistory) : lookIfPossible(named, inHistory));
  return { garbage, names: named.names(), fault: fault ?? undefined };
}

/** What would go of the cache. */
export async function wouldCollectLocal(scope: Scope, { context, findReleased }: Marking): Promise<Collected> {
  const { engine } = scope;
  const marked = await mark(scope, { context, findReleased });
  const { layout, marks } = marked.options;
  const how = { context, isHeld: heldNow(layout), isReleased: findReleased !== undefined, dry: true };
  const { garbage, names } = await nameAll(scope, marked, how);
  const foreign = isForOthers(scope) && garbage.objects > 0 ? foreignOf(engine, names) : undefined;
  return { garbage, absent: marks.absent, names, dry: true, foreign };
}

/** Whether other projects may use the cache, and none was named. */
function isForOthers({ engine, others }: Scope): boolean {
  const { layout } = engine.store;
  const { root, main } = engine.project;
  const homes = [root, ...(main === undefined ? [] : [dirname(main.pipeDir)])];
  return others.length === 0 && (layout.shared || !homes.some((home) => isInside(layout.root, home)));
}

function foreignOf({ store }: Engine, names: readonly NamedGarbage[]): Foreign {
  const { objects = 0, bytes = 0 } = names.find(({ path }) => path === '') ?? {};
  return { cache: store.layout.root, objects, bytes };
}

const NOTHING: Garbage = { objects: 0, bytes: 0, runs: 0, leftObjects: 0, leftBytes: 0, merged: 0, unreadable: 0 };

/** Takes out of the cache what nobody needs, as far as nobody asks to stop; `refused` when somebody said no. */
export async function collectLocal(scope: Scope, collection: LocalCollection): Promise<Collected> {
  const { context, global, trashDays, ask } = collection;
  const { layout } = scope.engine.store;
  const upkeep = await beginUpkeep(layout, scope.engine.blake3);
  try {
    // After the upkeep has begun: what a process has written down by now is found, the rest stands in its lease.
    const isHeld = (path: string): boolean => upkeep.isHeld(path);
    const marked = await markAll(scope, collection, isHeld);
    const { options, needs } = marked;
    const collectOptions = { ...options, isHeld };
    const isShared = isForOthers(scope);
    const how = { context, isHeld, isReleased: collection.findReleased !== undefined, dry: false };
    const { garbage, ...named } =
      ask || isShared
        ? await nameAll(scope, marked, how)
        : { garbage: findGarbage(collectOptions), names: [], fault: undefined };
    const foreign = isShared && garbage.objects > 0 ? foreignOf(scope.engine, named.names) : undefined;
    const now = scope.engine.now();
    const isOutdated = outdated(options, now).next().done !== true;
    const hasWork = garbage.objects + garbage.runs + garbage.merged > 0 || isOutdated;
    const asked = [...firstThings(named), ...foreignLines(foreign), question(garbage, trashDays)].join('\n');
    if (hasWork && ask && !(await confirmed(context, asked))) {
      return { garbage: NOTHING, absent: [], names: undefined, dry: false, isRefused: true };
    }
    const { stderr, env } = context;
    const progress = createProgress({
      stderr,
      env,
      label: 'removing',
      noun: 'objects',
      quiet: global.json || global.quiet,
    });
    const onProgress = (objects: number): void => {
      progress.update(objects, garbage.objects);
    };
    try {
      if (hasWork) freeWorkspaces(needs, collectOptions);
      const { signal } = context;
      if (hasWork) await removeGarbage({ ...collectOptions, upkeep, trashDays, now, onProgress, signal });
    } finally {
      progress.end();
    }
    return { garbage, absent: options.marks.absent, names: undefined, dry: false, trashDays, foreign };
  } finally {
    upkeep.end();
  }
}

/** Files of workspaces that are links to objects that go become copies: what was written through a link is nowhere else. */
function freeWorkspaces(needs: readonly KeptNeeds[], options: CollectOptions): void {
  const going = [...goingLoose(options)].map(({ path }) => path);
  if (going.length === 0) return;
  for (const { engine, roots } of needs) {
    const { root } = engine.project;
    const places = roots.map(({ path }) => join(root, path)).filter((place) => isInside(place, root));
    freeLinks(places, going, root);
  }
}

/** What was brought back from a trash: so many files that were moved there at a time, if any. */
export interface Undone {
  readonly files: number;
  /** ISO 8601; null when the trash is empty. */
  readonly since: string | null;
}

/** Brings back what was moved to the trash of the cache last, as far as nobody asks to stop. */
export async function undoLocal({ store, blake3 }: Engine, signal: AbortSignal): Promise<Undone> {
  const { layout } = store;
  const upkeep = await beginUpkeep(layout, blake3);
  try {
    const [newest] = trashFolders(layout);
    const files = newest === undefined ? 0 : await undoTrash(layout, newest.path, signal);
    return { files, since: newest === undefined ? null : new Date(newest.time).toISOString() };
  } finally {
    upkeep.end();
  }
}

/** The same for people. */
export function undoneText({ files, since }: Undone, where: string): string {
  return since === null
    ? `The trash${where} is empty.`
    : `Brought back ${plural(files, 'file')} that had been moved to the trash${where} at ${since}.`;
}
