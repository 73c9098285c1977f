import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { namesIn } from '../kit/temporary.ts';
import { readTextFile } from '../kit/text-file.ts';

/** Where Git keeps what belongs to a work tree. Absolute paths. */
export interface GitFolders {
  /** `HEAD` and what else each worktree has of its own. */
  readonly own: string;
  /** Branches, objects, hooks and config, which all worktrees share; the same folder in the main worktree. */
  readonly common: string;
}

/** The Git folders of a work tree, read without Git, which takes longer than all else; `undefined` when they are gone. */
export function gitFolders(workTree: string): GitFolders | undefined {
  const dotGit = join(workTree, '.git');
  if (isFolder(dotGit)) return { own: dotGit, common: dotGit };
  const named = firstLine(dotGit)?.replace(/^gitdir: ?/, '');
  if (named === undefined || named === '') return undefined;
  const own = resolve(workTree, named);
  if (!isFolder(own)) return undefined;
  const common = firstLine(join(own, 'commondir'));
  return { own, common: common === undefined ? own : resolve(own, common) };
}

/**
 * The main worktree of the repository that a work tree is linked to by `git worktree add`; of a submodule in such a work
 * tree, the checkout of it in the main one. `undefined` for the main one itself, and where there is no main one (a bare
 * repository).
 */
export function mainWorkTree(workTree: string): string | undefined {
  const around = superproject(workTree);
  if (around !== undefined) return sameIn(mainWorkTree(around), around, workTree);
  const folders = gitFolders(workTree);
  if (folders === undefined || folders.own === folders.common || basename(folders.common) !== '.git') return undefined;
  const main = dirname(folders.common);
  return isFolder(folders.common) && isFolder(main) ? realpathSync(main) : undefined;
}

/** The work tree that a submodule is checked out in; `undefined` for what is no submodule. */
function superproject(workTree: string): string | undefined {
  const own = firstLine(join(workTree, '.git'))?.replace(/^gitdir: ?/, '');
  if (own === undefined || !/(?:^|\/)\.git\/(?:.*\/)?modules\//.test(own)) return undefined;
  for (let folder = dirname(workTree); folder !== dirname(folder); folder = dirname(folder)) {
    if (gitFolders(folder) !== undefined) return folder;
  }
  return undefined;
}

/** The submodule of another work tree that lies where one of `around` does. */
function sameIn(other: string | undefined, around: string, submodule: string): string | undefined {
  const path = other && join(other, relative(realpathSync(around), realpathSync(submodule)));
  return path !== undefined && gitFolders(path) !== undefined ? realpathSync(path) : undefined;
}

/**
 * All work trees of the repository that one belongs to, itself among them; of a submodule, its checkouts in those of the
 * repository around it. Those that are not there are left out.
 */
export function workTrees(workTree: string): string[] {
  const around = superproject(workTree);
  if (around !== undefined) {
    const others = workTrees(around).map((other) => sameIn(other, around, workTree) ?? '');
    return [...new Set([realpathSync(workTree), ...others])].filter((path) => path !== '');
  }
  const folders = gitFolders(workTree);
  if (folders === undefined) return [realpathSync(workTree)];
  const linked = join(folders.common, 'worktrees');
  const found = namesIn(linked).map((name) => firstLine(join(linked, name, 'gitdir')));
  const main = basename(folders.common) === '.git' ? [folders.common] : [];
  return [...new Set([...main, ...found].flatMap((dotGit) => (dotGit === undefined ? [] : [dirname(dotGit)])))]
    .filter(isFolder)
    .map((path) => realpathSync(path));
}

function firstLine(file: string): string | undefined {
  return readTextFile(file, file)?.split(/\r?\n/, 1)[0];
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
