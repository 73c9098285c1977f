import { PipeError } from '../problem/problem.ts';
import type { Engine } from '../run/engine.ts';
import type { PullSource } from '../run/pull-source.ts';
import type { ReproOptions } from '../run/repro.ts';
import type { Context } from './command.ts';
import type { LoadedProject } from './load-project.ts';

/** What a look at data that no stage of the run makes takes is loaded where there is such data. */
export function inputsOf(
  engine: Engine,
  { pointerFiles }: LoadedProject,
  options: { readonly selected: ReadonlySet<string>; readonly signal: AbortSignal },
): ReproOptions['inputs'] {
  const { stages } = engine.graph;
  const isAll = options.selected.size === stages.size && ![...stages.values()].some(({ frozen }) => frozen);
  if (isAll && pointerFiles.length === 0) return undefined;
  return async () => {
    const { lookAtInputs } = await import('../data/inputs/inputs.ts');
    return lookAtInputs(engine, { ...options, pointerFiles });
  };
}

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
  const { pointers, problems } = readPointers(loaded.project.root, loaded.pointerFiles);
  if (problems.length > 0) throw new PipeError(problems);
  const source = pullSource({ engine, pointers, selected, remote: options.remote, context });
  try {
    return await run(source);
  } finally {
    await source.close();
  }
}
