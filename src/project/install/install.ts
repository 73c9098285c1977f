import { join, relative, sep } from 'node:path';
import { PipeError } from '../../problem/problem.ts';
import { withEditLock } from '../edit-lock.ts';
import type { GitCommand } from '../git-command.ts';
import { runGit } from '../git-command.ts';
import { addAttributes, hasAttributes, removeAttributes } from './attributes.ts';
import type { HooksFolder } from './git-settings.ts';
import {
  configFile,
  hooksFolder,
  installedProjects,
  setInstalled,
  setMergeDriver,
  unsetMergeDriver,
} from './git-settings.ts';
import { removeHooks, writeHooks } from './hook-files.ts';
import { addPreCommitHooks, PRE_COMMIT_CONFIG, removePreCommitHooks } from './pre-commit-config.ts';

/** Where to install, absolute: a project in a Git work tree. */
export interface InstallPlace {
  readonly root: string;
  readonly gitRoot: string;
  readonly env: GitCommand['env'];
}

export interface InstallOptions {
  /** Add to hooks of others that are shell scripts, and to hooks that other repositories share. */
  readonly force: boolean;
  /** Let the tool pre-commit run our hooks. */
  readonly usePreCommitTool: boolean;
}

/** What was changed. Paths are absolute. */
export interface Installed {
  /** Where Git looks for hooks. */
  readonly hooksFolder: string;
  readonly changed: readonly string[];
  /** What was left as it is because Git has it committed: it holds for everyone who works on the project. */
  readonly committed: readonly string[];
}

/**
 * Makes Git call `pipe`: hooks, the merge driver and the attributes that name it. What is in place already is left alone.
 * @throws {PipeError} PIPE_HOOK when hooks of others are in the way (nothing is changed then), PIPE_GIT,
 * PIPE_GIT_MISSING, PIPE_FILE_WRITE
 */
export async function install(place: InstallPlace, { force, usePreCommitTool }: InstallOptions): Promise<Installed> {
  const git = gitOf(place);
  const hooks = await hooksFolder(git);
  const config = await configFile(git);
  if (!usePreCommitTool && hooks.isShared && !force) throw sharedFolder(hooks);
  const written = withEditLock(`${config}.pipe-lock`, () => [
    ...(usePreCommitTool ? ifChanged(preCommitFile(place), addPreCommitHooks) : writeHooks(hooks.path, { force })),
    ...ifChanged(attributesFile(place), addAttributes),
  ]);
  const isNew = [await setInstalled(git, projectName(place), true), await setMergeDriver(git)].includes(true);
  return { hooksFolder: hooks.path, changed: [...written, ...(isNew ? [config] : [])], committed: [] };
}

/**
 * Takes back what {@link install} did for a project, and nothing else. Attributes that are committed stay: to take them
 * away would undo the driver for everyone. The hooks and the driver stay while another
 * project of the repository needs them.
 * @throws {PipeError} PIPE_GIT, PIPE_GIT_MISSING, PIPE_FILE_WRITE
 */
export async function uninstall(place: InstallPlace): Promise<Installed> {
  const git = gitOf(place);
  const { path } = await hooksFolder(git);
  const config = await configFile(git);
  let isChanged = await setInstalled(git, projectName(place), false);
  const isShared = await isCommitted(git, attributesFile(place));
  const isLast = (await installedProjects(git)).length === 0;
  const written = withEditLock(`${config}.pipe-lock`, () => [
    ...(isLast ? [...removeHooks(path), ...ifChanged(preCommitFile(place), removePreCommitHooks)] : []),
    ...(isShared ? [] : ifChanged(attributesFile(place), removeAttributes)),
  ]);
  if (isLast && (await unsetMergeDriver(git))) isChanged = true;
  return {
    hooksFolder: path,
    changed: [...written, ...(isChanged ? [config] : [])],
    committed: isShared ? [attributesFile(place)] : [],
  };
}

async function isCommitted(git: GitCommand, file: string): Promise<boolean> {
  const path = relative(git.cwd, file).split(sep).join('/');
  const { exitCode, stdout } = await runGit(git, ['cat-file', 'blob', `HEAD:${path}`]);
  return exitCode === 0 && hasAttributes(stdout.toString('latin1'));
}

function gitOf({ gitRoot, env }: InstallPlace): GitCommand {
  return { cwd: gitRoot, env };
}

/** As Git's config keeps it: relative to the root of the work tree, so that it holds for all worktrees. */
function projectName({ root, gitRoot }: InstallPlace): string {
  return relative(gitRoot, root).split(sep).join('/') || '.';
}

function attributesFile({ root }: InstallPlace): string {
  return join(root, '.gitattributes');
}

function preCommitFile({ gitRoot }: InstallPlace): string {
  return join(gitRoot, PRE_COMMIT_CONFIG);
}

function ifChanged(file: string, change: (file: string) => boolean): string[] {
  return change(file) ? [file] : [];
}

function sharedFolder({ path }: HooksFolder): PipeError {
  return new PipeError({
    code: 'PIPE_HOOK',
    message: `your Git runs the hooks in ${path} in all your repositories (core.hooksPath)`,
    hint:
      'give this repository its own: `git config core.hooksPath "$(git rev-parse --git-common-dir)/hooks"`; ' +
      'or write to the shared ones: `pipe install --force`',
  });
}
