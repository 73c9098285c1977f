import { lstatSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { danglingLink } from '../kit/system-fault.ts';
import { PipeError } from '../problem/problem.ts';
import type { Config } from './config.ts';
import { openConfig } from './config.ts';
import { mainWorkTree } from './git-folder.ts';

/** Where a project lies and how it is set up. All paths are absolute and real (symlinks resolved). */
export interface Project {
  /** The folder that holds `.pipe` (or `.dvc`). */
  readonly root: string;
  /** `<root>/.pipe`: config, cache and tmp. It need not exist in a DVC project. */
  readonly pipeDir: string;
  /** The Git work tree around it; absent without Git or after `pipe init --no-scm`. */
  readonly gitRoot?: string;
  readonly config: Config;
  /** The same project in the main worktree, when this one lies in a linked Git worktree. */
  readonly main?: Pick<Project, 'pipeDir' | 'config'>;
}

/** The process around a project, as far as a project wants to know it. */
export interface Surroundings {
  /** Absolute path of the folder it is looked for in. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Finds the project at or above a folder: the nearest folder that holds `.pipe` or `.dvc`.
 * @throws {PipeError} when its config cannot be read.
 */
export function findProject({ cwd, env }: Surroundings): Project | undefined {
  const root = findRoot(cwd);
  if (root === undefined) return undefined;
  const pipeDir = join(root, '.pipe');
  const config = openConfig({ pipeDir, root, env });
  const gitRoot = config.get('core.no_scm') ? undefined : findGitRoot(root);
  if (gitRoot === undefined) return { root, pipeDir, config };
  const main = mainProject(root, gitRoot, env);
  return { root, pipeDir, config, gitRoot, ...(main === undefined ? {} : { main }) };
}

/** The project at the same place in the main worktree. Its own config counts: what is local there is not in Git. */
function mainProject(root: string, gitRoot: string, env: Surroundings['env']): Project['main'] {
  const main = mainWorkTree(gitRoot);
  if (main === undefined) return undefined;
  const pipeDir = join(main, relative(gitRoot, root), '.pipe');
  return isFolder(pipeDir) ? { pipeDir, config: openConfig({ pipeDir, env }) } : undefined;
}

/**
 * Like {@link findProject} for commands that need one.
 * @throws {PipeError} PIPE_NO_PROJECT when there is none.
 */
export function openProject(surroundings: Surroundings): Project {
  const project = findProject(surroundings);
  if (project !== undefined) return project;
  throw noProject(surroundings.cwd);
}

/** The root of the project at or above a folder, for those who need no config: it may be broken. */
export function findRoot(cwd: string): string | undefined {
  return nearestAbove(realFolder(cwd), (folder) => isFolder(join(folder, '.pipe')) || isDvcRoot(folder));
}

/**
 * Like {@link findRoot} for commands that need a project.
 * @throws {PipeError} PIPE_NO_PROJECT when there is none.
 */
export function requireRoot(cwd: string): string {
  const root = findRoot(cwd);
  if (root !== undefined) return root;
  throw noProject(cwd);
}

function noProject(cwd: string): PipeError {
  const folder = join(cwd, '.pipe');
  if (lstatSync(folder, { throwIfNoEntry: false }) !== undefined) {
    const what = danglingLink(folder) === undefined ? 'not a folder' : 'a symbolic link that leads nowhere';
    return new PipeError({ code: 'PIPE_NO_PROJECT', message: `${folder} is ${what}`, hint: 'put the folder back that it was, or remove it and run `pipe init`' }); // prettier-ignore
  }
  return new PipeError({
    code: 'PIPE_NO_PROJECT',
    message: `no project in ${cwd} or above it`,
    hint: 'run `pipe init` in the folder where your project begins',
  });
}

/** Whether DVC considers a folder the root of a project. */
export function isDvcRoot(folder: string): boolean {
  return isFolder(join(folder, '.dvc'));
}

/** The Git work tree at or above a folder; in a worktree or submodule `.git` is a file that points elsewhere. */
export function findGitRoot(folder: string): string | undefined {
  return nearestAbove(folder, (each) => isGitDir(join(each, '.git')));
}

function isGitDir(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  // An empty `.git` folder is none to Git either.
  if (stat.isDirectory()) return statSync(join(path, 'HEAD'), { throwIfNoEntry: false }) !== undefined;
  return stat.isFile() && readFileSync(path, 'latin1').startsWith('gitdir:');
}

function nearestAbove(start: string, holds: (folder: string) => boolean): string | undefined {
  for (let folder = start; ; folder = dirname(folder)) {
    if (holds(folder)) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

function realFolder(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new PipeError({ code: 'PIPE_USAGE', message: `the folder ${path} does not exist` }, { cause: error });
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
