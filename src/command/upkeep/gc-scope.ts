import { withTrueSizes } from '../../data/misstated.ts';
import { mergedFolders } from '../../data/merged-folders.ts';
import type { Root } from '../../lockfile/needed.ts';
import { besidePointer } from '../../lockfile/pointer.ts';
import { PipeError } from '../../problem/problem.ts';
import type { Project } from '../../project/project.ts';
import type { ChosenCommit } from '../../project/revisions.ts';
import { chooseRevisions } from '../../project/revisions.ts';
import type { Engine } from '../../run/engine.ts';
import type { Context } from '../command.ts';
import { needsOf } from './project-store.ts';
import { tellCorrected } from '../tell-corrected.ts';

/** What a collection keeps. */
export interface Scope {
  readonly engine: Engine;
  readonly others: readonly Engine[];
  /** The other work trees that share the cache: their commits are those of this one. */
  readonly workTrees: readonly Engine[];
  readonly choose: (project: Project) => Promise<ChosenCommit[]>;
}

/** Whatever the scope; what is staged is about to be a commit. */
const KEPT = { workspace: true, staged: true };

/** What a project of a scope needs. */
export interface KeptNeeds {
  readonly engine: Engine;
  readonly roots: readonly Root[];
}

/**
 * What the locks and pointers of everything that is kept say, project by project.
 * @throws {PipeError} when anything of it cannot be understood: nothing may be removed then.
 */
export async function keptNeeds({ engine, others, workTrees, choose }: Scope): Promise<KeptNeeds[]> {
  const found = [];
  for (const each of [engine, ...others]) {
    const needs = await needsOf(each, await choose(each.project), KEPT);
    found.push({ engine: each, ...withTrueSizes(each.store, needs, tellCorrected) });
  }
  for (const each of workTrees)
    found.push({ engine: each, ...withTrueSizes(each.store, await needsOf(each, [], KEPT)) });
  const problems = found.flatMap((each) => each.problems);
  // Merges are read last: what one has made by then is in its note, or in a lease that stays.
  if (problems.length === 0)
    return found.map((each) => ({ engine: each.engine, roots: [...each.roots, ...mergedRoots(each.engine)] }));
  throw new PipeError(
    problems.map(({ problem, revisions }) => ({
      ...problem,
      message: `${problem.message} (${revisions.slice(0, 3).join(', ')}), so it is not known what is needed`,
      hint: problem.hint ?? 'mend it; where only old commits have it, keep fewer of them: -w, -a or -T instead of -A',
    })),
  );
}

/** What Git's merges have made and may not have written down yet. */
function mergedRoots({ project }: Engine): Root[] {
  return mergedFolders(project.pipeDir, Date.now()).map(({ file, entry }) => {
    return { path: besidePointer(file), entry, from: file, file, revisions: ['a merge'] };
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
