import { isOutside, isWithin } from '../kit/path.ts';
import type { Problem } from '../problem/problem.ts';
import { trackedByGit } from '../project/git-tracked.ts';
import { ignoreExplainer } from '../project/ignore.ts';
import type { Engine } from '../run/engine.ts';
import { statNow } from '../store/untouched.ts';
import { absoluteOf } from './workspace.ts';

/**
 * Paths that `.pipeignore` leaves out: what is recorded of them would count as deleted from the next look on.
 * @param paths posix, relative to the project
 */
export function ignoredPaths(
  { project, fingerprint }: Pick<Engine, 'project' | 'fingerprint'>,
  paths: readonly string[],
): Problem[] {
  const isFolder = (path: string): boolean => statNow(absoluteOf(project, path))?.isDirectory() === true;
  // Reading rules for each is worth it only for those that are refused.
  const ignored = paths.filter((path) => !isOutside(path) && fingerprint.ignored(path, isFolder(path)));
  if (ignored.length === 0) return [];
  const explain = ignoreExplainer(project.root);
  return ignored.flatMap((path): Problem[] => {
    const rule = explain(path, isFolder(path));
    // Names that are always left out cannot be tracked for another reason.
    if (rule === undefined || 'name' in rule) return [];
    return [
      {
        code: 'PIPE_PATH_IGNORED',
        message: `${path} cannot be tracked: ${rule.file}:${String(rule.line)} (${rule.text}) leaves it out`,
        hint: 'change the rule, or take the path back with one that begins with `!`',
      },
    ];
  });
}

/**
 * Paths that Git tracks, or folders with files that it does: two would keep them, and a checkout of one would change what
 * the other one has. Asks Git once.
 * @param paths posix, relative to the project
 */
export async function pathsInGit(
  { project, env }: Pick<Engine, 'project' | 'env'>,
  paths: readonly string[],
): Promise<Problem[]> {
  if (project.gitRoot === undefined || paths.length === 0) return [];
  const inGit = await trackedByGit({ cwd: project.root, env }, paths);
  if (inGit.length === 0) return [];
  return paths.flatMap((path): Problem[] => {
    const files = inGit.filter((file) => isWithin(path, file));
    const [first] = files;
    if (first === undefined) return [];
    const more = files.length > 3 ? ', …' : '';
    return [
      {
        code: 'PIPE_PATH_IN_GIT',
        message:
          first === path
            ? `Git tracks ${path} already`
            : `Git tracks files in ${path}: ${files.slice(0, 3).join(', ')}${more}`,
        hint: `let go of it in Git, which keeps the files: git rm -r --cached ${path}`,
      },
    ];
  });
}
