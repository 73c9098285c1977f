import { ModelError } from '../model-error.ts';
import type { Series } from './series.ts';

/** Which columns of a CSV file are what. */
export interface CsvColumns {
  readonly series: string;
  readonly features: readonly string[];
  readonly label: string;
}

/**
 * Groups the rows of a plain CSV text (a header line, no quoted fields) by series. The rows of a series keep the file's
 * order, which has to be time order; series come sorted by code unit. Throws `ModelError` naming the line for a missing
 * column, a quoted field, a value that isn't a finite number, or a label other than 0 and 1.
 */
export function parseCsvSeries(text: string, columns: CsvColumns): Series[] {
  const lines = text.replace(/^\uFEFF/u, '').split(/\r?\n/u);
  if (text.includes('"')) throw new ModelError('quoted CSV fields are not supported');
  const header = (lines[0] ?? '').split(',');
  const seriesAt = columnIndex(header, columns.series);
  const labelAt = columnIndex(header, columns.label);
  const featuresAt = columns.features.map((name) => columnIndex(header, name));
  const groups = new Map<string, { values: number[]; labels: number[] }>();
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line === '') continue;
    const cells = line.split(',');
    const id = cells[seriesAt] ?? '';
    let group = groups.get(id);
    if (group === undefined) groups.set(id, (group = { values: [], labels: [] }));
    for (const at of featuresAt) group.values.push(finite(cells[at], index + 1));
    group.labels.push(label(cells[labelAt], index + 1));
  }
  return [...groups.entries()]
    .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
    .map(([id, { values, labels }]) => ({
      id,
      values: Float64Array.from(values),
      labels: Uint8Array.from(labels),
      rows: labels.length,
    }));
}

function columnIndex(header: readonly string[], name: string): number {
  const index = header.indexOf(name);
  if (index < 0) throw new ModelError(`the CSV has no column "${name}"; it has ${header.join(', ')}`);
  return index;
}

function finite(cell: string | undefined, line: number): number {
  const value = cell === undefined || cell.trim() === '' ? Number.NaN : Number(cell);
  if (!Number.isFinite(value)) throw new ModelError(`line ${line} of the CSV: "${cell ?? ''}" is not a number`);
  return value;
}

function label(cell: string | undefined, line: number): number {
  if (cell === '0') return 0;
  if (cell === '1') return 1;
  throw new ModelError(`line ${line} of the CSV: the label is "${cell ?? ''}", not 0 or 1`);
}
