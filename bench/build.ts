import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CLI } from './contender/pipe.ts';

const ROOT = resolve(import.meta.dirname, '..');

/** The build that is measured. */
export interface Build {
  readonly version: string;
  /** The Git commit, with `+` where files have changed since; empty outside of Git. */
  readonly revision: string;
  /** Changes with each build that differs. */
  readonly entry: string;
}

/**
 * Looks at the build in `dist/`.
 * @throws {Error} when nothing is built
 */
export function readBuild(): Build {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const commit = git('rev-parse', '--short', 'HEAD');
  const revision = commit === '' || git('status', '--porcelain', '--untracked-files=no') === '' ? commit : `${commit}+`;
  return { version, revision, entry: readEntry() };
}

/** Whether a file of the tool is newer than the build. */
export function isOutdated(): boolean {
  const built = statSync(CLI).mtimeMs;
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true });
  return sources.some((file) => {
    const ships = file.isFile() && /(?<!\.test)\.tsx?$/.test(file.name);
    return ships && statSync(join(file.parentPath, file.name)).mtimeMs > built;
  });
}

/** The scripts that it starts are named by their content, so it differs when any of them does. */
function readEntry(): string {
  try {
    return readFileSync(CLI, 'utf8');
  } catch (error) {
    throw new Error(`nothing to measure, run "npm run build" first: ${(error as Error).message}`, { cause: error });
  }
}

function git(...args: readonly string[]): string {
  return spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' }).stdout.trim();
}
