import { gitOutput } from './git-command.ts';
import type { GitCommand } from './git-command.ts';
import type { Project } from './project.ts';

/**
 * Tells Git of files that pipe has written for it (locks, pointers, `.gitignore`), where `core.autostage` asks for it.
 * @param paths absolute
 * @throws {PipeError} PIPE_GIT, PIPE_GIT_MISSING
 */
export async function autostage(project: Project, env: GitCommand['env'], paths: readonly string[]): Promise<void> {
  if (project.gitRoot === undefined || paths.length === 0 || !project.config.get('core.autostage')) return;
  const names = `${paths.join('\0')}\0`;
  const add = ['--literal-pathspecs', 'add', '--pathspec-from-file=-', '--pathspec-file-nul'];
  await gitOutput({ cwd: project.root, env }, add, names);
}
