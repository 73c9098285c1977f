import { mergedFolders } from '../../data/merged-folders.ts';
import type { Needs, Root } from '../../lockfile/needed.ts';
import { PipeError } from '../../problem/problem.ts';
import type { Project } from '../../project/project.ts';
import type { ChosenCommit } from '../../project/revisions.ts';
import { chooseRevisions } from '../../project/revisions.ts';
import type { Engine } from '../../run/engine.ts';
import type { Context } from '../command.ts';
import { needsOf } from './project-store.ts';

/** What a collection keeps. */
export interface Scope {
  readonly engine: Engine;
  readonly others: readonly Engine[];
  /** The other work trees that share the cache: their commits are those of this one. */
  readonly workTrees: readonly Engine[];
  readonly choose: (project: Project) => Promise<ChosenCommit[]>;
}

/** The projects of a scope, in the order of what they need. */
export function enginesOf({ engine, others, workTrees }: Pick<Scope, 'engine' | 'others' | 'workTrees'>): Engine[] {
  return [engine, ...others, ...workTrees];
}

/**
 * What the locks and pointers of everything that is kept say, project by project ({@link enginesOf}).
 * @throws {PipeError} when anything of it cannot be understood: nothing may be removed then.
 */
export async function keptNeeds({ engine, others, workTrees, choose }: Scope): Promise<Needs[]> {
  const needs: Needs[] = [];
  for (const each of [engine, ...others]) needs.push(await needsOf(each, await choose(each.project)));
  for (const each of workTrees) needs.push(await needsOf(each, []));
  // Read last: what a merge has made by then is in its note, or in a lease that stays.
  for (const each of [engine, ...others, ...workTrees]) needs.push({ roots: mergedRoots(each), problems: [] });
  const problems = needs.flatMap((each) => each.problems);
  if (problems.length === 0) return needs;
  throw new PipeError(
    problems.map(({ problem, revisions }) => ({
      ...problem,
      message: `${problem.message} (${revisions.slice(0, 3).join(', ')}), so it is not known what is needed`,
    })),
  );
}

/** What Git's merges have made and may not have written down yet. */
function mergedRoots({ project }: Engine): Root[] {
  return mergedFolders(project.pipeDir, Date.now()).map(({ file, entry }) => {
    const path = file.replace(/\.pipe$/, '');
    return { path, entry, from: file, file, revisions: ['a merge'] };
  });
}

/** Every commit, as far as there is Git: names are a help and no more. */
export async function everyCommit(context: Context, { project }: Engine): Promise<ChosenCommit[]> {
  try {
    return await chooseRevisions({ cwd: project.root, env: context.env }, { commits: true });
  } catch (error) {
    if (error instanceof PipeError) return [];
    throw error;
  }
}
