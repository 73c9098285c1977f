import type { Judgement } from './judge.ts';
import type { Compared, Failure, Result } from './result.ts';
import { MEMORY_BUDGET } from './judge.ts';
import { formatBytes, formatRatio, formatSeconds, formatSize } from './units.ts';

const COLUMNS = ['scenario', 'where', 'pipe', 'peer', 'ratio', 'floor', 'budget', 'verdict', 'memory'] as const;

type Row = Partial<Record<(typeof COLUMNS)[number], string>>;

/** Rows as a Markdown table, aligned as Prettier aligns it, which reads well on a terminal too. */
export function alignTable<C extends string>(
  columns: readonly C[],
  rows: readonly Partial<Record<C, string>>[],
): string {
  const lines: string[][] = [[...columns], ...rows.map((row) => columns.map((column) => row[column] ?? ''))];
  const widths = columns.map((_, column) => Math.max(3, ...lines.map((cells) => cells[column]!.length)));
  const [header, ...body] = lines.map((cells) => cells.map((cell, column) => cell.padEnd(widths[column]!)));
  const rule = widths.map((width) => '-'.repeat(width));
  return [header!, rule, ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The results as a Markdown table. */
export function renderTable(results: readonly (Result | Failure)[]): string {
  if (results.length === 0) return '';
  return alignTable(COLUMNS, results.flatMap(rowsOf));
}

/** One row per peer; what is pipe's own stands in the first. */
function rowsOf(result: Result | Failure): Row[] {
  const where = result.where === 'any' ? '–' : result.where;
  if ('failed' in result) return [{ scenario: result.scenario, where, verdict: 'failed' }];
  const pairs = result.pipe.runs.length;
  const measured = result.others.filter((other): other is Compared => !('absent' in other));
  const [first, ...more] = measured.filter(({ role }) => role === 'peer').map((peer) => peerCells(peer, pairs));
  const floors = measured.filter(({ role }) => role === 'floor');
  const own = {
    scenario: nameOf(result),
    where,
    pipe: formatSeconds(result.pipe.seconds.median),
    floor: floors.map((floor) => floorCell(floor, pairs)).join(', '),
    budget: result.judgements.flatMap(budgetText).join(', '),
    verdict: result.verdict,
    memory: formatBytes(result.memoryBytes),
  };
  return [{ ...own, ...first }, ...more];
}

function peerCells(peer: Compared, pairs: number): Row {
  const { median, min, max } = peer.ratio;
  const extremes = peer.runs.length === 1 ? '' : ` (${formatRatio(min)}–${formatRatio(max)})`;
  return { peer: nameAndTime(peer, pairs), ratio: formatRatio(median) + extremes };
}

function floorCell(floor: Compared, pairs: number): string {
  return `${formatRatio(floor.ratio.median)} × ${nameAndTime(floor, pairs)}`;
}

/** Nobody is to take the time for a share of the data for that of all of it. */
function nameOf({ scenario, scale }: Result): string {
  return scale === undefined ? scenario : `${scenario} × ${scale}`;
}

/** Says how often it ran, where that is less often than pipe. */
function nameAndTime({ name, runs, seconds }: Compared, pairs: number): string {
  const fewer = runs.length < pairs ? ` (${runs.length} ${runs.length === 1 ? 'run' : 'runs'})` : '';
  return `${name} ${formatSeconds(seconds.median)}${fewer}`;
}

/** The budget for memory that all share is left out. */
function budgetText({ budget, measured }: Judgement): string[] {
  switch (budget.kind) {
    case 'seconds':
      return [`≤ ${budget.atMost} s`];
    case 'ratio':
      return [`≤ ${budget.atMost} × ${budget.to}`];
    case 'memory':
      return budget.atMost === MEMORY_BUDGET ? [] : [`≤ ${formatBytes(budget.atMost)} of memory`];
    case 'stored':
      return [`≤ ${formatSize(budget.atMost)} stored${measured === null ? '' : `: ${formatSize(measured)}`}`];
    case 'time-growth':
    case 'memory-growth':
      return []; // of scenarios that have a table of their own
  }
}
