import { lstatSync } from 'node:fs';
import { relative } from 'node:path';
import { checkImport, recordImport } from '../../data/import.ts';
import { unsavedFiles } from '../../data/unsaved.ts';
import { absoluteOf, lookAt } from '../../data/workspace.ts';
import { globMatcher } from '../../graph/glob.ts';
import { isWithin } from '../../kit/path.ts';
import type { UrlImport } from '../../lockfile/pointer-import.ts';
import type { PendingImport } from '../../lockfile/pointer.ts';
import { PipeError } from '../../problem/problem.ts';
import { autostage } from '../../project/autostage.ts';
import { compareTold } from '../../source/remote-data.ts';
import type { Entry } from '../../store/tree.ts';
import type { Context, GlobalOptions } from '../command.ts';
import type { DataProject } from '../data-project.ts';
import { dataOptions } from '../data-project.ts';
import { inProject } from '../edit-target.ts';
import { knownNow } from '../known-now.ts';
import { acquireUrl, withUrl } from './acquire-url.ts';
import type { FailedImport } from './failed.ts';
import { failedImport } from './failed.ts';
import { importFolder } from './temporary.ts';

/** How imports are downloaded for the first time. */
export interface Bringing {
  readonly context: Context;
  readonly global: GlobalOptions;
  /** Transfers at once. */
  readonly jobs?: number | undefined;
  /** Overwrite what lies there. */
  readonly force: boolean;
  /** Leave the workspace alone. */
  readonly isOnlyRecorded: boolean;
  /** Take what the URL gives now, also where it gave something else when its pointer was written. */
  readonly takesChanged: boolean;
}

/** An import that was downloaded for the first time. */
export interface Brought {
  readonly path: string;
  readonly entry: Entry;
  readonly imported: UrlImport;
  /** Absolute paths of the files that Git should know of. */
  readonly written: readonly string[];
}

/**
 * Downloads for the first time what a pointer only says the URL of, and records what it is.
 * @throws {PipeError} PIPE_FILE_CHANGED when the URL gives something else by now; as `withUrl` and `recordImport` do
 */
export async function bringImport(
  { engine }: Pick<DataProject, 'engine'>,
  pending: PendingImport,
  { context, global, jobs, force, isOnlyRecorded, takesChanged }: Bringing,
): Promise<Brought> {
  const { project, blake3, store } = engine;
  const {
    path,
    file,
    imported: { url, ...told },
  } = pending;
  // What lies there may be what came from the URL before: nothing is lost where the store has it.
  const isKept = force || (await isStored(engine, path, context.signal));
  checkImport(engine, path, { known: knownNow(context), force: isKept });
  const how = { context, blake3, base: project.root, allowed: project.config.allowed(), jobs };
  if (!takesChanged) {
    const now = await withUrl(url, how, (data) => data.tell());
    if (compareTold(told, now) === 'changed') throw changedThere(path, file);
  }
  const got = await acquireUrl(url, { ...how, global, store, temporary: importFolder(project.pipeDir) });
  if (!takesChanged && compareTold(told, got.told) === 'changed') throw changedThere(path, file);
  const imported: UrlImport = { kind: 'url', url, ...got.told };
  const { progress, ...links } = dataOptions({ engine }, { context, global, label: 'checking out' });
  try {
    const { written } = await recordImport(
      engine,
      { path, entry: got.entry, imported, pending, known: () => knownNow(context) },
      { ...links, force, isOnlyRecorded },
    );
    return { path, entry: got.entry, imported, written };
  } finally {
    progress.end();
  }
}

async function isStored(engine: DataProject['engine'], path: string, signal: AbortSignal): Promise<boolean> {
  if (lstatSync(absoluteOf(engine.project, path), { throwIfNoEntry: false }) === undefined) return false;
  const entry = await lookAt(engine, path, { signal });
  engine.store.hold();
  return entry !== undefined && (await unsavedFiles(engine, { path, entry }, { signal, limit: 1 })).length === 0;
}

function changedThere(path: string, file: string): PipeError {
  return new PipeError({
    code: 'PIPE_FILE_CHANGED',
    message: `the source of ${path} holds something else than when ${file} was written`,
    hint: `take what it holds now: \`pipe update ${file}\``,
  });
}

/**
 * Which imports that were not downloaded yet targets mean: a pointer, its path, or a folder above; with `glob` patterns
 * over these; without any, all.
 */
export function pendingOf(
  { pending, engine }: Pick<DataProject, 'pending' | 'engine'>,
  targets: readonly string[],
  { cwd, glob }: { readonly cwd: string; readonly glob?: boolean | undefined },
): readonly PendingImport[] {
  if (targets.length === 0) return pending;
  const paths = targets.map((target) => inProject({ root: engine.project.root, cwd }, target));
  if (glob === true) {
    const matchers = paths.map((path) => globMatcher(path));
    return pending.filter(({ path, file }) => matchers.some((matches) => matches(path) || matches(file)));
  }
  return pending.filter(({ path, file }) => paths.some((each) => each === file || isWithin(each, path)));
}

/** What a command that brings data has brought of imports that were not downloaded yet. */
export interface BroughtAll {
  readonly brought: readonly Brought[];
  readonly written: readonly string[];
  readonly failed: readonly FailedImport[];
}

/** Downloads some of it, each by itself: what cannot be had keeps no other from coming. */
export async function bringPending(
  data: Pick<DataProject, 'engine'>,
  pending: readonly PendingImport[],
  how: Omit<Bringing, 'takesChanged'>,
): Promise<BroughtAll> {
  const brought: Brought[] = [];
  const failed: FailedImport[] = [];
  for (const each of pending) {
    try {
      brought.push(await bringImport(data, each, { ...how, takesChanged: false }));
    } catch (error) {
      failed.push(failedImport(each, error));
    }
  }
  const files = brought.flatMap(({ written }) => written);
  const { cwd, env } = how.context;
  await autostage(data.engine.project, env, files);
  data.engine.index.save();
  data.engine.objects.save();
  return { brought, failed, written: files.map((file) => relative(cwd, file)) };
}
