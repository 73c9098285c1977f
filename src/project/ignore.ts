import { IgnoreRules } from './ignore-rules.ts';
import { isDvcRoot } from './project.ts';

/** Folders of tools that keep their own books: never data, whatever the rules say. */
const ALWAYS_IGNORED = new Set(['.git', '.hg', '.pipe', '.dvc']);

/** Whether a path (posix, relative to the project's root) is to be left out. */
export type IgnoreFilter = (path: string, isFolder: boolean) => boolean;

/**
 * The filter by `.pipeignore` files at any level, and `.dvcignore` ones in a DVC project. Each folder's file is read
 * once, when a path inside it is asked for: make a new filter after it changed.
 * @param root absolute path of the project
 */
export function ignoreFilter(root: string): IgnoreFilter {
  const rules = new IgnoreRules(root, isDvcRoot(root) ? ['.dvcignore', '.pipeignore'] : ['.pipeignore']);
  return (path, isFolder) => isAlwaysIgnored(path) || rules.ignores(path, isFolder);
}

/** Whether a part of a path belongs to Git, Mercurial, pipe or DVC. */
function isAlwaysIgnored(path: string): boolean {
  if (!path.includes('.git') && !path.includes('.hg') && !path.includes('.pipe') && !path.includes('.dvc'))
    return false;
  return path.split('/').some((name) => ALWAYS_IGNORED.has(name));
}
