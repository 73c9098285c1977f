import { toRows, type Model } from './model.ts';

/** Training scores in float32, this service in float64. */
const RELATIVE = 1e-4;
/** In squared scaled units: a score this small is all rounding. */
const ABSOLUTE = 1e-7;

/**
 * Scores the signature's example and compares with the scores that the training side wrote beside it.
 * @returns what differs in words, or `undefined` if all is well.
 */
export function checkExample(model: Model): string | undefined {
  const { rows, series, scores } = model.signature.example;
  const found = model.score(toRows(rows), series);
  for (const [i, expected] of scores.entries()) {
    const actual = found[i] ?? Number.NaN;
    if (Math.abs(actual - expected) <= ABSOLUTE + RELATIVE * Math.abs(expected)) continue;
    const row = i + model.signature.input.window - 1;
    return `row ${String(row)} of its example should score ${String(expected)}, the model gives ${String(actual)}`;
  }
  return undefined;
}
