import { posix } from 'node:path';
import { isWithin } from '../kit/path.ts';
import { firstNames } from '../kit/first-names.ts';
import type { TrackedPath } from '../lockfile/pointer.ts';
import { whyNotTracked } from '../lockfile/pointer-path.ts';
import type { Out, Stage } from '../pipeline/model.ts';
import type { Problem } from '../problem/problem.ts';
import { PipeError } from '../problem/problem.ts';
import type { Engine } from '../run/engine.ts';
import { entryAt } from '../store/entry-at.ts';
import type { UnsavedOptions } from './unsaved.ts';
import { unsavedFiles } from './unsaved.ts';
import type { Seen } from './workspace.ts';

/** Why paths cannot be tracked, whatever lies there. */
export function untrackable(paths: readonly string[], stages: readonly Stage[]): Problem[] {
  return paths.flatMap((path): Problem[] => {
    const refusal = whyNotTracked(path);
    if (refusal !== undefined) {
      const code = refusal.outside ? 'PIPE_PATH_OUTSIDE' : 'PIPE_PATH_RESERVED';
      return [{ code, message: `${path} cannot be tracked: it ${refusal.why}` }];
    }
    const made = madeAt(path, stages);
    return made === undefined ? [] : [stageOut(path, made)];
  });
}

function madeAt(path: string, stages: readonly Stage[]): { readonly stage: Stage; readonly out: Out } | undefined {
  for (const stage of stages) {
    const out = stage.outs.find((each) => isWithin(each.path, path));
    if (out !== undefined) return { stage, out };
  }
  return undefined;
}

/** A path that belongs to a stage, where one is wanted that belongs to nobody or to a pointer. */
export function stageOut(
  path: string,
  { stage, out }: { readonly stage: Stage; readonly out: Pick<Out, 'path' | 'at'> },
): Problem {
  const what = path === out.path ? 'is an out' : `lies inside the out ${out.path}`;
  return {
    code: 'PIPE_STAGE_OUT',
    message: `${path} ${what} of "${stage.address}"`,
    hint: `a stage's outs are changed in ${stage.file}; what lies there now is stored by \`pipe commit ${stage.address}\``,
    at: out.at,
  };
}

/**
 * What a pointer records of paths that are outs of stages by now: it must not be put in place over them.
 * @throws {PipeError} PIPE_POINTER_CONFLICT
 */
export function refuseOwned({ store, graph }: Engine, { path, file, entry }: TrackedPath): void {
  const problems = outsInside(path, graph.stages.values()).flatMap(({ stage, out }): Problem[] => {
    if (entryAt(store, entry, posix.relative(path, out.path)) === undefined) return [];
    return [
      {
        code: 'PIPE_POINTER_CONFLICT',
        message: `${file} records ${out.path}, which is an out of "${stage.address}"`,
        hint: `leave it to the stage with \`pipe commit ${path}\``,
        at: out.at,
      },
    ];
  });
  if (problems.length > 0) throw new PipeError(problems);
}

/** The outs of stages that lie at or below a path. */
export function outsInside(path: string, stages: Iterable<Stage>): { readonly stage: Stage; readonly out: Out }[] {
  return [...stages].flatMap((stage) =>
    stage.outs.filter((out) => isWithin(path, out.path)).map((out) => ({ stage, out })),
  );
}

/**
 * Lets nothing be lost whose bytes are nowhere else; `entry` is what `lookAt` has just seen at the path.
 * @throws {PipeError} PIPE_UNSAVED
 */
export async function refuseUnsaved(
  engine: Engine,
  { path, entry }: { readonly path: string } & Pick<Seen, 'entry'>,
  { signal }: Pick<UnsavedOptions, 'signal'>,
): Promise<void> {
  const unsaved = entry === undefined ? [] : await unsavedFiles(engine, { path, entry }, { signal });
  if (unsaved.length === 0) return;
  const names = firstNames(unsaved);
  throw new PipeError({
    code: 'PIPE_UNSAVED',
    message: `removing ${path} would lose files that are not in the cache: ${names}`,
    hint: 'keep them with `pipe commit` or `pipe add`, or remove them with --force',
  });
}
