import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
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
 * The main worktree of the repository that a work tree is linked to by `git worktree add`; `undefined` for the main one
 * itself, for a submodule, and where there is no main one (a bare repository).
 */
export function mainWorkTree(workTree: string): string | undefined {
  const folders = gitFolders(workTree);
  if (folders === undefined || folders.own === folders.common || basename(folders.common) !== '.git') return undefined;
  const main = dirname(folders.common);
  return isFolder(folders.common) && isFolder(main) ? realpathSync(main) : undefined;
}

/** All work trees of the repository that one belongs to, itself among them; those that are not there are left out. */
export function workTrees(workTree: string): string[] {
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
