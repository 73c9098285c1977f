import { join, posix, relative, resolve, sep } from 'node:path';
import type { Stage } from '../pipeline/model.ts';
import { nearest } from '../kit/nearest.ts';
import { readTextFile } from '../kit/text-file.ts';
import type { Problem, Result } from '../problem/problem.ts';
import { fail, ok } from '../problem/problem.ts';

/** A stage, or a whole `foreach` or `matrix`, as one entry of a pipeline file. */
export interface StageEntry {
  readonly file: string;
  /** The key below `stages`. */
  readonly name: string;
}

/** Finds the entry that a command line's target means: `train`, `group`, `sub/pipeline.yaml:train`. */
export function findEntry(target: string, stages: readonly Stage[], here: Here): Result<StageEntry> {
  const colon = target.lastIndexOf(':');
  const name = target.slice(colon + 1);
  const file = colon > 0 ? inProject(here, target.slice(0, colon)) : undefined;
  const inScope = (stage: Stage): boolean => (file === undefined ? isNear(stage, stages, here) : stage.file === file);
  const found = stages.find((stage) => inScope(stage) && (stage.name === name || stage.group === name));
  if (found === undefined) return fail(unknownTarget(target, stages));
  if (found.group !== undefined && found.name === name) return fail(oneOfMany(found, found.group));
  return ok({ file: found.file, name });
}

/** The folder that a command runs in. */
export interface Here {
  readonly root: string;
  readonly cwd: string;
}

/** A path of the command line, relative to the project root. */
export function inProject({ root, cwd }: Here, path: string): string {
  const found = relative(root, resolve(cwd, path));
  return posix.normalize(sep === '/' ? found : found.replaceAll(sep, '/'));
}

/** How a path of the project is shown to somebody in a folder: relative to that. */
export function shownFrom(here: Here): (path: string) => string {
  const folder = inProject(here, '.');
  return (path) => posix.relative(folder, path) || '.';
}

/** A bare name means a stage of the pipeline file in this folder, or in the nearest folder above that has one. */
function isNear(stage: Stage, stages: readonly Stage[], here: Here): boolean {
  for (let folder = inProject(here, '.'); ; folder = posix.dirname(folder)) {
    const nearby = stages.filter((each) => posix.dirname(each.file) === folder);
    if (nearby.length > 0) return nearby.includes(stage);
    if (folder === '.') return true;
  }
}

/** A target that names nothing. `pointers` are the names of pointers that it could have meant. */
export function unknownTarget(target: string, stages: readonly Stage[], pointers: readonly string[] = []): Problem {
  const names = stages.flatMap((stage) => [
    stage.name,
    stage.address,
    ...(stage.group === undefined ? [] : [stage.group]),
  ]);
  const near = nearest(target, [...names, ...pointers]);
  return {
    code: 'PIPE_TARGET_UNKNOWN',
    message: `there is no stage${pointers.length > 0 ? ' or pointer' : ''} "${target}"`,
    hint: near === undefined ? 'run `pipe stage list --all` to see the stages' : `did you mean "${near}"?`,
  };
}

function oneOfMany(stage: Stage, group: string): Problem {
  return {
    code: 'PIPE_EDIT',
    message: `"${stage.name}" is one of several stages that ${stage.file} writes as one, "${group}"`,
    hint: `name the whole of it: ${group}`,
    at: stage.at,
  };
}

/** The text of a file of the project, or nothing. */
export function pipelineText(root: string, file: string): string | undefined {
  return readTextFile(join(root, file), file);
}
