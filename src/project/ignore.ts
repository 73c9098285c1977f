import type { IgnoreRule } from './ignore-rules.ts';
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
  const rules = ignoreRules(root);
  return (path, isFolder) => isAlwaysIgnored(path) || rules.ignores(path, isFolder);
}

/** Whether a part of a path belongs to Git, Mercurial, pipe or DVC. */
function isAlwaysIgnored(path: string): boolean {
  return alwaysIgnored(path) !== undefined;
}

function alwaysIgnored(path: string): string | undefined {
  if (!path.includes('.git') && !path.includes('.hg') && !path.includes('.pipe') && !path.includes('.dvc'))
    return undefined;
  return path.split('/').find((name) => ALWAYS_IGNORED.has(name));
}

/** Why a path is left out, or taken back: a rule of an ignore file, or a name that is always left out. */
export type IgnoreReason = IgnoreRule | { readonly name: string; readonly negated: false };

/**
 * Says which rule decides about a path, as {@link ignoreFilter} does; `undefined` where none does. A path is left out
 * when the rule is not a negated one.
 * @param root absolute path of the project
 */
export function ignoreExplainer(root: string): (path: string, isFolder: boolean) => IgnoreReason | undefined {
  const rules = ignoreRules(root);
  return (path, isFolder) => {
    const name = alwaysIgnored(path);
    return name === undefined ? rules.ruleFor(path, isFolder) : { name, negated: false };
  };
}

function ignoreRules(root: string): IgnoreRules {
  return new IgnoreRules(root, isDvcRoot(root) ? ['.dvcignore', '.pipeignore'] : ['.pipeignore']);
}
