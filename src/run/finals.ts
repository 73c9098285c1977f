import type { StageEndEvent } from '../event/event.ts';
import { globMeets } from '../graph/glob.ts';
import { isAbort } from '../kit/abort.ts';
import { isWithin } from '../kit/path.ts';
import type { Out } from '../pipeline/model.ts';
import { PipeError } from '../problem/problem.ts';
import type { Engine } from './engine.ts';
import type { Pull } from './pull.ts';
import type { Survey } from './survey.ts';

export interface FinalsOptions {
  readonly pull: Pull;
  readonly ends: ReadonlyMap<string, StageEndEvent>;
  readonly allowMissing?: boolean;
  readonly signal: AbortSignal;
}

/**
 * Puts the outs in place that a run leaves to be looked at, as far as they were not downloaded: metrics, plots, and what
 * no stage of the run needs. Nothing when a stage failed.
 * @returns whether all of them are there
 */
export async function placeFinals(engine: Engine, plan: Survey, options: FinalsOptions): Promise<boolean> {
  const { pull, ends, signal } = options;
  const isWell = [...ends.values()].every(({ outcome }) => !['failed', 'blocked', 'cancelled'].includes(outcome));
  if (!isWell || options.allowMissing === true || signal.aborted) return true;
  const wanted = [...plan.values()].flatMap(({ facts: { stage } }) =>
    ends.get(stage.address)?.outcome === 'skipped'
      ? []
      : stage.outs.flatMap((out) => {
          const thing = pull.away.around(out.path);
          const isMeant = thing?.path === out.path && isFinal(engine, plan, { address: stage.address, out });
          return isMeant ? [{ ...thing, whole: out.path }] : [];
        }),
  );
  try {
    await pull.place(wanted, { signal });
    return true;
  } catch (error) {
    if (isAbort(error)) return false;
    if (!(error instanceof PipeError)) throw error;
    for (const { message, hint } of error.problems) {
      engine.emit({ type: 'notice', message, ...(hint === undefined ? {} : { hint }) });
    }
    return false;
  }
}

/** Whether people look at an out, rather than stages. */
function isFinal(
  { graph }: Engine,
  plan: Survey,
  { address, out }: { readonly address: string; readonly out: Out },
): boolean {
  if (out.kind !== 'out') return true;
  const meets = (path: string): boolean => isWithin(path, out.path) || isWithin(out.path, path);
  return !(graph.neededBy.get(address) ?? []).some((user) => {
    const stage = plan.has(user) ? graph.stages.get(user) : undefined;
    if (stage === undefined) return false;
    const isRead = stage.deps.some((dep) => !dep.url && (dep.glob ? globMeets(dep.path, out.path) : meets(dep.path)));
    return isRead || stage.params.some(({ path }) => meets(path));
  });
}
