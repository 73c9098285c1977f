import type { GitCommand } from './git-command.ts';
import { gitOutput, runGit } from './git-command.ts';

/**
 * The files below a folder that Git neither tracks nor ignores, posix, relative to the folder.
 * @throws {PipeError} PIPE_GIT when Git fails
 */
export async function untrackedFiles(command: GitCommand): Promise<string[]> {
  const output = await gitOutput(command, ['ls-files', '--others', '--exclude-standard', '-z']);
  return output
    .toString('utf8')
    .split('\0')
    .filter((path) => path !== '');
}

/** Whether a repository has no commit yet. */
export async function isFirstCommitMissing(command: GitCommand): Promise<boolean> {
  const { exitCode } = await runGit(command, ['rev-parse', '--quiet', '--verify', 'HEAD^{commit}']);
  return exitCode !== 0;
}
