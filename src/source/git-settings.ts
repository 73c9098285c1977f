import type { GitCommand } from '../project/git-command.ts';

/**
 * An environment in which Git has settings, stronger than those of any file. They go through the environment: a URL may
 * hold a secret, which neither a file nor the list of processes shows.
 */
export function withSettings(env: GitCommand['env'], settings: Readonly<Record<string, string>>): GitCommand['env'] {
  const before = Number(env['GIT_CONFIG_COUNT'] ?? 0);
  const first = Number.isSafeInteger(before) && before > 0 ? before : 0;
  const pairs = Object.entries(settings).flatMap(([key, value], at): [string, string][] => [
    [`GIT_CONFIG_KEY_${String(first + at)}`, key],
    [`GIT_CONFIG_VALUE_${String(first + at)}`, value],
  ]);
  return {
    ...env,
    ...Object.fromEntries(pairs),
    GIT_CONFIG_COUNT: String(first + Object.keys(settings).length),
  };
}

/**
 * An environment in which Git reads a repository whose configuration somebody else may have written, and starts nothing
 * that it names: no hook, no helper, and nothing to fetch what is missing, for which Git 2.44 and earlier ones need to be
 * told that no transport is allowed.
 */
export function readingOnly(env: GitCommand['env']): GitCommand['env'] {
  return {
    ...withSettings(env, { 'core.fsmonitor': 'false', 'core.hooksPath': '/dev/null' }),
    GIT_NO_LAZY_FETCH: '1',
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_NO_REPLACE_OBJECTS: '1',
  };
}
