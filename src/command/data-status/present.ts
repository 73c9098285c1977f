import type { DataStatus, Placed } from '../../data/status.ts';
import { clean, shellWord } from '../../report/words.ts';
import type { RenamedOrChange } from '../../store/pair-renames.ts';

export interface Shown {
  /** How a path of the project is shown to the user. */
  readonly shown: (path: string) => string;
  /** Absent: nobody asked. */
  readonly untracked: readonly string[] | undefined;
  /** Whether what did not change was asked for. */
  readonly unchanged: boolean;
  /** What could not be read of the workspace, and of HEAD. */
  readonly problems: readonly string[];
}

/** The kinds of changes, in DVC's order. */
const KINDS = ['modified', 'added', 'deleted', 'renamed', 'unknown'] as const;

interface Rename {
  readonly old: string;
  readonly new: string;
}

type Changes = Record<Exclude<(typeof KINDS)[number], 'renamed'>, string[]> & { renamed: Rename[] };

/** The JSON form: DVC's lists under DVC's names, empty ones too. */
export function dataStatusJson(status: DataStatus, how: Shown): unknown {
  return {
    schema: 'pipe.data-status/1',
    not_in_cache: placed(status.notInCache, how),
    committed: changesOf(status.committed ?? [], how),
    uncommitted: changesOf(status.uncommitted, how),
    ...(how.untracked === undefined ? {} : { untracked: how.untracked.map(how.shown) }),
    ...(how.unchanged ? { unchanged: placed(status.unchanged, how) } : {}),
    problems: how.problems,
  };
}

/** The text form, in blocks. */
export function dataStatusText(status: DataStatus, how: Shown): string {
  const blocks = [
    ...notInCache(status, how),
    block('Committed changes', ['`git commit` the locks and pointers'], lines(changesOf(status.committed ?? [], how))),
    block(
      'Uncommitted changes',
      ['use `pipe add` or `pipe commit` to keep them', 'use `pipe checkout` to discard them'],
      lines(changesOf(status.uncommitted, how)),
    ),
    block('Untracked files', ['use `git add` or `pipe add`'], (how.untracked ?? []).map(how.shown)),
    block('Unchanged', [], placed(status.unchanged, how)),
    block('Not read', [], [...new Set(how.problems)]),
  ].filter((each) => each !== '');
  return blocks.length === 0 ? 'No changes.' : blocks.join('\n\n');
}

/** What lies in the workspace need not come from elsewhere. */
function notInCache({ notInCache: all, storable }: DataStatus, how: Shown): string[] {
  const here = all.filter(({ path }) => storable.has(path));
  const away = all.filter(({ path }) => !storable.has(path));
  const names = here.length > MOST_NAMED ? '' : here.map(({ path }) => ` ${shellWord(how.shown(path))}`).join('');
  return [
    block('Not in cache', ['use `pipe fetch` or `pipe pull` to get them'], placed(away, how)),
    block('Not in cache, but in the workspace', [`use \`pipe commit${names}\` to store them`], placed(here, how)),
  ];
}

/** So many paths stand in a hint. */
const MOST_NAMED = 3;

function block(title: string, hints: readonly string[], items: readonly string[]): string {
  if (items.length === 0) return '';
  return [`${title}:`, ...hints.map((hint) => `  (${hint})`), ...items.map((item) => `        ${clean(item)}`)].join(
    '\n',
  );
}

function lines(changes: Changes): string[] {
  return KINDS.flatMap((kind) =>
    changes[kind].map((each) => `${kind}: ${typeof each === 'string' ? each : `${each.old} -> ${each.new}`}`),
  );
}

function changesOf(changes: readonly RenamedOrChange[], how: Shown): Changes {
  const result: Changes = { modified: [], added: [], deleted: [], renamed: [], unknown: [] };
  for (const change of changes) {
    if (change.kind === 'renamed') {
      const { from, path, entry } = change;
      result.renamed.push({ old: nameOf({ path: from, entry }, how), new: nameOf({ path, entry }, how) });
      continue;
    }
    const entry = 'after' in change ? change.after : change.before;
    if (entry !== undefined) result[change.kind].push(nameOf({ path: change.path, entry }, how));
  }
  return result;
}

function placed(list: readonly Placed[], how: Shown): string[] {
  return list.map((each) => nameOf(each, how));
}

/** As DVC does, a folder's name ends with `/`. */
function nameOf({ path, entry }: Placed, { shown }: Shown): string {
  return `${shown(path)}${entry.kind === 'dir' ? '/' : ''}`;
}
