import type { NeedProblem } from '../../lockfile/needed.ts';
import { problemJson } from '../../problem/json.ts';
import type { Problem } from '../../problem/problem.ts';
import { problemLine } from '../../problem/render.ts';
import { formatCount } from '../../report/size.ts';
import type { Table } from '../../report/table.ts';
import { renderMarkdownTable } from '../../report/table.ts';
import { clean } from '../../report/words.ts';
import type { Entry } from '../../store/tree.ts';
import { filesOf } from '../../store/tree.ts';
import type { Comparison } from './compare.ts';

/** The kinds of differences, in the order that DVC shows them in. */
const STATES = ['added', 'deleted', 'renamed', 'modified', 'unknown', 'not in cache'] as const;

type State = (typeof STATES)[number];

/** One line of a comparison; what is the same on both sides has one `before` or `after`. */
export interface DiffRow {
  readonly state: State;
  /** As the user sees it; that of a folder ends with `/`. */
  readonly path: string;
  /** The path that it had, for a rename. */
  readonly from?: string;
  readonly before?: Entry;
  readonly after?: Entry;
}

export interface PresentOptions {
  readonly showHash: boolean;
  /** How a path of the project is shown to the user. */
  readonly shown: (path: string) => string;
}

/** The lines of a comparison: by state, then by path. */
export function rowsOf({ changes, missing = [] }: Comparison, shown: PresentOptions['shown']): DiffRow[] {
  const rows = changes.map((change): DiffRow => {
    if (change.kind === 'renamed') {
      const { entry, path, from } = change;
      return { state: 'renamed', path: name(path, entry), from: name(from, entry), before: entry };
    }
    const { kind: state, path, ...sides } = change;
    return { ...sides, state, path: name(path, 'before' in sides ? sides.before : sides.after) };
  });
  const lacking = missing.map(({ path, entry }): DiffRow => {
    return { state: 'not in cache', path: name(path, entry), before: entry };
  });
  const all = [...rows, ...lacking];
  return STATES.flatMap((state) => all.filter((row) => row.state === state));

  function name(path: string, entry: Entry | undefined): string {
    return `${shown(path)}${entry?.kind === 'dir' ? '/' : ''}`;
  }
}

/** Rows as a list by state, with their number at the end, as DVC prints it. */
export function diffText(rows: readonly DiffRow[], problems: readonly NeedProblem[], showHash: boolean): string {
  const blocks = STATES.flatMap((state) => {
    const some = rows.filter((row) => row.state === state);
    if (some.length === 0) return [];
    return [[`${TITLES[state]}:`, ...some.map((row) => `    ${rowText(row, showHash)}`)].join('\n')];
  });
  const counts = STATES.flatMap((state) => {
    const count = rows.filter((row) => row.state === state && !row.path.endsWith('/')).length;
    return count === 0 ? [] : [`${formatCount(count)} ${state}`];
  });
  const lines = problems.flatMap(({ problem }) => [`  ${problemLine(problem)}`, ...hintLine(problem)]);
  return [
    ...(blocks.length > 0
      ? blocks
      : lines.length > 0
        ? ['Nothing else changed, as far as it can be told:']
        : ['Nothing changed.']),
    ...(counts.length === 0 ? [] : [`files summary: ${counts.join(', ')}`]),
    ...(lines.length === 0 ? [] : [['Not read:', ...new Set(lines)].join('\n')]),
  ].join('\n\n');
}

/** A problem of a text shows where it is; what is wrong with a pointer is put right elsewhere. */
function hintLine({ code, hint }: Problem): string[] {
  return code === 'PIPE_POINTER_SIZE' && hint !== undefined ? [`    hint: ${hint}`] : [];
}

const TITLES = {
  added: 'Added',
  deleted: 'Deleted',
  renamed: 'Renamed',
  modified: 'Modified',
  unknown: 'Changed, but what a folder held is not in the cache (`pipe fetch -A` brings what a remote has)',
  'not in cache': 'Not in cache',
} as const satisfies Record<State, string>;

function rowText(row: DiffRow, showHash: boolean): string {
  const hash = showHash ? `${shortHash(row)}  ` : '';
  return `${hash}${clean(pathText(row))}${kindText(row)}`;
}

/** What people call each kind. */
const KIND_WORDS = { file: 'file', exec: 'executable file', link: 'symbolic link', dir: 'folder' } as const;

/** What a path was and has become, where that is not the same. */
function kindsOf({ before, after }: DiffRow): { readonly old: Entry['kind']; readonly new: Entry['kind'] } | undefined {
  if (before === undefined || after === undefined || before.kind === after.kind) return undefined;
  return { old: before.kind, new: after.kind };
}

/** ` (mode: file -> executable file)`: the x bit may be all that differs. Nothing where only bytes do. */
function kindText(row: DiffRow): string {
  const kinds = kindsOf(row);
  if (kinds === undefined) return '';
  const what = kinds.old === 'link' || kinds.new === 'link' ? 'kind' : 'mode';
  return ` (${what}: ${KIND_WORDS[kinds.old]} -> ${KIND_WORDS[kinds.new]})`;
}

function pathText({ path, from }: DiffRow): string {
  return from === undefined ? path : `${from} -> ${path}`;
}

/** Rows as a Markdown table; empty when there are none. */
export function diffMarkdown(rows: readonly DiffRow[], showHash: boolean): string {
  const table: Table = {
    header: ['Status', ...(showHash ? ['Hash'] : []), 'Path'],
    rows: rows.map((row) => [row.state, ...(showHash ? [shortHash(row)] : []), `${pathText(row)}${kindText(row)}`]),
  };
  return rows.length === 0 ? '' : renderMarkdownTable(table);
}

/** How many hex digits of a digest are shown. */
const SHORT = 8;

function shortHash({ before, after }: DiffRow): string {
  const hashes = [before, after].flatMap((entry) =>
    entry === undefined ? [] : [entry.digest.slice(entry.digest.indexOf(':') + 1).slice(0, SHORT)],
  );
  // The same bytes on both sides: it is the mode that differs.
  return [...new Set(hashes)].join('..');
}

/** Rows for a JSON document: a list for each state, absent sides left out. */
export function diffJson(rows: readonly DiffRow[], showHash: boolean): Record<string, unknown> {
  const list = (state: State): unknown =>
    rows.filter((row) => row.state === state).map((row) => rowJson(row, showHash));
  const [added, deleted, renamed, modified, unknown] = STATES.map(list);
  return { added, deleted, renamed, modified, unknown };
}

/** What is missing from the cache, for a JSON document. */
export function missingJson(rows: readonly DiffRow[], showHash: boolean): unknown {
  return rows.filter((row) => row.state === 'not in cache').map((row) => rowJson(row, showHash));
}

function rowJson(row: DiffRow, showHash: boolean): unknown {
  const { path, from, before, after } = row;
  const both = <T>(of: (entry: Entry) => T): T | { old: T; new: T } | undefined => {
    if (before !== undefined && after !== undefined) return { old: of(before), new: of(after) };
    const entry = before ?? after;
    return entry === undefined ? undefined : of(entry);
  };
  const files = [before, after].every((entry) => entry === undefined || entry.kind === 'dir');
  return {
    path: from === undefined ? path : { old: from, new: path },
    size: both(({ size }) => size),
    ...(files ? { files: both((entry) => filesOf(entry)) } : {}),
    ...(kindsOf(row) === undefined ? {} : { kind: kindsOf(row) }),
    ...(showHash ? { hash: both(({ digest }) => digest) } : {}),
  };
}

/** What could not be read, for a JSON document. */
export function problemsJson(problems: readonly NeedProblem[]): unknown {
  return problems.map(({ problem, revisions }) => ({
    revision: revisions.join(', '),
    ...(problemJson(problem) as object),
  }));
}
