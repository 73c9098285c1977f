import { relative } from 'node:path';
import type { Removable } from '../data/remove.ts';
import { remove } from '../data/remove.ts';
import type { Problem } from '../problem/problem.ts';
import { PipeError } from '../problem/problem.ts';
import { autostage } from '../project/autostage.ts';
import { whatGitTakes } from '../project/for-git.ts';
import { clean } from '../report/words.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import type { DataProject } from './data-project.ts';
import { dataOptions, openData } from './data-project.ts';
import { findPointer, noPointer } from './data-target.ts';
import { forGit } from './data-words.ts';
import { findEntry, inProject } from './edit-target.ts';
import { bringListsFor } from './inside-lists.ts';

export default defineCommand({
  usage: '<targets...>',
  positionals: { min: 1, max: Infinity },
  json: true,
  stopsGently: true,
  details:
    'A target is a stage, the name of a whole foreach or matrix, a tracked file or folder or its pointer, or a path\n' +
    'inside a tracked folder, which then goes from the workspace too. What the cache holds stays there.',
  options: {
    outs: { type: 'boolean', help: 'also remove the data from the workspace' },
    force: { type: 'boolean', short: 'f', help: 'also remove files that are not in the cache' },
  },
  async run(context, { positionals, options, global }): Promise<Outcome> {
    const data = await openData(context, global);
    const wanted = findAll(data, context.cwd, positionals);
    await bringListsFor(data, context, wanted.map(nameOf));
    const how = dataOptions(data, { context, global, label: 'removing' });
    try {
      const done = await remove(data.engine, wanted, {
        ...how,
        outs: options.outs === true,
        force: options.force === true,
      });
      const written = await whatGitTakes(data.engine.project, context.env, done.written);
      await autostage(data.engine.project, context.env, written);
      const removed = wanted.map(nameOf);
      const toTrack = written.map((file) => relative(context.cwd, file));
      return {
        text: [`Removed: ${removed.map(clean).join(', ')}`, ...forGit(toTrack, data.engine.project)].join('\n'),
        json: { schema: 'pipe.remove/1', removed, written: toTrack },
      };
    } finally {
      how.progress.end();
      data.engine.index.save();
    }
  },
});

function nameOf(each: Removable): string {
  if (each.kind === 'stage') return each.name;
  return each.below === '' ? each.pointer.path : `${each.pointer.path}/${each.below}`;
}

/** A tracked path comes before a stage of the same name, as in `checkout`. Each thing once; a part goes with the whole. */
function findAll(data: DataProject, cwd: string, targets: readonly string[]): Removable[] {
  const problems: Problem[] = [];
  const found = new Map<string, Removable>();
  for (const target of targets) {
    const each = findOne(data, cwd, target);
    if ('code' in each) problems.push(each);
    else found.set(`${each.kind} ${nameOf(each)}`, each);
  }
  if (problems.length > 0) throw new PipeError(problems);
  const all = [...found.values()];
  return all.filter((each) => !all.some((other) => other !== each && isPart(other, each)));
}

function isPart(whole: Removable, part: Removable): boolean {
  if (whole.kind !== 'pointer' || part.kind !== 'pointer' || whole.pointer !== part.pointer) return false;
  return whole.below === '' || part.below.startsWith(`${whole.below}/`);
}

function findOne(data: DataProject, cwd: string, target: string): Removable | Problem {
  const pointer = findPointer(data, cwd, target);
  if (pointer !== undefined) return { kind: 'pointer', ...pointer };
  const path = inProject({ root: data.engine.project.root, cwd }, target);
  const pending = data.pending.find((each) => each.path === path || each.file === path);
  if (pending !== undefined) return { kind: 'pointer', pointer: pending, below: '' };
  const { stages } = data.loaded;
  const entry = findEntry(target, stages, { root: data.engine.project.root, cwd });
  if (entry.ok) {
    const { file, name } = entry.value;
    const inGroup = stages.filter((stage) => stage.file === file && (stage.name === name || stage.group === name));
    return { kind: 'stage', file, name, stages: inGroup };
  }
  const [problem] = entry.problems;
  return problem === undefined || problem.code === 'PIPE_TARGET_UNKNOWN' ? noPointer(data, cwd, target) : problem;
}
