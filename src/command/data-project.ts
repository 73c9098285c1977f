import { startThreadsForFiles } from '../fingerprint/early-threads.ts';
import { pointerConflicts } from '../graph/pointer-conflicts.ts';
import type { PendingImport, TrackedPath } from '../lockfile/pointer.ts';
import { notDownloaded } from '../lockfile/pointer.ts';
import { PipeError, unwrap } from '../problem/problem.ts';
import { readPointers } from '../project/pointer-files.ts';
import type { Tracked } from '../data/tracked.ts';
import { trackedThings } from '../data/tracked.ts';
import type { Selected } from '../data/select.ts';
import { selectTracked } from '../data/select.ts';
import type { DataOptions } from '../data/workspace.ts';
import { clean } from '../report/words.ts';
import type { Engine } from '../run/engine.ts';
import { openEngine } from '../run/engine.ts';
import type { Context, GlobalOptions } from './command.ts';
import { inProject } from './edit-target.ts';
import type { LoadedProject } from './load-project.ts';
import { graphOf, loadProject, tellUnreadable } from './load-project.ts';
import { workProgress } from './work-progress.ts';
import { filesOf } from '../store/tree.ts';

/** A project opened for commands on data. */
export interface DataProject {
  readonly loaded: LoadedProject;
  readonly engine: Engine;
  readonly pointers: readonly TrackedPath[];
  readonly tracked: readonly Tracked[];
  /** Imports that were not downloaded yet. */
  readonly pending: readonly PendingImport[];
}

/**
 * Opens the project around the current folder with everything that it tracks.
 * @param how `walks`: the files that are tracked will all be looked at
 * @throws {PipeError} with every problem of every pipeline file, or of every pointer.
 */
export async function openData(
  context: Context,
  global: GlobalOptions,
  how: { readonly walks?: boolean } = {},
): Promise<DataProject> {
  const loaded = loadProject(context);
  tellUnreadable(loaded);
  const graph = graphOf(loaded);
  const { project, stages } = loaded;
  const { pointers, problems, pending } = readPointers(project.root, loaded.pointerFiles);
  const conflicts = [...problems, ...pointerConflicts(pointers, stages)];
  if (conflicts.length > 0) throw new PipeError(conflicts);
  if (how.walks === true) startThreadsForFiles(pointers.reduce((sum, { entry }) => sum + filesOf(entry), 0));
  const engine = await openEngine({ project, graph, env: context.env, emit: noticesTo(context, global) });
  return { loaded, engine, pointers, pending, tracked: trackedThings({ stages, pointers }, engine.locks) };
}

/** Puts notices and warnings of the engine on standard error. */
export function noticesTo({ stderr }: Context, { quiet, json }: GlobalOptions): Engine['emit'] {
  return (event) => {
    if (event.type !== 'notice' || quiet || json) return;
    stderr.write(`${clean(event.message)}\n${event.hint === undefined ? '' : `  hint: ${clean(event.hint)}\n`}`);
  };
}

/**
 * What targets on the command line select.
 * @throws {PipeError} PIPE_TARGET_UNKNOWN
 */
export function selectData(
  { tracked, engine, loaded, pending }: DataProject,
  targets: readonly string[],
  { cwd, recursive }: { readonly cwd: string; readonly recursive?: boolean | undefined },
): Selected[] {
  const { root } = engine.project;
  const named = targets.map((target) => inProject({ root, cwd }, target));
  const waiting = pending.filter(({ path, file }) => named.some((each) => each === path || each === file));
  if (waiting.length > 0) throw new PipeError(waiting.map(notDownloaded));
  const inGit = loaded.stages.flatMap(({ outs }) => outs.filter(({ cache }) => !cache).map(({ path }) => path));
  return unwrap(selectTracked(targets, { tracked, root, cwd, inGit, ...(recursive === true ? { recursive } : {}) }));
}

/** How a command goes about data, with a progress line that is to be ended. */
export function dataOptions(
  { engine }: Pick<DataProject, 'engine'>,
  { context, global, label }: { readonly context: Context; readonly global: GlobalOptions; readonly label: string },
): DataOptions & { readonly progress: ReturnType<typeof workProgress> } {
  const { stderr, env, signal } = context;
  const progress = workProgress({ stderr, env, label, quiet: global.quiet || global.json });
  return { links: engine.links, signal, progress };
}
