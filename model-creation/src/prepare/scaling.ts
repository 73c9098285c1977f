import type { Series } from '../data/series.ts';
import type { RowRange } from './split.ts';

/** Standard scaling: `(value − mean) / scale`, one entry per feature. */
export interface Scaler {
  readonly mean: readonly number[];
  readonly scale: readonly number[];
}

/** A scaler per series, and one over all series for a series that was never seen. */
export interface Scaling {
  readonly kind: 'standard';
  readonly series: Readonly<Record<string, Scaler>>;
  readonly default: Scaler;
}

/** Rows that a scaler may see. */
export interface FitRows {
  readonly series: Series;
  readonly range: RowRange;
}

/** Fits scaling on the rows given and no others. */
export function fitScaling(parts: readonly FitRows[], features: number): Scaling {
  const series = parts.map((one) => [one.series.id, fitScaler([one], features)] as const);
  return { kind: 'standard', series: Object.fromEntries(series), default: fitScaler(parts, features) };
}

/** The scaler of a series; the default one for a series without its own. */
export function scalerOf(scaling: Scaling, id: string): Scaler {
  return Object.hasOwn(scaling.series, id) ? (scaling.series[id] ?? scaling.default) : scaling.default;
}

/**
 * Mean and population standard deviation (two passes, double precision). A feature that never changes gets the scale 1,
 * so that it becomes 0 instead of a division by zero.
 */
function fitScaler(parts: readonly FitRows[], features: number): Scaler {
  const mean = new Array<number>(features).fill(0);
  const square = new Array<number>(features).fill(0);
  let rows = 0;
  const each = (visit: (value: number, feature: number) => void): void => {
    for (const { series, range } of parts) {
      for (let at = range.from * features; at < range.to * features; at++) visit(series.values[at] ?? 0, at % features);
    }
  };
  for (const { range } of parts) rows += range.to - range.from;
  each((value, feature) => (mean[feature] = (mean[feature] ?? 0) + value / rows));
  each((value, feature) => (square[feature] = (square[feature] ?? 0) + (value - (mean[feature] ?? 0)) ** 2 / rows));
  return { mean, scale: square.map((variance) => (variance > 0 ? Math.sqrt(variance) : 1)) };
}
