import type { Network } from './network.ts';
import type { Scaling, Signature } from './signature.ts';

/** Rows to score: [count, features] row-major, in the units of the data. */
export interface Rows {
  readonly values: Float64Array;
  readonly count: number;
}

/** A published model, ready to score rows. */
export interface Model {
  readonly signature: Signature;
  /** Most rows that one call of `score` may get, so that it holds the thread for a moment only. */
  readonly maxRows: number;
  /**
   * Scores every row that ends a full window, [rows] → [rows − window + 1]; entry 0 belongs to row `window − 1`.
   * A score is the mean squared error of the reconstruction in scaled units; it is not finite where the values are
   * so large that the arithmetic overflows.
   * @param series whose scaling to use; the default scaling for `undefined` and for an unknown one.
   */
  score(rows: Rows, series?: string): Float64Array;
}

const MOST_ROWS = 10_000;
/** About a third of a second of multiplications on one core. */
const MOST_WORK = 300_000_000;

/** Joins a checked signature and its network. */
export function buildModel(signature: Signature, network: Network): Model {
  const { features, window } = signature.input;
  const width = features.length;
  const firstScored = signature.scoredRows === 'last' ? (window - 1) * width : 0;

  return {
    signature,
    maxRows: Math.max(window, Math.min(MOST_ROWS, window - 1 + Math.floor(MOST_WORK / Math.max(network.cost, 1)))),
    score({ values, count }, series) {
      const scaled = scaleRows(values, signature.scaling.series.get(series ?? '') ?? signature.scaling.default);
      const scores = new Float64Array(Math.max(count - window + 1, 0));
      for (let i = 0; i < scores.length; i += 1) {
        const input = scaled.subarray(i * width, (i + window) * width);
        scores[i] = meanSquaredError(input, network.forward(input), firstScored);
      }
      return scores;
    },
  };
}

/** Lists of numbers, one per row → [rows, features]. */
export function toRows(rows: readonly (readonly number[])[]): Rows {
  return { values: Float64Array.from(rows.flat()), count: rows.length };
}

/** [rows, features] → [rows, features] */
function scaleRows(values: Float64Array, { mean, scale }: Scaling): Float64Array {
  const width = mean.length;
  return values.map((value, i) => (value - (mean[i % width] ?? 0)) / (scale[i % width] ?? 1));
}

function meanSquaredError(expected: Float64Array, actual: Float64Array, from: number): number {
  let sum = 0;
  for (let i = from; i < expected.length; i += 1) sum += ((expected[i] ?? 0) - (actual[i] ?? 0)) ** 2;
  return sum / (expected.length - from);
}
