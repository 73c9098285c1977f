import type { PendingImport } from '../lockfile/pointer.ts';
import { PipeError } from '../problem/problem.ts';
import type { Engine } from '../run/engine.ts';
import type { PullSource } from '../run/pull-source.ts';
import type { Context } from './command.ts';
import type { LoadedProject } from './load-project.ts';

interface Pulling {
  readonly engine: Engine;
  readonly loaded: LoadedProject;
  readonly context: Context;
  readonly options: { readonly pull?: boolean; readonly remote?: string };
}

/** Runs with the remotes open where `--pull` asks for it. */
export async function pulling<T>(
  { engine, loaded, context, options }: Pulling,
  selected: ReadonlySet<string>,
  run: (source: PullSource | undefined) => Promise<T>,
): Promise<T> {
  if (options.pull !== true) return run(undefined);
  const { pullSource } = await import('./share/pull-source.ts');
  const { readPointers } = await import('../project/pointer-files.ts');
  const { pointers, problems, pending } = readPointers(loaded.project.root, loaded.pointerFiles);
  if (problems.length > 0) throw new PipeError(problems);
  const waiting = pending.length === 0 ? [] : await waitingFor(pending, engine, selected);
  const source = pullSource({ engine, pointers, waiting, selected, remote: options.remote, context });
  try {
    return await run(source);
  } finally {
    await source.close();
  }
}

/** What a run that is only planned would download first. */
async function waitingFor(
  pending: readonly PendingImport[],
  { graph }: Engine,
  selected: ReadonlySet<string>,
): Promise<readonly PendingImport[]> {
  const { pendingForRun } = await import('./source/pull-pending.ts');
  return pendingForRun(pending, graph, selected);
}
