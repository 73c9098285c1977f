import { ModelError } from '../model-error.ts';

/** Half-open row ranges of one series, in time order and without a gap. */
export interface Split {
  readonly train: RowRange;
  readonly validation: RowRange;
  readonly test: RowRange;
}

/** Rows `from` ≤ row < `to`. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** Shares of a series' rows; what they leave is the test part. */
export interface SplitShares {
  readonly train: number;
  readonly validation: number;
}

/** Cuts `rows` rows in time order: the first share trains, the next validates, the rest tests. */
export function splitByTime(rows: number, shares: SplitShares): Split {
  const { train, validation } = shares;
  if (!(train > 0) || !(validation > 0) || !(train + validation < 1)) {
    throw new ModelError('the shares of train and validation must be above 0 and leave something to test');
  }
  const first = Math.floor(rows * train);
  const second = Math.floor(rows * (train + validation));
  return { train: { from: 0, to: first }, validation: { from: first, to: second }, test: { from: second, to: rows } };
}
