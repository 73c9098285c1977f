import { existsSync, realpathSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { writeFileAtomic } from '../kit/atomic-file.ts';
import { PipeError } from '../problem/problem.ts';
import { IgnoreRules } from './ignore-rules.ts';
import { ensurePipeFolder } from './pipe-folder.ts';
import { findGitRoot, isDvcRoot } from './project.ts';

export interface InitOptions {
  readonly subdir: boolean;
  readonly noScm: boolean;
  readonly force: boolean;
}

/** A project that was started. Paths are absolute and real. */
export interface StartedProject {
  readonly root: string;
  readonly gitRoot?: string;
  readonly created: readonly string[];
}

const CONFIG = `# The configuration of this project, for everyone who works on it. \`pipe config --help\` lists the options.
# What concerns only you or this machine, secrets above all, goes into config.local.yaml: \`pipe config --local\`.
`;

const IGNORE = `# What pipe leaves out of folders that it tracks. The rules are those of .gitignore.
`;

/**
 * Starts a project in a folder: `.pipe` with its config, and `.pipeignore`. Files that are there are kept, but for the
 * project's config under `force`.
 * @throws {PipeError} PIPE_INIT when the folder does not fit.
 */
export function initProject(folder: string, options: InitOptions): StartedProject {
  const root = checkedRoot(folder, options);
  const gitRoot = options.noScm ? undefined : checkedGitRoot(root, options);
  const pipeDir = join(root, '.pipe');
  const created = ensurePipeFolder(pipeDir);
  const config = join(pipeDir, 'config.yaml');
  if (options.force || !existsSync(config)) {
    writeFileAtomic(config, options.noScm ? `${CONFIG}core:\n  no_scm: true\n` : CONFIG);
    created.push(config);
  }
  const ignore = join(root, '.pipeignore');
  // A DVC project has its .dvcignore, which counts as well.
  if (!existsSync(ignore) && !isDvcRoot(root)) {
    writeFileAtomic(ignore, IGNORE);
    created.push(ignore);
  }
  return { root, created, ...(gitRoot === undefined ? {} : { gitRoot }) };
}

function checkedRoot(folder: string, { subdir, noScm, force }: InitOptions): string {
  if (subdir && noScm) throw refused('--subdir and --no-scm cannot be combined', 'choose one');
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw refused(`${folder} is not a folder`, 'make it first');
  }
  const root = realpathSync(folder);
  if (!force && existsSync(join(root, '.pipe', 'config.yaml'))) {
    throw refused(`${root} is a project already`, 'to reset its config, run `pipe init --force`');
  }
  return root;
}

function checkedGitRoot(root: string, { subdir }: InitOptions): string {
  const gitRoot = findGitRoot(root);
  if (gitRoot === undefined) {
    throw refused(`${root} lies outside Git`, 'run `git init` first, or `pipe init --no-scm` to do without Git');
  }
  if (gitRoot !== root && !subdir) {
    throw refused(
      `${root} is not the root of its Git work tree, which is ${gitRoot}`,
      'run it there, or `pipe init --subdir` to start a project in this folder alone',
    );
  }
  const pipeDir = join(relative(gitRoot, root), '.pipe').split(sep).join('/');
  if (new IgnoreRules(gitRoot, ['.gitignore']).ignores(pipeDir, true)) {
    throw refused(`a .gitignore makes Git ignore ${pipeDir}`, 'take the rule out: Git must keep its config');
  }
  return gitRoot;
}

function refused(message: string, hint: string): PipeError {
  return new PipeError({ code: 'PIPE_INIT', message, hint });
}
