import { nearest } from '../kit/nearest.ts';
import { byCodeUnit } from '../kit/order.ts';
import { PipeError } from '../problem/problem.ts';
import { readBlobs } from './git-blob.ts';
import type { GitCommand } from './git-command.ts';
import { gitOutput, runGit } from './git-command.ts';

/** A name for a commit: a branch or tag. */
export interface GitRef {
  readonly name: string;
  /** The full id of the commit. */
  readonly commit: string;
}

/**
 * Read-only access to the Git repository around a folder. Paths are posix and relative to that folder; what lies
 * outside it is not seen. Every method throws a {@link PipeError} PIPE_GIT when Git fails, PIPE_GIT_MISSING without it.
 */
export interface Git {
  /**
   * The full commit id of a revision: a branch, tag, id, `HEAD~2`, and all else that gitrevisions(7) lists.
   * @throws {PipeError} PIPE_GIT_REVISION when it names no commit.
   */
  readonly resolve: (revision: string) => Promise<string>;
  readonly branches: () => Promise<readonly GitRef[]>;
  /** Branches of others, as they were when Git fetched them last: `origin/main`. */
  readonly remoteBranches: () => Promise<readonly GitRef[]>;
  /** Tags of commits; tags of other objects are left out. */
  readonly tags: () => Promise<readonly GitRef[]>;
  /** Full ids of all commits that a branch, a tag or HEAD reaches, newest first. */
  readonly commits: () => Promise<readonly string[]>;
  /** The name of the current branch; `undefined` when HEAD is detached. */
  readonly currentBranch: () => Promise<string | undefined>;
  /** The bytes of files at a commit; those that are not there, or are no plain files, are left out. */
  readonly readFiles: (commit: string, paths: readonly string[]) => Promise<ReadonlyMap<string, Buffer>>;
  /** The text of one file at a commit; `undefined` when it is not there. */
  readonly readText: (commit: string, path: string) => Promise<string | undefined>;
  /** Paths of all files at a commit, in code-unit order. */
  readonly listFiles: (commit: string) => Promise<readonly string[]>;
  /** Paths that Git tracks in the work tree, in code-unit order; of `paths` (files or folders) alone when given. */
  readonly lsFiles: (paths?: readonly string[]) => Promise<readonly string[]>;
  readonly isTracked: (path: string) => Promise<boolean>;
}

/**
 * Git as seen from a folder.
 * @param root absolute path of the project
 */
export function openGit(root: string, env: GitCommand['env']): Git {
  const command: GitCommand = { cwd: root, env };
  const lsFiles = async (paths: readonly string[] = []): Promise<string[]> =>
    lines(await gitOutput(command, ['--literal-pathspecs', 'ls-files', '-z', '--', ...paths]));
  return {
    resolve: (revision) => resolveRevision(command, revision),
    branches: () => refs(command, 'refs/heads'),
    remoteBranches: () => refs(command, 'refs/remotes'),
    tags: () => refs(command, 'refs/tags'),
    commits: () => allCommits(command),
    currentBranch: async () => {
      const { exitCode, stdout } = await runGit(command, ['symbolic-ref', '--short', '--quiet', 'HEAD']);
      return exitCode === 0 ? stdout.toString().trim() : undefined;
    },
    readFiles: (commit, paths) => readBlobs(command, commit, paths),
    readText: async (commit, path) => (await readBlobs(command, commit, [path])).get(path)?.toString('utf8'),
    listFiles: async (commit) => lines(await gitOutput(command, ['ls-tree', '-r', '-z', '--name-only', commit])),
    lsFiles,
    isTracked: async (path) => (await lsFiles([path])).length > 0,
  };
}

/** Names between NULs, in code-unit order; `ls-files` repeats those with a merge conflict. */
function lines(output: Buffer): string[] {
  return [...new Set(output.toString('utf8').split('\0'))].filter((line) => line !== '').sort(byCodeUnit);
}

async function resolveRevision(command: GitCommand, revision: string): Promise<string> {
  // A revision never begins with a dash, and Git would take it for a flag.
  if (revision !== '' && !revision.startsWith('-')) {
    const { exitCode, stdout } = await runGit(command, ['rev-parse', '--verify', '--quiet', `${revision}^{commit}`]);
    if (exitCode === 0) return stdout.toString().trim();
  }
  throw await noSuchRevision(command, revision);
}

async function noSuchRevision(command: GitCommand, revision: string): Promise<PipeError> {
  const inside = await runGit(command, ['rev-parse', '--is-inside-work-tree', '--is-shallow-repository']);
  if (inside.exitCode !== 0) {
    const hint = 'revisions can be compared only where the project lies in Git';
    return new PipeError({ code: 'PIPE_GIT_MISSING', message: `${command.cwd} lies outside Git`, hint });
  }
  const head = await runGit(command, ['rev-parse', '--verify', '--quiet', 'HEAD']);
  const known = [...(await refs(command, 'refs/heads')), ...(await refs(command, 'refs/tags'))].map(({ name }) => name);
  const near = nearest(revision, known);
  const isShallow = inside.stdout.toString().includes('\ntrue');
  const hint =
    near !== undefined
      ? `did you mean ${near}?`
      : isShallow
        ? 'this clone holds only a part of the history: run `git fetch --unshallow`'
        : known.length > 0
          ? `branches and tags here: ${known.slice(0, 8).join(', ')}${known.length > 8 ? ', …' : ''}`
          : 'make a commit first';
  const message =
    head.exitCode !== 0 && (known.length === 0 || revision.startsWith('HEAD'))
      ? `${JSON.stringify(revision)} names no commit: the current branch has none yet`
      : `${JSON.stringify(revision)} names no commit in Git`;
  return new PipeError({ code: 'PIPE_GIT_REVISION', message, hint });
}

async function refs(command: GitCommand, prefix: string): Promise<GitRef[]> {
  const format = '%(refname:lstrip=2)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)';
  const output = await gitOutput(command, ['for-each-ref', `--format=${format}`, prefix]);
  return output
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      const [name = '', type, id = '', targetType, target = ''] = line.split('\0');
      if (type === 'commit') return [{ name, commit: id }];
      return targetType === 'commit' ? [{ name, commit: target }] : [];
    })
    .sort((a, b) => byCodeUnit(a.name, b.name));
}

async function allCommits(command: GitCommand): Promise<string[]> {
  const head = await runGit(command, ['rev-parse', '--verify', '--quiet', 'HEAD']);
  const start = head.exitCode === 0 ? ['HEAD'] : [];
  const output = await gitOutput(command, ['rev-list', '--date-order', '--branches', '--tags', ...start]);
  return output
    .toString()
    .split('\n')
    .filter((line) => line !== '');
}
