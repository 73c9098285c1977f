import { posix } from 'node:path';
import type { Collected } from '../metric/collect.ts';
import type { ReadKept } from '../metric/read.ts';
import type { NamedCommit } from '../metric/revisions.ts';
import type { Snapshot } from '../metric/snapshot.ts';
import { revisionSnapshot, workspaceSnapshot } from '../metric/snapshot.ts';
import { DEFAULT_PRECISION, MAX_PRECISION } from '../metric/format.ts';
import { problemJson } from '../problem/json.ts';
import { PipeError } from '../problem/problem.ts';
import { problemLine } from '../problem/render.ts';
import type { Table } from '../report/table.ts';
import { renderFitting, renderMarkdownTable } from '../report/table.ts';
import type { Git } from '../project/git.ts';
import { openGit } from '../project/git.ts';
import type { Context } from './command.ts';
import { inProject } from './edit-target.ts';
import { readKeptFrom } from './kept-outs.ts';
import { readProject } from './load-project.ts';
import { loadThrough } from './load-through.ts';

/** What the commands that compare moments of a project need. */
export interface Moments {
  readonly git: Git;
  readonly kept: ReadKept;
  workspace(): Snapshot;
  at(commit: NamedCommit): Promise<Snapshot>;
  /** A revision that the user names; `workspace` is one. */
  named(revision: string): Promise<Snapshot>;
  /** A path of the command line, relative to the project root. */
  target(path: string): string;
  /** A path of the project as the user sees it from the current folder. */
  readonly shown: (path: string) => string;
}

/** Opens the project around the current folder, its history and its store. */
export function openMoments(context: Pick<Context, 'cwd' | 'env'>): Moments {
  const read = readProject(context);
  const { project } = read;
  const here = { root: project.root, cwd: context.cwd };
  const folder = inProject(here, '.');
  const git = openGit(project.root, context.env);
  const at = ({ commit, label }: NamedCommit): Promise<Snapshot> =>
    revisionSnapshot({ git, commit, label, load: (options) => loadThrough(project, { ...options, env: context.env }) });
  const workspace = (): Snapshot => workspaceSnapshot(project.root, read);
  return {
    git,
    kept: readKeptFrom(project),
    workspace,
    at,
    named: async (revision) =>
      revision === 'workspace' ? workspace() : at({ commit: await git.resolve(revision), label: revision }),
    target: (path) => inProject(here, path),
    shown: (path) => posix.relative(folder, path),
  };
}

/**
 * The number of digits asked for.
 * @throws {PipeError} PIPE_USAGE for anything but a whole number in range.
 */
export function precisionOf(given: string | undefined): number {
  if (given === undefined) return DEFAULT_PRECISION;
  if (/^\d{1,2}$/.test(given) && Number(given) <= MAX_PRECISION) return Number(given);
  throw new PipeError({
    code: 'PIPE_USAGE',
    message: `--precision takes a whole number from 0 to ${String(MAX_PRECISION)}, not ${given}`,
  });
}

/**
 * Refuses targets that were named, when none of them is at any of the moments. What is there is shown beside what is not.
 * @throws {PipeError} PIPE_TARGET_UNKNOWN
 */
export function refuseAbsent(
  targets: readonly string[],
  collected: readonly Collected[],
  { shown }: Pick<Moments, 'shown'>,
): void {
  const unknown = targets.filter((target) => collected.every(({ absent }) => absent.has(target)));
  if (targets.length === 0 || unknown.length < targets.length) return;
  const where = collected.length === 1 ? '' : ' at any of the revisions';
  throw new PipeError(
    unknown.map((target) => ({
      code: 'PIPE_TARGET_UNKNOWN',
      message: `${shown(target)} does not exist${where}`,
      hint: 'check the spelling; what a stage makes is there after `pipe repro`',
    })),
  );
}

/** A table, and below it what could not be read. Markdown holds the table alone. */
export function tableText(
  table: Table,
  moments: readonly Collected[],
  options: { readonly md: boolean; readonly none: string; readonly columns?: number },
): string {
  const { columns = Infinity } = options;
  const render = options.md ? renderMarkdownTable : (each: Table) => renderFitting(each, columns);
  const rendered = table.rows.length === 0 ? undefined : render(table);
  if (options.md) return rendered ?? '';
  const problems = moments.flatMap((moment) => [...moment.problems.values()].map(problemLine));
  return [
    rendered ?? options.none,
    ...(problems.length > 0 ? ['', 'Not read:', ...new Set(problems.map((each) => `  ${each}`))] : []),
  ].join('\n');
}

/** What could not be read, for a JSON document. */
export function problemsJson(moments: readonly Collected[]): unknown {
  return moments.flatMap(({ label, problems }) =>
    [...problems.values()].map((problem) => ({ revision: label, ...(problemJson(problem) as object) })),
  );
}
