import type { GitCommand } from './git-command.ts';
import { gitOutput, runGit } from './git-command.ts';

/** A commit that `git stash` has made, or one that it needs to be brought back. */
export interface StashCommit {
  /** The full id. */
  readonly commit: string;
  /** `stash@{0}`; its parents have the same name. */
  readonly name: string;
}

/**
 * All stashes of a repository, newest first, each followed by what it was made on, its staged files, and the files that
 * Git did not know of. Nothing outside Git.
 * @throws {PipeError} PIPE_GIT when Git fails, PIPE_GIT_MISSING without it.
 */
export async function stashCommits(command: GitCommand): Promise<StashCommit[]> {
  const newest = await runGit(command, ['rev-parse', '--verify', '--quiet', 'refs/stash']);
  if (newest.exitCode !== 0) return [];
  const format = ['-c', 'log.showSignature=false', 'log', '--walk-reflogs', '--format=%H %P', 'refs/stash', '--'];
  const output = await gitOutput(command, format);
  return output
    .toString('latin1')
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line, at) =>
      line
        .trimEnd()
        .split(' ')
        .map((commit) => ({ commit, name: `stash@{${String(at)}}` })),
    );
}
