import { join } from 'node:path';
import { writeFileAtomic } from '../kit/atomic-file.ts';
import { editFrozen } from '../pipeline/edit-freeze.ts';
import type { Problem } from '../problem/problem.ts';
import { PipeError } from '../problem/problem.ts';
import type { Stage } from '../pipeline/model.ts';
import { withEditLock } from '../project/edit-lock.ts';
import type { Project } from '../project/project.ts';
import type { Context, Outcome } from './command.ts';
import { findEntry, pipelineText } from './edit-target.ts';
import { loadProject } from './load-project.ts';

/**
 * Freezes or unfreezes every target, or none: nothing is written before all of them are known to work.
 * @throws {PipeError} with what is wrong with each target.
 */
export function setFrozen(context: Context, targets: readonly string[], frozen: boolean): Outcome {
  const { project, stages } = loadProject(context);
  // Two commands that change a pipeline file at once must not lose each other's change.
  return withEditLock(join(project.pipeDir, 'tmp', 'pipeline-lock'), () =>
    changeAll({ project, stages, cwd: context.cwd }, targets, frozen),
  );
}

interface Scope {
  readonly project: Project;
  readonly stages: readonly Stage[];
  readonly cwd: string;
}

function changeAll({ project, stages, cwd }: Scope, targets: readonly string[], frozen: boolean): Outcome {
  const texts = new Map<string, string>();
  const problems: Problem[] = [];
  const changed: string[] = [];
  const same: string[] = [];
  for (const target of new Set(targets)) {
    const entry = findEntry(target, stages, { root: project.root, cwd });
    if (!entry.ok) {
      problems.push(...entry.problems);
      continue;
    }
    const { file, name } = entry.value;
    const text = texts.get(file) ?? pipelineText(project.root, file) ?? '';
    const edited = editFrozen({ file, text }, name, frozen);
    if (!edited.ok) problems.push(...edited.problems);
    else (edited.value === text ? same : changed).push(target);
    if (edited.ok && edited.value !== text) texts.set(file, edited.value);
  }
  if (problems.length > 0) throw new PipeError(problems);
  for (const [file, text] of texts) writeFileAtomic(join(project.root, file), text);
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
