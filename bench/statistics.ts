/** What several measurements of one thing say, in the unit of the measurements. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * Median and extremes of measurements.
 * @throws {RangeError} when there is none, or one is not a finite number
 */
export function spread(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('nothing was measured');
  if (!values.every(Number.isFinite)) throw new RangeError(`not a measurement: ${values.join(', ')}`);
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}

/**
 * How long one took relative to another, pair by pair: what slows the machine down for a while slows both halves of a
 * pair, and cancels out. The longer list is cut to the shorter one.
 */
export function ratios(ours: readonly number[], theirs: readonly number[]): Spread {
  const pairs = Math.min(ours.length, theirs.length);
  return spread(ours.slice(0, pairs).map((value, pair) => value / theirs[pair]!));
}
