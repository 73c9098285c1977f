import type { Judgement } from './judge.ts';
import type { Compared, Failure, Result } from './result.ts';
import { formatBytes, formatRatio, formatSeconds } from './units.ts';

const COLUMNS = ['scenario', 'where', 'pipe', 'peer', 'ratio', 'floor', 'budget', 'verdict', 'memory'] as const;

type Row = Partial<Record<(typeof COLUMNS)[number], string>>;

/** The results as a Markdown table, aligned as Prettier aligns it, which reads well on a terminal too. */
export function renderTable(results: readonly (Result | Failure)[]): string {
  const lines = [[...COLUMNS], ...results.flatMap(rowsOf).map((row) => COLUMNS.map((column) => row[column] ?? ''))];
  const widths = COLUMNS.map((_, column) => Math.max(3, ...lines.map((cells) => cells[column]!.length)));
  const [header, ...body] = lines.map((cells) => cells.map((cell, column) => cell.padEnd(widths[column]!)));
  const rule = widths.map((width) => '-'.repeat(width));
  return [header!, rule, ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
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
    scenario: result.scenario,
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

/** Says how often it ran, where that is less often than pipe. */
function nameAndTime({ name, runs, seconds }: Compared, pairs: number): string {
  const fewer = runs.length < pairs ? ` (${runs.length} ${runs.length === 1 ? 'run' : 'runs'})` : '';
  return `${name} ${formatSeconds(seconds.median)}${fewer}`;
}

/** The budget for memory is the same everywhere, and left out. */
function budgetText({ budget }: Judgement): string[] {
  switch (budget.kind) {
    case 'seconds':
      return [`≤ ${budget.atMost} s`];
    case 'ratio':
      return [`≤ ${budget.atMost} × ${budget.to}`];
    case 'memory':
      return [];
  }
}
