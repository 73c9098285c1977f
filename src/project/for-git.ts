import { existsSync } from 'node:fs';
import { relative, sep } from 'node:path';
import type { GitCommand } from './git-command.ts';
import { trackedByGit } from './git-tracked.ts';
import type { Project } from './project.ts';

/**
 * Of some files that were written or removed, those that `git add` takes: it fails on what is gone and was never in Git.
 * @param paths absolute, in the project
 */
export async function whatGitTakes(
  { root, gitRoot }: Pick<Project, 'root' | 'gitRoot'>,
  env: GitCommand['env'],
  paths: readonly string[],
): Promise<string[]> {
  const gone = paths.filter((path) => !existsSync(path));
  if (gone.length === 0 || gitRoot === undefined) return [...paths];
  const inside = (path: string): string => relative(root, path).split(sep).join('/');
  const tracked = new Set(await trackedByGit({ cwd: root, env }, gone.map(inside)));
  return paths.filter((path) => !gone.includes(path) || tracked.has(inside(path)));
}
