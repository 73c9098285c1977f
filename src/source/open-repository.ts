import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { readGitUrl } from '../kit/source-url.ts';
import { PipeError } from '../problem/problem.ts';
import { redactUrls } from '../problem/redact.ts';
import { isRevision } from '../lockfile/pointer-import.ts';
import { openGit } from '../project/git.ts';
import type { GitCommand } from '../project/git-command.ts';
import { gitOutput, runGit } from '../project/git-command.ts';
import { expandPlaceholders, hidingValues } from '../project/option-value.ts';
import { withClone } from './clone.ts';
import { readingOnly } from './git-settings.ts';
import type { Repository, RepositoryOptions } from './repository.ts';
import { noRevision } from './repository.ts';

/**
 * Opens another repository at a revision, and does something with it: a folder of this machine is read where it is, of
 * any other one a clone in the user's cache folder is brought up to date.
 * @throws {PipeError} PIPE_URL, PIPE_ENV_MISSING, PIPE_ENV_REFUSED, PIPE_GIT_REVISION, PIPE_SOURCE_MISSING where there is no repository, PIPE_GIT
 */
export async function withRepository<T>(
  options: RepositoryOptions,
  work: (repository: Repository) => Promise<T>,
): Promise<T> {
  try {
    return await openAt(options, work);
  } catch (error) {
    throw hidingValues(error, options.url, options.env);
  }
}

async function openAt<T>(options: RepositoryOptions, work: (repository: Repository) => Promise<T>): Promise<T> {
  const { url, allowed, rev, base, env, signal } = options;
  const name = redactUrls(url);
  const expanded = expandPlaceholders(url, { name: `the URL ${name}`, env, allowed });
  const read = readGitUrl(expanded);
  if ('wrong' in read) {
    const hint = read.hint === undefined ? {} : { hint: read.hint };
    throw new PipeError({
      code: 'PIPE_URL',
      message: `${name} cannot be used as a repository: ${read.wrong}`,
      ...hint,
    });
  }
  if (rev !== undefined && !isRevision(rev)) throw noRevision(name, rev);
  if (read.kind === 'remote') return withClone({ ...options, url: expanded, name }, work);
  const command = { cwd: resolve(base, read.path), env: readingOnly(env), signal };
  const { cwd, isBare } = await localRoot(command, name);
  const local = { ...command, cwd };
  const commit = await resolveThere({ cwd, env: command.env, name }, rev ?? 'HEAD');
  const bringCommit = async (id: string): Promise<boolean> =>
    (await runGit(local, ['rev-parse', '--verify', '--quiet', `${id}^{commit}`])).exitCode === 0;
  return work({
    name,
    commit,
    command: local,
    bring: () => Promise.resolve(),
    bringCommit,
    ...(isBare ? {} : { folder: cwd }),
  });
}

/** Says of which repository it is that a revision is not known. */
async function resolveThere(
  { cwd, env, name }: Pick<GitCommand, 'cwd' | 'env'> & { readonly name: string },
  rev: string,
): Promise<string> {
  try {
    return await openGit(cwd, env).resolve(rev);
  } catch (error) {
    if (!(error instanceof PipeError) || error.problems[0]?.code !== 'PIPE_GIT_REVISION') throw error;
    const problems = error.problems.map((each) => ({
      ...each,
      message: each.message.replace(/ in Git$/, ` in ${name}`),
    }));
    throw new PipeError(problems, { cause: error });
  }
}

/** The folder of a repository of this machine, which is named itself: one around it is not meant. */
async function localRoot(command: GitCommand, name: string): Promise<{ cwd: string; isBare: boolean }> {
  const { cwd } = command;
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
    const hint =
      'where it has moved, change `url` in the pointers that were imported from it, or import them anew with --force';
    throw new PipeError({ code: 'PIPE_SOURCE_MISSING', message: `there is no folder ${name}`, hint });
  }
  const top = await runGit(command, ['rev-parse', '--show-toplevel']);
  if (top.exitCode === 0) {
    const root = top.stdout.toString().replace(/\n$/, '');
    const isRoot = realpathSync(root) === realpathSync(cwd);
    if (isRoot) return { cwd: realpathSync(root), isBare: false };
    const hint = `it lies inside the repository ${root}: name that, and a path in it`;
    throw new PipeError({ code: 'PIPE_SOURCE_MISSING', message: `${name} is no Git repository`, hint });
  }
  const bare = await runGit(command, ['rev-parse', '--is-bare-repository']);
  if (bare.exitCode === 0 && bare.stdout.toString().trim() === 'true') return { cwd: realpathSync(cwd), isBare: true };
  // Git says why: the folder belongs to somebody else, perhaps.
  if (top.stderr.includes('dubious ownership')) await gitOutput(command, ['rev-parse', '--git-dir']);
  throw new PipeError({ code: 'PIPE_SOURCE_MISSING', message: `${name} is no Git repository` });
}
