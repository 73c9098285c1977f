import { byCodeUnit } from '../kit/order.ts';
import { toJson } from '../kit/json-value.ts';
import type { Value } from '../kit/value.ts';
import type { Table } from '../report/table.ts';
import type { Collected } from './collect.ts';
import type { Change } from './diff.ts';
import { diffFlat } from './diff.ts';
import { formatDelta, formatValue } from './format.ts';

/** What stands for a value that is not there, as in DVC. */
const ABSENT = '-';

/** Metrics of several moments: a row per file and moment, a column per metric. */
export function metricsTable(moments: readonly Collected[], options: ShowOptions): Table {
  const keys = [...new Set(moments.flatMap(({ files }) => [...files.values()].flatMap((flat) => [...flat.keys()])))];
  keys.sort(byCodeUnit);
  const rows = moments.flatMap(({ label, files }) =>
    [...files].map(([path, flat]) => [
      ...(options.withRevision ? [label] : []),
      options.shown(path),
      ...keys.map((key) => cell(flat.get(key), options.precision)),
    ]),
  );
  return { header: [...(options.withRevision ? ['Revision'] : []), 'Path', ...keys], rows };
}

export interface ShowOptions {
  readonly withRevision: boolean;
  readonly precision: number;
  /** How a path is shown to the user. */
  readonly shown: (path: string) => string;
}

/** The differences of two moments, by file; files without any are left out. */
export function diffMoments(
  before: Collected,
  after: Collected,
  options: { readonly all: boolean; readonly loose: boolean },
): Map<string, Change[]> {
  const paths = [...new Set([...before.files.keys(), ...after.files.keys()])].sort(byCodeUnit);
  const changes = paths.map((path) => {
    const [a, b] = [before.files.get(path) ?? new Map(), after.files.get(path) ?? new Map()];
    return [path, diffFlat(a, b, options)] as const;
  });
  return new Map(changes.filter(([, list]) => list.length > 0));
}

export interface DiffTableOptions {
  /** `Metric` or `Param`. */
  readonly title: string;
  readonly from: string;
  readonly to: string;
  readonly noPath: boolean;
  readonly precision?: number;
  /** Whether there is a column for the difference of numbers. */
  readonly withDelta: boolean;
  readonly shown: (path: string) => string;
}

/** Differences as DVC lays them out. */
export function diffTable(changes: ReadonlyMap<string, readonly Change[]>, options: DiffTableOptions): Table {
  const { title, from, to, noPath, precision, withDelta, shown } = options;
  const rows = [...changes].flatMap(([path, list]) =>
    list.map(({ key, before, after, delta }) => [
      ...(noPath ? [] : [shown(path)]),
      key,
      cell(before, precision),
      cell(after, precision),
      ...(withDelta ? [delta === undefined ? ABSENT : formatDelta(delta, precision)] : []),
    ]),
  );
  return { header: [...(noPath ? [] : ['Path']), title, from, to, ...(withDelta ? ['Change'] : [])], rows };
}

function cell(value: Value | undefined, precision: number | undefined): string {
  return value === undefined ? ABSENT : formatValue(value, precision);
}

/** Differences for a JSON document: file → key → old, new, diff, as DVC names them; an absent side is left out. */
export function diffJson(changes: ReadonlyMap<string, readonly Change[]>, shown: (path: string) => string): unknown {
  return Object.fromEntries(
    [...changes].map(([path, list]) => [
      shown(path),
      Object.fromEntries(
        list.map(({ key, before, after, delta }) => [
          key,
          {
            ...(before === undefined ? {} : { old: toJson(before) }),
            ...(after === undefined ? {} : { new: toJson(after) }),
            ...(delta === undefined ? {} : { diff: toJson(delta) }),
          },
        ]),
      ),
    ]),
  );
}
