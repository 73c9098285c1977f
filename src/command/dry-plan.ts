import type { Emit, PlannedStage } from '../event/event.ts';
import type { Engine } from '../run/engine.ts';
import { repro } from '../run/repro.ts';
import type { Context } from './command.ts';
import { capacityOf } from './engine-options.ts';
import type { LoadedProject } from './load-project.ts';
import { inputsOf } from './inputs-of.ts';
import { pulling } from './run-sources.ts';

/**
 * What `pipe repro --dry` plans for some stages, with what it downloads for that.
 * @throws {PipeError} as remotes do, with `pull`
 */
export async function dryPlan(
  opened: Engine,
  loaded: LoadedProject,
  {
    context,
    selected,
    ...options
  }: {
    readonly context: Context;
    readonly selected: ReadonlySet<string>;
    readonly pull?: boolean;
    readonly remote?: string;
    readonly allowMissing: boolean;
  },
): Promise<readonly PlannedStage[]> {
  const { signal, forceSignal } = context;
  let stages: readonly PlannedStage[] = [];
  const emit: Emit = (event) => {
    if (event.type === 'plan') ({ stages } = event);
  };
  const engine = { ...opened, emit };
  const { allowMissing } = options;
  const how = {
    selected,
    capacity: capacityOf(engine.project, undefined),
    mode: 'ignore',
    dry: true,
    allowMissing,
  } as const;
  const inputs = inputsOf(engine, loaded, { selected, signal });
  await pulling({ engine, loaded, context, options }, selected, (source) =>
    repro(engine, { ...how, source, inputs, signal, forceSignal }),
  );
  return stages;
}
