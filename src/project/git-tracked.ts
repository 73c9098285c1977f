import { PipeError } from '../problem/problem.ts';
import type { GitCommand } from './git-command.ts';
import { runGit } from './git-command.ts';

/** A command line holds more on every system; so many paths go at once. */
const AT_ONCE = 500;

/**
 * The files at or below some paths that Git tracks, posix, relative to `cwd`. One process for hundreds of paths; nothing
 * where there is no Git, or it cannot say.
 * @param paths posix, relative to `cwd`
 */
export async function trackedByGit(command: GitCommand, paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (let at = 0; at < paths.length; at += AT_ONCE) {
    const some = paths.slice(at, at + AT_ONCE);
    const args = ['--literal-pathspecs', 'ls-files', '--cached', '-z', '--', ...some];
    found.push(...(await namesOf(command, args)));
  }
  return found;
}

/** Which of some paths, files or folders, a commit holds, as {@link trackedByGit} tells of the index. */
export async function heldByCommit(command: GitCommand, commit: string, paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (let at = 0; at < paths.length; at += AT_ONCE) {
    const some = paths.slice(at, at + AT_ONCE);
    found.push(...(await namesOf(command, ['ls-tree', '-z', '--name-only', commit, '--', ...some])));
  }
  return found;
}

async function namesOf(command: GitCommand, args: readonly string[]): Promise<string[]> {
  try {
    const { exitCode, stdout } = await runGit(command, args);
    return exitCode === 0
      ? stdout
          .toString('utf8')
          .split('\0')
          .filter((path) => path !== '')
      : [];
  } catch (error) {
    if (error instanceof PipeError && error.problems[0]?.code === 'PIPE_GIT_MISSING') return [];
    throw error;
  }
}
