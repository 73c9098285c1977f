import { join } from 'node:path';
import { writeFileAtomic } from '../kit/atomic-file.ts';
import { freezePointer } from '../lockfile/pointer-edit.ts';
import { isPointerName } from '../lockfile/pointer.ts';
import { editFrozen } from '../pipeline/edit-freeze.ts';
import type { Problem, Result } from '../problem/problem.ts';
import { fail, ok, PipeError } from '../problem/problem.ts';
import type { Stage } from '../pipeline/model.ts';
import { editLockFolder, withEditLock } from '../project/edit-lock.ts';
import { readPointers } from '../project/pointer-files.ts';
import type { Project } from '../project/project.ts';
import type { Context, Outcome } from './command.ts';
import { findEntry, inProject, pipelineText, unknownTarget } from './edit-target.ts';
import { loadProject } from './load-project.ts';

/**
 * Freezes or unfreezes every target, or none: nothing is written before all of them are known to work.
 * @throws {PipeError} with what is wrong with each target.
 */
export function setFrozen(context: Context, targets: readonly string[], frozen: boolean): Outcome {
  const { project, stages, pointerFiles } = loadProject(context);
  // Two commands that change a pipeline file at once must not lose each other's change.
  return withEditLock(editLockFolder(project.pipeDir), () =>
    changeAll({ project, stages, pointerFiles, cwd: context.cwd }, targets, frozen),
  );
}

interface Scope {
  readonly project: Project;
  readonly stages: readonly Stage[];
  readonly pointerFiles: readonly string[];
  readonly cwd: string;
}

function changeAll(scope: Scope, targets: readonly string[], frozen: boolean): Outcome {
  const { root } = scope.project;
  const texts = new Map<string, string>();
  const problems: Problem[] = [];
  const changed: string[] = [];
  const same: string[] = [];
  for (const target of new Set(targets)) {
    const place = findPlace(target, scope);
    if (!place.ok) {
      problems.push(...place.problems);
      continue;
    }
    const { file, stage } = place.value;
    const text = texts.get(file) ?? pipelineText(root, file) ?? '';
    const edited =
      stage === undefined ? freezePointer({ file, text }, frozen) : editFrozen({ file, text }, stage, frozen);
    if (!edited.ok) problems.push(...edited.problems);
    else (edited.value === text ? same : changed).push(target);
    if (edited.ok && edited.value !== text) texts.set(file, edited.value);
  }
  if (problems.length > 0) throw new PipeError(problems);
  for (const [file, text] of texts) writeFileAtomic(join(root, file), text);
  return outcome(frozen, changed, same);
}

function outcome(frozen: boolean, changed: readonly string[], same: readonly string[]): Outcome {
  const done = frozen ? 'Frozen' : 'No longer frozen';
  const already = frozen ? 'Frozen already' : 'Not frozen';
  return {
    text: [
      ...(changed.length > 0 ? [`${done}: ${changed.join(', ')}`] : []),
      ...(same.length > 0 ? [`${already}: ${same.join(', ')}`] : []),
    ].join('\n'),
    json: { schema: 'pipe.freeze/1', frozen, changed, unchanged: same },
  };
}

/** The file that says whether a target is frozen: a pipeline file, for a stage, or a pointer. */
interface FrozenPlace {
  readonly file: string;
  readonly stage?: string;
}

/** A stage comes before a pointer of the same name; `data.csv.pipe` is the pointer. */
function findPlace(target: string, { project, stages, pointerFiles, cwd }: Scope): Result<FrozenPlace> {
  const here = { root: project.root, cwd };
  const path = inProject(here, target);
  if (isPointerName(target) && pointerFiles.includes(path)) return ok({ file: path });
  const entry = findEntry(target, stages, here);
  if (entry.ok) return ok({ file: entry.value.file, stage: entry.value.name });
  if (pointerFiles.length === 0 || entry.problems[0]?.code !== 'PIPE_TARGET_UNKNOWN') return entry;
  const { pointers, problems } = readPointers(project.root, pointerFiles);
  const tracking = pointers.find((pointer) => pointer.path === path);
  if (tracking !== undefined) return ok({ file: tracking.file });
  const names = pointers.flatMap((pointer) => [pointer.file, pointer.path]);
  return fail(unknownTarget(target, stages, [...names, ...pointerFiles]), ...problems);
}
