import { createRequire } from 'node:module';
import { basename, dirname } from 'node:path';
import { withoutRepository } from './git-command.ts';

// Hardly ever needed, and every start reads the configuration: loading it takes 2 ms.
const load = createRequire(import.meta.filename);

/** Nothing that the configuration of the repository names is started. */
const QUIET = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'];

/**
 * Whether Git tracks a file (absolute path), so that whoever made the repository may have written it. What Git refuses
 * to look at counts as tracked.
 */
export function isTrackedFile(path: string, env: Readonly<Record<string, string | undefined>>): boolean {
  const { spawnSync } = load('node:child_process') as typeof import('node:child_process');
  const { status, stderr, error } = spawnSync('git', [...QUIET, 'ls-files', '--error-unmatch', '--', basename(path)], {
    cwd: dirname(path),
    env: { ...withoutRepository(env), LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0', GIT_LITERAL_PATHSPECS: '1' },
    encoding: 'utf8',
  });
  // Without Git, or the folder, there is no clone.
  if (error !== undefined) return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  return status !== 1 && !stderr.includes('not a git repository');
}
