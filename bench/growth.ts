import type { Failure, Result } from './result.ts';
import { alignTable } from './table.ts';
import { formatBytes, formatRatio, formatSeconds } from './units.ts';

const COLUMNS = ['work', 'where', 'files', 'pipe', 'time grows', 'memory', 'memory grows', 'verdict'] as const;

const NAME = /^growth\.(?<work>.+)\.(?<files>\d+)-files$/;

/** What a scenario is called that does some work on a number of files, to see how time and memory grow with it. */
export function growthName(work: string, files: number): string {
  return `growth.${work}.${files}-files`;
}

/** Whether a result belongs into the table of growth. One that failed has no number, and stays with the others. */
export function isGrowth(result: Result | Failure): result is Result {
  return !('failed' in result) && NAME.test(result.scenario);
}

/** How time and memory grow with the number of files, as a Markdown table; empty without results. */
export function renderGrowth(results: readonly Result[]): string {
  if (results.length === 0) return '';
  const rows = curvesOf(results.map(pointOf)).flatMap((points) =>
    points.map((point, at) => rowOf(point, points[at - 1])),
  );
  return `How time and memory grow with the number of files:\n\n${alignTable(COLUMNS, rows)}`;
}

/** The points that are to be compared: of the same work in the same place, by their number of files. */
function curvesOf(points: readonly Point[]): Point[][] {
  const curves = new Map<string, Point[]>();
  for (const point of points) {
    const key = `${point.work} ${point.result.where}`;
    curves.set(key, [...(curves.get(key) ?? []), point]);
  }
  return [...curves.values()].map((curve) => curve.toSorted((a, b) => a.files - b.files));
}

function rowOf(point: Point, before: Point | undefined): Partial<Record<(typeof COLUMNS)[number], string>> {
  const { work, files, result } = point;
  return {
    work,
    where: result.where,
    files: files.toLocaleString('en') + (result.scale === undefined ? '' : ` × ${result.scale}`),
    pipe: formatSeconds(secondsOf(point)),
    'time grows': growth(point, before, secondsOf),
    memory: formatBytes(result.memoryBytes),
    'memory grows': growth(point, before, (each) => each.result.memoryBytes),
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

/** Such as `× 9.60 for × 10`, compared with the next smaller number of files. */
function growth(point: Point, before: Point | undefined, measure: (point: Point) => number): string {
  if (before === undefined) return '';
  return `× ${formatRatio(measure(point) / measure(before))} for × ${formatRatio(point.files / before.files)}`;
}
