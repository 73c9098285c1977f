import type { DataOrigin, Dataset } from '../data/series.ts';
import { ModelError } from '../model-error.ts';
import { fitScaling } from './scaling.ts';
import type { Scaling } from './scaling.ts';
import { splitByTime } from './split.ts';
import type { SplitShares } from './split.ts';
import { cutWindows } from './windows.ts';
import type { WindowSet } from './windows.ts';

/** What is known when fitting: nothing here depends on a test row. */
export interface Manifest {
  readonly schema: 'pipe.prepared/1';
  readonly features: readonly string[];
  readonly window: number;
  /** Seconds from one row to the next. */
  readonly stepSeconds: number;
  readonly scaling: Scaling;
  readonly data: DataOrigin;
  /** A window of real readings as they came, for self-tests of a published model. */
  readonly example: Example;
}

/** Unscaled rows, oldest first, and the series they come from. */
export interface Example {
  readonly series: string;
  readonly rows: readonly (readonly number[])[];
}

/** Everything that fitting and testing need. */
export interface Prepared {
  readonly manifest: Manifest;
  readonly train: WindowSet;
  readonly validation: WindowSet;
  readonly test: WindowSet;
}

/** How to cut. */
export interface PrepareOptions extends SplitShares {
  readonly window: number;
  readonly stepSeconds: number;
}

/**
 * Cuts each series in time order, fits one scaler per series on its train rows, and cuts windows that never cross a
 * series or a part. Throws `ModelError` when a part of a series is shorter than one window.
 */
export function prepare(dataset: Dataset, options: PrepareOptions): Prepared {
  const features = dataset.features.length;
  const shape = { window: options.window, features };
  const cuts = dataset.series.map((series) => ({ series, split: splitByTime(series.rows, options) }));
  const scaling = fitScaling(
    cuts.map(({ series, split }) => ({ series, range: split.train })),
    features,
  );
  const windows = (part: 'train' | 'validation' | 'test'): WindowSet =>
    cutWindows(
      cuts.map(({ series, split }) => {
        const range = split[part];
        if (range.to - range.from < options.window) {
          throw new ModelError(`the ${part} part of series ${series.id} is shorter than one window`);
        }
        return { series, range, scaler: scaling.series[series.id] ?? scaling.default };
      }),
      shape,
    );
  const first = cuts[0];
  if (first === undefined) throw new ModelError('the data has no series');
  return {
    manifest: {
      schema: 'pipe.prepared/1',
      features: dataset.features,
      window: options.window,
      stepSeconds: options.stepSeconds,
      scaling,
      data: dataset.origin,
      example: exampleOf(first.series, first.split.validation.from, shape),
    },
    train: windows('train'),
    validation: windows('validation'),
    test: windows('test'),
  };
}

function exampleOf(
  series: Dataset['series'][number],
  from: number,
  shape: { readonly window: number; readonly features: number },
): Example {
  const rows = Array.from({ length: shape.window }, (_, row) => {
    const start = (from + row) * shape.features;
    return [...series.values.subarray(start, start + shape.features)];
  });
  return { series: series.id, rows };
}
