import { existsSync, realpathSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Graph } from '../../graph/graph.ts';
import type { Needs } from '../../lockfile/needed.ts';
import { readPointerOuts } from '../../lockfile/pointer-outs.ts';
import { readNeeds } from '../../lockfile/read-needs.ts';
import type { ChosenCommit } from '../../project/revisions.ts';
import { workTrees } from '../../project/git-folder.ts';
import { openProject } from '../../project/project.ts';
import type { Engine } from '../../run/engine.ts';
import { openEngine } from '../../run/engine.ts';
import { isNewerStore } from '../../store/layout.ts';
import type { Context } from '../command.ts';

/** What is kept does not depend on how stages hang together, and is wanted also when they do not. */
const NO_GRAPH: Graph = { stages: new Map(), needs: new Map(), neededBy: new Map(), order: [] };

/**
 * The project around a folder with its store, whether or not its pipeline files can be read.
 * @throws {PipeError} PIPE_STORE_FORMAT for a store that a newer `pipe` wrote.
 */
export async function openStoreOf(context: Pick<Context, 'cwd' | 'env'>): Promise<Engine> {
  const project = openProject(context);
  const engine = await openEngine({ project, graph: NO_GRAPH, env: context.env, emit: () => undefined });
  // Says so.
  if (isNewerStore(engine.store.layout)) engine.store.prepare();
  return engine;
}

/** What the locks and pointers of the workspace of a project say, and those that are staged, and those of some commits. */
export function needsOf(
  { project, env, locks }: Engine,
  commits: readonly ChosenCommit[],
  options: { readonly workspace: boolean; readonly staged?: boolean } = { workspace: true },
): Promise<Needs> {
  return readNeeds({
    project,
    env,
    commits,
    readPointer: readPointerOuts,
    ...(options.workspace ? { workspace: locks } : {}),
    staged: options.staged === true,
  });
}

/** The same project in the other work trees of its repository, as far as they use the same store. */
export async function otherWorkTrees(engine: Engine): Promise<Engine[]> {
  const { root, gitRoot } = engine.project;
  if (gitRoot === undefined) return [];
  const found: Engine[] = [];
  for (const tree of workTrees(gitRoot)) {
    const cwd = join(tree, relative(realpathSync(gitRoot), realpathSync(root)));
    if (cwd === realpathSync(root) || !existsSync(join(cwd, '.pipe'))) continue;
    const other = await openStoreOf({ cwd, env: engine.env });
    if (realOf(other.store.layout.root) === realOf(engine.store.layout.root)) found.push(other);
  }
  return found;
}

function realOf(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}
