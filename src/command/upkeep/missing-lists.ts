import { appendTo } from '../../kit/append-to.ts';
import type { Root } from '../../lockfile/needed.ts';
import { WORKSPACE } from '../../lockfile/read-needs.ts';
import type { Problem } from '../../problem/problem.ts';
import { PipeError } from '../../problem/problem.ts';
import { clean, plural } from '../../report/words.ts';
import type { Engine } from '../../run/engine.ts';
import type { NeededObject } from '../../store/walk-objects.ts';
import type { Context } from '../command.ts';
import { healFromWorkspace } from '../../data/heal.ts';

/** A folder that is kept, and whose list is not in the cache: nobody knows which objects it needs. */
export interface MissingList {
  readonly object: NeededObject;
  readonly root: Root;
  /** The project that says so. */
  readonly engine: Engine;
}

/**
 * Gets lists of folders again: from the workspace, where the folder lies there as it is recorded, else from the remote
 * that the folder belongs to. What is nowhere stays missing.
 * @returns why a remote could not be asked
 */
export async function seekLists(context: Context, missing: readonly MissingList[]): Promise<readonly Problem[]> {
  await listAgain(missing.filter(({ root }) => root.revisions.includes(WORKSPACE)));
  const left = missing.filter(({ object, engine }) => !engine.store.has(object.digest));
  return left.length === 0 ? [] : await askRemotes(context, left);
}

async function listAgain(missing: readonly MissingList[]): Promise<void> {
  const byEngine = new Map<Engine, MissingList[]>();
  for (const each of missing) appendTo(byEngine, each.engine, each);
  for (const [engine, lists] of byEngine) {
    await healFromWorkspace(engine, {
      writer: engine.store.writer(),
      wanted: lists.map(({ object }) => object.digest),
      paths: new Set(lists.map(({ root }) => root.path)),
    });
  }
}

async function askRemotes(context: Context, missing: readonly MissingList[]): Promise<Problem[]> {
  const byRemote = new Map<string, MissingList[]>();
  for (const each of missing) {
    const name = each.root.sharing?.remote ?? each.engine.project.config.get('core.remote');
    if (name !== undefined) appendTo(byRemote, JSON.stringify([each.engine.project.root, name]), each);
  }
  const problems: Problem[] = [];
  for (const [key, lists] of byRemote) {
    const [, name = ''] = JSON.parse(key) as string[];
    try {
      await bringFrom(context, name, lists);
    } catch (error) {
      // It may be away; whether its lists are needed is known when all others have come.
      if (!(error instanceof PipeError)) throw error;
      problems.push(...error.problems);
    }
  }
  return problems;
}

async function bringFrom(context: Context, name: string, missing: readonly MissingList[]): Promise<void> {
  const [first] = missing;
  if (first === undefined) return;
  const { engine } = first;
  const [{ withRemote }, { listsFrom }, { findWanted }] = await Promise.all([
    import('../share/open-remotes.ts'),
    import('../share/push-roots.ts'),
    import('../../remote/wanted.ts'),
  ]);
  await withRemote(engine, { name, context, options: {} }, async (remote) => {
    const roots = missing.map(({ root }) => root);
    await findWanted(roots, { ...listsFrom(remote, engine.store, { keep: true }), signal: context.signal });
  });
}

/** As many folders are named. */
const MOST_NAMED = 3;

/** What keeps a collection from going on; `away` says why a remote could not be asked. */
export function listsMissing(missing: readonly MissingList[], away: readonly Problem[]): PipeError {
  const names = missing.map(({ object, root }) => {
    const revisions = root.revisions.slice(0, MOST_NAMED).join(', ');
    return clean(`${object.path} (${root.from} in ${revisions})`);
  });
  const [named, more] = [[...new Set(names)].slice(0, MOST_NAMED), new Set(names).size - MOST_NAMED];
  const folders = `${named.join('; ')}${more > 0 ? `; and ${String(more)} more` : ''}`;
  const what =
    missing.length === 1
      ? 'the list of a folder that is kept is'
      : `the lists of ${plural(missing.length, 'folder')} that are kept are`;
  return new PipeError([
    {
      code: 'PIPE_OBJECT_MISSING',
      message: `${what} not in the cache, so it is not known which objects must stay: ${folders}`,
      hint: '`pipe fetch` brings it from a remote (-a, -T, -A for old revisions); where nobody has it, --allow-missing goes on, and files of such folders may go',
    },
    ...away,
  ]);
}
