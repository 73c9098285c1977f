import type { Emit, PlannedStage } from '../event/event.ts';
import type { Engine } from '../run/engine.ts';
import { readPointers } from '../project/pointer-files.ts';
import type { LostThing } from '../run/lost.ts';
import type { PullSource } from '../run/pull-source.ts';
import { repro } from '../run/repro.ts';
import type { Context } from './command.ts';
import { capacityOf } from './engine-options.ts';
import type { LoadedProject } from './load-project.ts';
import { inputsOf } from './inputs-of.ts';
import { pulling } from './run-sources.ts';

export interface DryPlan {
  readonly stages: readonly PlannedStage[];
  /** Tracked data that cannot be had, with `pull`. */
  readonly lost: readonly LostThing[];
}

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
    pointers,
    ...options
  }: {
    readonly context: Context;
    readonly selected: ReadonlySet<string>;
    readonly pull?: boolean;
    readonly remote?: string;
    readonly allowMissing: boolean;
    /** Paths of tracked data that is asked about, after the plan is made, and is not all here. */
    readonly pointers?: () => Promise<ReadonlySet<string>>;
  },
): Promise<DryPlan> {
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
  const lost = await pulling({ engine, loaded, context, options }, selected, async (source) => {
    await repro(engine, { ...how, source, inputs, signal, forceSignal });
    return source === undefined || pointers === undefined ? [] : findLostData(source, loaded, await pointers());
  });
  return { stages, lost };
}

/** What was imported comes from where it was imported from: no remote need have it. */
async function findLostData(
  source: PullSource,
  { project, pointerFiles }: LoadedProject,
  paths: ReadonlySet<string>,
): Promise<LostThing[]> {
  if (paths.size === 0) return [];
  const { findLost } = await import('../run/lost.ts');
  const { pointers } = readPointers(project.root, pointerFiles);
  const own = pointers.filter(({ path, pointer }) => pointer.imported === undefined && paths.has(path));
  return findLost(source, own.map(({ path, entry }) => ({ path, entry, whole: path }))); // prettier-ignore
}
