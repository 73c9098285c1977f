import type { Series } from '../data/series.ts';
import type { Scaler } from './scaling.ts';
import type { RowRange } from './split.ts';

/** Length and width of a window. */
export interface WindowShape {
  /** Rows in a window. */
  readonly window: number;
  /** Values in a row. */
  readonly features: number;
}

/** Scaled windows with what is known of the row each one scores, its last. */
export interface WindowSet extends WindowShape {
  /** Row-major `[count, window × features]`: the oldest row first. */
  readonly data: Float32Array;
  readonly count: number;
  /** `[count]`: the series of the window. */
  readonly series: readonly string[];
  /** `[count]`: the scored row, counted from 0 within its series. */
  readonly row: Uint32Array;
  /** `[count]`: the label of the scored row. */
  readonly label: Uint8Array;
}

/** One stretch of rows to cut windows from. */
export interface WindowSource {
  readonly series: Series;
  readonly range: RowRange;
  readonly scaler: Scaler;
}

/**
 * All windows of `shape.window` rows, one per row that has enough rows before it in its own stretch. A window never
 * reaches into another series or another part of the split, so the first `window − 1` rows of a stretch have none.
 */
export function cutWindows(sources: readonly WindowSource[], shape: WindowShape): WindowSet {
  const { window, features } = shape;
  const counts = sources.map(({ range }) => Math.max(0, range.to - range.from - window + 1));
  const count = counts.reduce((sum, one) => sum + one, 0);
  const set = {
    ...shape,
    count,
    data: new Float32Array(count * window * features),
    series: new Array<string>(count),
    row: new Uint32Array(count),
    label: new Uint8Array(count),
  };
  let at = 0;
  for (const [index, { series, range, scaler }] of sources.entries()) {
    const scaled = scaleRows(series, range, scaler);
    for (let first = 0; first < (counts[index] ?? 0); first++, at++) {
      const last = range.from + first + window - 1;
      set.data.set(scaled.subarray(first * features, (first + window) * features), at * window * features);
      set.series[at] = series.id;
      set.row[at] = last;
      set.label[at] = series.labels[last] ?? 0;
    }
  }
  return set;
}

/** The windows of some series, in the same order. */
export function windowsOf(set: WindowSet, ids: readonly string[]): WindowSet {
  const kept: number[] = [];
  for (let at = 0; at < set.count; at++) if (ids.includes(set.series[at] ?? '')) kept.push(at);
  const width = set.window * set.features;
  const data = new Float32Array(kept.length * width);
  for (const [to, from] of kept.entries()) data.set(set.data.subarray(from * width, (from + 1) * width), to * width);
  return {
    window: set.window,
    features: set.features,
    count: kept.length,
    data,
    series: kept.map((at) => set.series[at] ?? ''),
    row: Uint32Array.from(kept, (at) => set.row[at] ?? 0),
    label: Uint8Array.from(kept, (at) => set.label[at] ?? 0),
  };
}

/** `[rows of the range, features]`, scaled. */
function scaleRows(series: Series, range: RowRange, scaler: Scaler): Float32Array {
  const features = scaler.mean.length;
  const scaled = new Float32Array((range.to - range.from) * features);
  for (let at = 0; at < scaled.length; at++) {
    const feature = at % features;
    const value = series.values[range.from * features + at] ?? 0;
    scaled[at] = (value - (scaler.mean[feature] ?? 0)) / (scaler.scale[feature] ?? 1);
  }
  return scaled;
}
