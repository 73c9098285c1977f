import { join } from 'node:path';

/** Variables of the tools under test, of Git hooks, of CI services, of npm scripts, and those that decide on colour. */
const FOREIGN =
  /^(PIPE_|DVC_|GIT_|GITHUB_|GITLAB_|CI_|npm_|AWS_|S3_|MLFLOW_|INIT_CWD$|CI$|NO_COLOR$|FORCE_COLOR$|COLORTERM$|DEBUG$|DEV$|NODE_OPTIONS$|NODE_ENV$)/;

/** Whether tests, and the processes that they start, may see a variable of the machine's environment. */
export function isInherited(name: string): boolean {
  return !FOREIGN.test(name);
}

/** Git as on a machine where nobody has set anything up but an author. */
export function gitEnvironment(): Record<string, string> {
  return {
    GIT_CONFIG_GLOBAL: join(import.meta.dirname, 'gitconfig'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
  };
}
