import { delimiter, dirname, join, resolve } from 'node:path';
import { gitEnvironment, isInherited } from '../setup/environment.ts';

/** The folders of one rig; all lie in one temporary folder. */
export interface RigFolders {
  /** The project under test: where commands run unless told otherwise. */
  readonly project: string;
  readonly home: string;
  /** First on `PATH`; holds `pipe`. */
  readonly bin: string;
  readonly temporary: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** By this variable the processes that a rig's commands left behind are found. */
export const RIG_VARIABLE = 'TEST_RIG';

/** Compiled code is the same for all homes, and compiling it again for each would take most of the time of the tests. */
const CODE_CACHE = resolve(import.meta.dirname, '../../node_modules/.cache/pipe-code');

/**
 * What a command sees of the world: a home, configuration, caches and temporary files of its own, no colour, a plain
 * Git, and nothing that a CI service, npm or the user has set up.
 */
export function rigEnvironment(folders: RigFolders, name: string): Environment {
  const inherited = Object.entries(process.env).filter(([variable]) => isInherited(variable));
  const at = (...parts: string[]): string => join(folders.home, ...parts);
  return {
    ...Object.fromEntries(inherited),
    ...gitEnvironment(),
    HOME: folders.home,
    XDG_CACHE_HOME: at('.cache'),
    XDG_CONFIG_HOME: at('.config'),
    XDG_CONFIG_DIRS: at('etc/xdg'),
    XDG_DATA_HOME: at('.local/share'),
    XDG_STATE_HOME: at('.local/state'),
    XDG_RUNTIME_DIR: undefined,
    PIPE_CODE_CACHE: CODE_CACHE,
    TMPDIR: folders.temporary,
    PATH: [folders.bin, dirname(process.execPath), process.env['PATH']].join(delimiter),
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    NO_COLOR: '1',
    PIPE_SYSTEM_CONFIG_DIR: systemConfig(folders),
    PIPE_GLOBAL_CONFIG_DIR: at('.config/pipe'),
    DVC_NO_ANALYTICS: '1',
    DVC_GLOBAL_CONFIG_DIR: at('.config/dvc'),
    DVC_SYSTEM_CONFIG_DIR: at('etc/xdg/dvc'),
    DVC_SITE_CACHE_DIR: at('.cache/dvc-site'),
    [RIG_VARIABLE]: name,
  };
}

/** Where the system level of configuration lies in a rig. */
export function systemConfig(folders: RigFolders): string {
  return join(folders.home, 'etc/pipe');
}
