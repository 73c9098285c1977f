import { PipeError } from '../problem/problem.ts';
import type { Git } from './git.ts';
import { openGit } from './git.ts';
import type { GitCommand } from './git-command.ts';
import { gitOutput, runGit } from './git-command.ts';
import { stashCommits } from './stashes.ts';

/** Which commits are meant, as by the flags of DVC's `gc`, `push` and `fetch`. Nothing given: none. */
export interface RevisionChoice {
  /** `--rev`: branches, tags, ids, `HEAD~2`, and all else that gitrevisions(7) lists. */
  readonly revisions?: readonly string[];
  /** `-a`: the local branches. */
  readonly branches?: boolean;
  /** With `branches`: also the branches of others, as they were when Git fetched them last. */
  readonly remoteBranches?: boolean;
  /** `-T`: tags of commits. */
  readonly tags?: boolean;
  /** `-A`: all that HEAD, a local or remote-tracking branch, or a tag reaches. */
  readonly commits?: boolean;
  /** `-n`: so many commits of each revision and each branch, going back by first parents; 1 unless given. */
  readonly number?: number;
  /** `--date`: of all commits those that are not older than this moment, in milliseconds since 1970. */
  readonly since?: number;
  /** What `git stash` keeps, with what is needed to bring it back. */
  readonly stashes?: boolean;
}

/** A commit that was chosen. */
export interface ChosenCommit {
  /** The full id. */
  readonly commit: string;
  /** What it is called: the revision as given, branches, tags, `main~1`; else its id in short. */
  readonly names: readonly string[];
}

/** How many digits of a commit's id are shown. */
const SHORT = 7;

/**
 * The commits that are meant, each once. In this order: the revisions as given, branches and tags by name, each
 * followed by its ancestors; then all other commits, newest first, but none before one that came from it; then stashes. A few Git processes, however many commits there are.
 * @throws {PipeError} PIPE_GIT_REVISION when a revision names no commit; PIPE_GIT_MISSING without Git.
 */
export async function chooseRevisions(command: GitCommand, choice: RevisionChoice): Promise<ChosenCommit[]> {
  const git = openGit(command.cwd, command.env);
  const isWide = choice.commits === true || choice.since !== undefined;
  const chosen = new Map<string, string[]>();
  const add = (commit: string, name?: string): void => {
    const names = chosen.get(commit) ?? [];
    if (!chosen.has(commit)) chosen.set(commit, names);
    if (name !== undefined && !names.includes(name)) names.push(name);
  };
  const starts = await namedStarts(command, git, choice);
  const { number = 1 } = choice;
  const parents = starts.length > 0 && number > 1 ? await firstParents(command, starts) : NO_PARENTS;
  for (const start of starts) {
    add(start.commit, start.name);
    let at = parents.get(start.commit);
    for (let back = 1; start.withAncestors && at !== undefined && back < number; back += 1) {
      add(at, `${start.name}~${String(back)}`);
      at = parents.get(at);
    }
  }
  if (isWide) {
    const { commits = false, since = -Infinity } = choice;
    const all = await allCommits(command);
    const wide = commits ? all : all.filter(({ seconds }) => seconds * 1000 >= since);
    for (const { commit } of wide) add(commit);
    for (const { commit, name } of await refs(git)) if (chosen.has(commit)) add(commit, name);
  }
  if (choice.stashes === true) {
    for (const { commit, name } of await stashCommits(command)) if (!chosen.has(commit)) add(commit, name);
  }
  return [...chosen].map(([commit, names]) => ({ commit, names: names.length > 0 ? names : [commit.slice(0, SHORT)] }));
}

const NO_PARENTS: ReadonlyMap<string, string> = new Map();

interface Start {
  readonly name: string;
  readonly commit: string;
  readonly withAncestors: boolean;
}

async function namedStarts(command: GitCommand, git: Git, choice: RevisionChoice): Promise<Start[]> {
  const starts: Start[] = [];
  const names = new Set(choice.revisions);
  const known = await commitsOfIds(command, [...names]);
  for (const name of names) {
    starts.push({ name, commit: known.get(name) ?? (await git.resolve(name)), withAncestors: true });
  }
  const { branches = false, tags = false } = choice;
  if (branches) for (const ref of await git.branches()) starts.push({ ...ref, withAncestors: true });
  if (branches && choice.remoteBranches === true) for (const ref of await git.remoteBranches()) starts.push({ ...ref, withAncestors: true }); // prettier-ignore
  if (tags) for (const ref of await git.tags()) starts.push({ ...ref, withAncestors: false });
  return starts;
}

/** The commits of those names that are full ids, by one Git process however many there are. */
async function commitsOfIds(command: GitCommand, names: readonly string[]): Promise<Map<string, string>> {
  const ids = names.filter((name) => /^[0-9a-f]{40,64}$/.test(name));
  const found = new Map<string, string>();
  if (ids.length < 2) return found;
  const input = ids.map((id) => `${id}^{commit}\n`).join('');
  const output = await gitOutput(command, ['cat-file', '--batch-check=%(objectname) %(objecttype)'], input);
  for (const [index, line] of output.toString('latin1').split('\n').slice(0, -1).entries()) {
    const [commit = '', type] = line.split(' ');
    const id = ids[index];
    if (id !== undefined && type === 'commit') found.set(id, commit);
  }
  return found;
}

async function refs(git: Git): Promise<readonly { readonly name: string; readonly commit: string }[]> {
  return [...(await git.branches()), ...(await git.tags())];
}

/** Commit → its first parent, for all that lies on the first-parent way back from the starts. */
async function firstParents(command: GitCommand, starts: readonly Start[]): Promise<Map<string, string>> {
  const input = [...new Set(starts.map(({ commit }) => commit))].join('\n');
  const output = await gitOutput(command, ['rev-list', '--first-parent', '--parents', '--stdin'], `${input}\n`);
  const parents = new Map<string, string>();
  for (const line of output.toString('latin1').split('\n')) {
    const [commit, parent] = line.split(' ');
    if (commit !== undefined && parent !== undefined) parents.set(commit, parent);
  }
  return parents;
}

/**
 * Every commit with the time it was made, newest first but none before one that came from it. Git's own `--since` is of no use: it stops at the first old
 * commit, and clocks of committers differ.
 */
async function allCommits(command: GitCommand): Promise<{ readonly commit: string; readonly seconds: number }[]> {
  const head = await runGit(command, ['rev-parse', '--verify', '--quiet', 'HEAD']);
  const start = head.exitCode === 0 ? ['HEAD'] : [];
  const kinds = ['--branches', '--remotes', '--tags'];
  const output = await gitOutput(command, ['rev-list', '--timestamp', '--date-order', ...kinds, ...start]);
  return output
    .toString('latin1')
    .split('\n')
    .flatMap((line) => {
      const [seconds = '', commit] = line.split(' ');
      return commit === undefined ? [] : [{ commit, seconds: Number(seconds) }];
    });
}

/**
 * The first moment of a day `YYYY-MM-DD` where this process runs, in milliseconds since 1970.
 * @throws {PipeError} PIPE_USAGE for anything that is no day of the calendar.
 */
export function startOfDay(text: string): number {
  const [, year = NaN, month = NaN, day = NaN] = (/^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? []).map(Number);
  const date = new Date(year, month - 1, day);
  if (date.getMonth() === month - 1 && date.getDate() === day) return date.getTime();
  const message = `--date takes a day such as 2024-01-31, not ${JSON.stringify(text)}`;
  throw new PipeError({ code: 'PIPE_USAGE', message });
}

/**
 * How many commits `--num` asks for; a negative number means all of them, as in DVC.
 * @throws {PipeError} PIPE_USAGE for anything but a whole number other than 0.
 */
export function commitCount(text: string): number {
  const count = /^-?\d{1,15}$/.test(text) ? Number(text) : 0;
  if (count !== 0) return count < 0 ? Infinity : count;
  throw new PipeError({
    code: 'PIPE_USAGE',
    message: `--num takes a whole number from 1, not ${JSON.stringify(text)}`,
  });
}
