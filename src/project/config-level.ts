import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { PipeError } from '../problem/problem.ts';

/** Where options can be set, weakest first: a stronger level hides a weaker one. */
export const LEVELS = ['system', 'global', 'project', 'local'] as const;

export type Level = (typeof LEVELS)[number];

/** What decides where config files lie. */
export interface LevelPlaces {
  /** Absent outside a project: there are no `project` and `local` levels then. */
  readonly pipeDir?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The absolute path of a level's file; `undefined` for the project's own levels outside a project.
 * @throws {PipeError} PIPE_CONFIG_VALUE where the environment names a folder that is not absolute
 */
export function levelFile(level: Level, { pipeDir, env }: LevelPlaces): string | undefined {
  switch (level) {
    case 'system':
      return join(named(env, 'PIPE_SYSTEM_CONFIG_DIR') ?? '/etc/pipe', 'config.yaml');
    case 'global':
      return join(named(env, 'PIPE_GLOBAL_CONFIG_DIR') ?? join(userConfigFolder(env), 'pipe'), 'config.yaml');
    case 'project':
      return pipeDir === undefined ? undefined : join(pipeDir, 'config.yaml');
    case 'local':
      return pipeDir === undefined ? undefined : join(pipeDir, 'config.local.yaml');
  }
}

/** XDG Base Directory Specification 0.8: relative values are invalid and ignored. */
function userConfigFolder(env: LevelPlaces['env']): string {
  return absolute(env['XDG_CONFIG_HOME']) ?? join(env['HOME'] ?? homedir(), '.config');
}

/** A folder that is ours to define: who names one that does not count would work without the signers that it trusts. */
function named(env: LevelPlaces['env'], name: string): string | undefined {
  const path = env[name];
  if (path === undefined || path === '' || isAbsolute(path)) return path === '' ? undefined : path;
  throw new PipeError({
    code: 'PIPE_CONFIG_VALUE',
    message: `${name} is ${path}: it takes an absolute path`,
    hint: `a folder below this one: ${name}="$PWD/…"`,
  });
}

function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}
