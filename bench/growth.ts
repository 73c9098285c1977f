import { overall, verdictOn } from './judge.ts';
import type { Judgement } from './judge.ts';
import type { Failure, Result } from './result.ts';
import type { Budget } from './scenario.ts';
import { alignTable } from './table.ts';
import { formatBytes, formatRatio, formatSeconds } from './units.ts';

const COLUMNS = ['work', 'where', 'files', 'pipe', 'time grows', 'memory', 'memory grows', 'verdict'] as const;
const COLUMNS_OF_SERVER = [...COLUMNS.slice(0, -1), 'requests', COLUMNS.at(-1)!] as const;

type Row = Partial<Record<(typeof COLUMNS_OF_SERVER)[number], string>>;

const NAME = /^growth\.(?<work>.+)\.(?<files>\d+)-files$/;

/** How much more than in proportion to the files the time may grow. */
const MORE_TIME = 1.3;

/** What a scenario is called that does some work on a number of files, to see how time and memory grow with it. */
export function growthName(work: string, files: number): string {
  return `growth.${work}.${files}-files`;
}

/**
 * Work on more files is to cost more in proportion: 10 times the files at most 13 times the time, and 10 times the memory.
 * @param before the next smaller number of files that the same work is measured on; there may be none
 */
export function growthBudgets(files: number, before: number | undefined): readonly Budget[] {
  if (before === undefined) return [];
  const times = files / before;
  return [
    { kind: 'time-growth', atMost: MORE_TIME * times },
    { kind: 'memory-growth', atMost: times },
  ];
}

/** Whether a result belongs into the table of growth. One that failed has no number, and stays with the others. */
export function isGrowth(result: Result | Failure): result is Result {
  return !('failed' in result) && NAME.test(result.scenario);
}

/** Holds each result of growth against that of the next smaller number of files; without it, its growth stays open. */
export function judgeGrowth(results: readonly (Result | Failure)[]): (Result | Failure)[] {
  const grown = new Map<Result | Failure, Result>();
  for (const curve of curvesOf(results.filter(isGrowth).map(pointOf))) {
    for (const [at, point] of curve.entries()) grown.set(point.result, judged(point, curve[at - 1]));
  }
  return results.map((result) => grown.get(result) ?? result);
}

/** Says of what has grown more than it may, by how much. */
export function growthNotes({ scenario, where, judgements }: Result): string[] {
  return judgements.flatMap(({ budget, measured, verdict }) => {
    const what = GROWING[budget.kind];
    if (what === undefined || measured === null || verdict !== 'missed') return [];
    const [grown, most] = [measured, budget.atMost].map(formatRatio);
    return [
      `${scenario} on ${where} took × ${grown} the ${what.name} of the next smaller number of files, at most × ${most}`,
    ];
  });
}

/** How time and memory grow with the number of files, as a Markdown table; empty without results. */
export function renderGrowth(results: readonly Result[]): string {
  if (results.length === 0) return '';
  const rows = curvesOf(results.map(pointOf)).flatMap((points) =>
    points.map((point, at) => rowOf(point, points[at - 1])),
  );
  const columns = results.some(({ requests }) => requests !== undefined) ? COLUMNS_OF_SERVER : COLUMNS;
  return `How time and memory grow with the number of files:\n\n${alignTable(columns, rows)}`;
}

/** What grows, by the kind of the budget for it. */
const GROWING: Partial<Record<Budget['kind'], { readonly name: string; readonly of: (point: Point) => number }>> = {
  'time-growth': { name: 'time', of: secondsOf },
  'memory-growth': { name: 'memory', of: memoryOf },
};

/** The points that are to be compared: of the same work in the same place, by their number of files. */
function curvesOf(points: readonly Point[]): Point[][] {
  const curves = new Map<string, Point[]>();
  for (const point of points) {
    const key = `${point.work} ${point.result.where}`;
    curves.set(key, [...(curves.get(key) ?? []), point]);
  }
  return [...curves.values()].map((curve) => curve.toSorted((a, b) => a.files - b.files));
}

function judged(point: Point, before: Point | undefined): Result {
  const { result } = point;
  // Where the number of files failed that is meant, one that is smaller still says nothing.
  const meant = before === undefined ? [] : growthBudgets(point.files, before.files).map(({ atMost }) => atMost);
  const judgements = result.judgements.map((judgement): Judgement => {
    const what = GROWING[judgement.budget.kind];
    if (before === undefined || what === undefined || !meant.includes(judgement.budget.atMost)) return judgement;
    const measured = what.of(point) / what.of(before);
    return { ...judgement, measured, verdict: verdictOn(judgement.budget, measured) };
  });
  // What has no budget for the growth of its time is not judged by time here.
  const isTimed = judgements.some(({ budget }) => budget.kind === 'time-growth');
  const isAsked = judgements.some(({ budget }) => GROWING[budget.kind] !== undefined);
  return isAsked ? { ...result, judgements, verdict: overall(judgements, isTimed) } : result;
}

function rowOf(point: Point, before: Point | undefined): Row {
  const { work, files, result } = point;
  return {
    work,
    where: result.where,
    files: files.toLocaleString('en') + (result.scale === undefined ? '' : ` × ${result.scale}`),
    pipe: formatSeconds(secondsOf(point)),
    'time grows': growth(point, before, secondsOf),
    memory: formatBytes(result.memoryBytes),
    'memory grows': growth(point, before, memoryOf),
    requests: result.requests === undefined ? '' : sum(Object.values(result.requests)).toLocaleString('en'),
    verdict: result.verdict,
  };
}

interface Point {
  readonly work: string;
  readonly files: number;
  readonly result: Result;
}

function pointOf(result: Result): Point {
  const { work = '', files = '' } = NAME.exec(result.scenario)?.groups ?? {};
  return { work, files: Number(files), result };
}

function secondsOf({ result }: Point): number {
  return result.pipe.seconds.median;
}

function memoryOf({ result }: Point): number {
  return result.memoryBytes;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Such as `× 9.60 for × 10`, compared with the next smaller number of files. */
function growth(point: Point, before: Point | undefined, measure: (point: Point) => number): string {
  if (before === undefined) return '';
  return `× ${formatRatio(measure(point) / measure(before))} for × ${formatRatio(point.files / before.files)}`;
}
