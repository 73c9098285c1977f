import type { Engine } from '../run/engine.ts';
import type { PullSource } from '../run/pull-source.ts';
import type { ReproOptions } from '../run/repro.ts';
import type { LoadedProject } from './load-project.ts';

/**
 * Looks at the data that stages read and no stage of a run makes; `undefined` where there is none. What that takes is
 * loaded only then.
 */
export function inputsOf(
  engine: Engine,
  { pointerFiles }: Pick<LoadedProject, 'pointerFiles'>,
  options: { readonly selected: ReadonlySet<string>; readonly signal: AbortSignal },
): ReproOptions['inputs'] {
  const { stages } = engine.graph;
  const isAll = options.selected.size === stages.size && ![...stages.values()].some(({ frozen }) => frozen);
  if (isAll && pointerFiles.length === 0) return undefined;
  return async (source) => {
    const { lookAtInputs } = await import('../data/inputs/inputs.ts');
    const bringList = source && ((...asked: Parameters<PullSource['list']>) => source.list(...asked));
    return lookAtInputs(engine, { ...options, pointerFiles, bringList });
  };
}
