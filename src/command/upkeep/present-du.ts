import type { NeedProblem } from '../../lockfile/needed.ts';
import { formatSize } from '../../report/size.ts';
import { renderTable } from '../../report/table.ts';
import { clean, plural } from '../../report/words.ts';
import type { Amount, StoreUsage, ThingUsage } from '../../store/usage.ts';

/** How much there is of something that is tracked, and how much of the cache it alone needs. */
export interface Measured extends ThingUsage {
  readonly path: string;
  /** Bytes, when it is checked out. */
  readonly size: number;
  readonly files: number;
}

/** What a lock or a pointer tracks. */
export interface MeasuredThing extends Measured {
  readonly from: string;
}

/** What `pipe du` found. */
export interface Usage {
  readonly usage: StoreUsage;
  readonly unused: Amount;
  readonly things: readonly MeasuredThing[];
  /** Whether all that is tracked was asked for. */
  readonly isWhole: boolean;
  readonly problems: readonly NeedProblem[];
}

/** Bytes of all kinds of files of a cache. */
export function totalOf({ loose, packed, runs, quarantine, trash, tmp }: StoreUsage): number {
  return [loose, packed, runs, quarantine, trash, tmp].reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Each thing, and the cache by kinds of files. */
export function usageText(found: Usage, shownAs: (path: string) => string): string {
  const { things, isWhole, problems } = found;
  const notes = problemLines(problems);
  const table = things.length === 0 ? nothingText(problems) : thingsTable(things, shownAs);
  return (isWhole ? [table, '', ...cacheLines(found), ...notes] : [table, ...notes]).join('\n');
}

/** Sums, and no more. */
export function sumsText(
  sums: readonly Measured[],
  problems: readonly NeedProblem[],
  shownAs: (path: string) => string,
): string {
  const rows = sums.map(({ path, size, ownBytes }) => [formatSize(size), formatSize(ownBytes), shownAs(path)]);
  return [renderTable({ header: ['SIZE', 'ALONE', 'PATH'], rows }), ...problemLines(problems)].join('\n');
}

function nothingText(problems: readonly NeedProblem[]): string {
  return problems.length > 0 ? 'Of what is tracked, nothing could be read.' : 'Nothing is tracked yet.';
}

function thingsTable(things: readonly MeasuredThing[], shownAs: (path: string) => string): string {
  const rows = things.map(({ path, from, size, ownBytes }) => [
    formatSize(size),
    formatSize(ownBytes),
    shownAs(path),
    from,
  ]);
  const sum = (of: (thing: MeasuredThing) => number): string =>
    formatSize(things.reduce((all, each) => all + of(each), 0));
  const total = [sum(({ size }) => size), sum(({ ownBytes }) => ownBytes), `total of ${things.length}`];
  return renderTable({ header: ['SIZE', 'ALONE', 'PATH', 'TRACKED BY'], rows: [...rows, total] });
}

function problemLines(problems: readonly NeedProblem[]): string[] {
  if (problems.length === 0) return [];
  const lines = problems.flatMap(({ problem: { message, hint }, file }) => [
    `  ${clean(`${file}: ${message}`)}`,
    ...(hint === undefined ? [] : [`    hint: ${clean(hint)}`]),
  ]);
  return ['', 'Wrong, or not to be read:', ...lines];
}

function cacheLines({ usage, unused }: Usage): string[] {
  const { loose, packed, runs, quarantine, trash, tmp } = usage;
  const kinds: [string, Amount, string][] = [
    ['loose', loose, plural(loose.count, 'object')],
    ['packed', packed, `${plural(packed.count, 'object')} in ${plural(packed.packs, 'pack')}`],
    ['run records', runs, plural(runs.count, 'record')],
    ['quarantine', quarantine, plural(quarantine.count, 'file')],
    ['trash', trash, plural(trash.count, 'file')],
    ['unfinished', tmp, plural(tmp.count, 'file')],
  ];
  const cache = renderTable({
    header: ['CACHE', '', ''],
    rows: [
      ...kinds.filter(([, { count }]) => count > 0).map(([name, { bytes }, what]) => [name, formatSize(bytes), what]),
      ['total', formatSize(totalOf(usage)), ''],
    ],
  });
  if (unused.count === 0) return [cache];
  const what = `${plural(unused.count, 'object')} (${formatSize(unused.bytes)}) ${unused.count === 1 ? 'is' : 'are'}`;
  return [cache, `${what} for other revisions, logs, or nothing at all: see \`pipe gc -w --dry\`.`];
}
