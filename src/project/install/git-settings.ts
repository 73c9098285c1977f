import { isAbsolute, resolve } from 'node:path';
import { isWithin } from '../../kit/path.ts';
import { PipeError } from '../../problem/problem.ts';
import type { GitCommand } from '../git-command.ts';
import { gitOutput, runGit } from '../git-command.ts';

/** The projects of a repository for which `pipe install` was run, relative to its root. */
const PROJECTS = 'pipe.project';

/**
 * What Git runs to merge one of our files. Where `pipe` is missing or fails, Git merges it as text and calls it a
 * conflict in any case: lines from both sides may fit together and still record a run that never was.
 */
const DRIVER = [
  'if command -v pipe >/dev/null 2>&1',
  'then pipe merge-driver --ancestor=%O --our=%A --their=%B --mark-size=%L --path=%P && exit 0',
  'test $? -eq 1 && exit 1',
  'fi',
  'echo "pipe could not merge the file below, so Git merges it as text. With pipe on the PATH, try again:" >&2',
  'echo "  git checkout --merge --" %P >&2',
  'git merge-file --marker-size=%L -L ours -L ancestor -L theirs %A %O %B',
  'exit 1',
].join('; ');

const SETTINGS = {
  'merge.pipe.name': 'pipe: locks stage by stage, pointers field by field, folders file by file',
  'merge.pipe.driver': DRIVER,
};

/**
 * Tells Git of the merge driver, for all worktrees of the repository.
 * @returns whether anything changed
 * @throws {PipeError} PIPE_GIT, PIPE_GIT_MISSING
 */
export async function setMergeDriver(git: GitCommand): Promise<boolean> {
  let changed = false;
  for (const [name, value] of Object.entries(SETTINGS)) {
    const [before, ...others] = await valuesOf(git, name);
    if (before === value && others.length === 0) continue;
    await gitOutput(git, ['config', '--local', '--replace-all', name, value]);
    changed = true;
  }
  return changed;
}

/** Takes the merge driver out of Git's config again. */
export async function unsetMergeDriver(git: GitCommand): Promise<boolean> {
  let changed = false;
  for (const name of Object.keys(SETTINGS)) {
    if ((await valuesOf(git, name)).length === 0) continue;
    await gitOutput(git, ['config', '--local', '--unset-all', name]);
    changed = true;
  }
  return changed;
}

/** The projects that hooks are for, relative to the root of the work tree; `.` is the root itself. */
export async function installedProjects(git: GitCommand): Promise<readonly string[]> {
  return valuesOf(git, PROJECTS);
}

/** Adds a project to those that hooks are for, or takes it out. */
export async function setInstalled(git: GitCommand, project: string, installed: boolean): Promise<boolean> {
  const isThere = (await installedProjects(git)).includes(project);
  if (isThere === installed) return false;
  const pattern = `^${project.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)}$`;
  const change = installed ? ['--add', PROJECTS, project] : ['--unset-all', PROJECTS, pattern];
  await gitOutput(git, ['config', '--local', ...change]);
  return true;
}

/** A folder that Git runs hooks from. */
export interface HooksFolder {
  readonly path: string;
  /** Whether it is that of other repositories too: the user or the machine has set `core.hooksPath`. */
  readonly isShared: boolean;
}

/** Where Git looks for hooks: in the folder that all worktrees share, or where `core.hooksPath` says. */
export async function hooksFolder(git: GitCommand): Promise<HooksFolder> {
  const shown = await gitOutput(git, ['rev-parse', '--git-path', 'hooks']);
  const path = resolve(git.cwd, withoutLineEnd(shown));
  const { stdout } = await runGit(git, ['config', '--show-scope', '--get', 'core.hooksPath']);
  const scope = /^(\w+)\t/.exec(stdout.toString())?.[1];
  const isOurs = scope === undefined || scope === 'local' || scope === 'worktree' || isWithin(git.cwd, path);
  return { path, isShared: !isOurs };
}

/** The file that `git config --local` writes. */
export async function configFile(git: GitCommand): Promise<string> {
  const folder = withoutLineEnd(await gitOutput(git, ['rev-parse', '--git-common-dir']));
  return resolve(isAbsolute(folder) ? folder : resolve(git.cwd, folder), 'config');
}

async function valuesOf(git: GitCommand, name: string): Promise<string[]> {
  const { exitCode, stdout, stderr } = await runGit(git, ['config', '--local', '-z', '--get-all', name]);
  if (exitCode === 0) return stdout.toString().split('\0').slice(0, -1);
  if (exitCode === 1) return [];
  throw new PipeError({ code: 'PIPE_GIT', message: `git config failed: ${stderr}` });
}

function withoutLineEnd(output: Buffer): string {
  return output.toString().replace(/\r?\n$/, '');
}
