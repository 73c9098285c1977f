import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter } from 'node:path';
import { expect } from 'vitest';
import manifest from '../../../package.json' with { type: 'json' };
import type { Finished } from '../../rig/process.ts';
import type { Rig } from '../../rig/rig.ts';
import { PIPE } from '../../rig/rig.ts';

/** The bare Git repository that people push to, relative to the project. */
export const ORIGIN = '../origin.git';

/** What happened that CI answers to. */
export interface CiEvent {
  /** The branch that a request wants to merge into `main`; absent: something was pushed to `main`. */
  readonly branch?: string;
  /** Whether that branch lies in somebody else's fork. */
  readonly isFork?: boolean;
  /** What stands in the settings of the repository, as far as the service shows it to this job. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** How a job ended, and what people see of it. */
export interface CiResult {
  readonly ok: boolean;
  /** All that it printed. */
  readonly log: string;
  /** What the service shows, or keeps, of it as Markdown. */
  readonly summary: string;
  /** What stands in the request as comment. */
  readonly comment: string | undefined;
  /** Where it worked, relative to the project. */
  readonly cwd: string;
}

/** A machine that a service lends to one job: with Git, Node.js and a shell, and nothing of ours. */
export interface CiMachine {
  readonly name: string;
  readonly cwd: string;
  /** Runs a script with bash. */
  readonly bash: (
    args: readonly string[],
    script: string,
    env: Readonly<Record<string, string | undefined>>,
  ) => Promise<Finished>;
}

/**
 * The steps install `pipe` from a tarball in the repository, which would have to be packed for each test. A command of the name of
 * npm does so: it takes the very words that the files have, and no others: this version, pinned. What is packed and installed
 * indeed is tested in package.test.ts.
 */
const NPM = `#!/bin/sh
[ "$*" = "install --global ./tools/pipe-tool-pipe-${manifest.version}.tgz" ] || { echo "npm is not expected to $*" >&2; exit 1; }
ln -s '${PIPE}' "$(dirname "$0")/pipe"
`;

let machines = 0;

/** @param commands further commands of the image that cannot run here, as shell scripts by name */
export async function startMachine(rig: Rig, commands: Readonly<Record<string, string>> = {}): Promise<CiMachine> {
  machines += 1;
  const name = `ci-${machines}`;
  const at = (folder: string): string => rig.path(`../${name}-${folder}`);
  for (const folder of ['bin', 'home']) await mkdir(at(folder));
  for (const [command, text] of Object.entries({ npm: NPM, ...commands })) {
    await writeFile(`${at('bin')}/${command}`, text);
    await chmod(`${at('bin')}/${command}`, 0o755);
  }
  // Without the folder of the rig, which has a `pipe`.
  const [, ...path] = (rig.env['PATH'] ?? '').split(delimiter);
  const own = {
    CI: 'true',
    HOME: at('home'),
    PATH: [at('bin'), ...path].join(delimiter),
    XDG_CACHE_HOME: `${at('home')}/.cache`,
    XDG_CONFIG_HOME: `${at('home')}/.config`,
    PIPE_GLOBAL_CONFIG_DIR: `${at('home')}/.config/pipe`,
  };
  const cwd = `../${name}`;
  return {
    name,
    cwd,
    async bash(args, script, env) {
      await writeFile(`${at('home')}/step.sh`, script);
      return rig.run('bash', [...args, `${at('home')}/step.sh`], { cwd, env: { ...own, ...env } });
    },
  };
}

/** Checks out a ref as services do: all branches are there, and no branch is checked out. Returns the commit. */
export async function checkOut(rig: Rig, { cwd }: CiMachine, ref: string): Promise<string> {
  await rig.git('init', '-q', cwd);
  await rig.git('-C', cwd, 'remote', 'add', 'origin', rig.path(ORIGIN));
  await rig.git('-C', cwd, 'fetch', '-q', 'origin', '+refs/heads/*:refs/remotes/origin/*', `+${ref}:refs/ci/job`);
  await rig.git('-C', cwd, 'checkout', '-q', '--detach', 'refs/ci/job');
  return rig.git('-C', cwd, 'rev-parse', 'HEAD');
}

/** Expects that an object of a YAML file has no keys but those that a test performs. */
export function expectKeys(found: object, known: readonly string[]): void {
  expect(Object.keys(found).filter((key) => !known.includes(key))).toEqual([]);
}
