import { ModelError } from '../model-error.ts';

/** Scores and what they should have found, row by row. */
export interface Scored {
  /** Higher is more unusual. */
  readonly scores: ArrayLike<number>;
  /** 0 or 1. */
  readonly labels: ArrayLike<number>;
}

/** Counts when every row with a score of at least `threshold` is flagged. */
export interface CurvePoint {
  readonly threshold: number;
  readonly truePositives: number;
  readonly flagged: number;
}

/**
 * One point per distinct score, highest first. Throws `ModelError` without a positive or without a negative row,
 * because every number drawn from such a curve would be empty of meaning, and for a score that isn't a number.
 */
export function scoreCurve({ scores, labels }: Scored): CurvePoint[] {
  if (scores.length !== labels.length) throw new ModelError('as many scores as labels are needed');
  const order = Uint32Array.from({ length: scores.length }, (_, at) => at);
  for (const at of order) if (Number.isNaN(scores[at])) throw new ModelError('a score is not a number');
  order.sort((left, right) => (scores[right] ?? 0) - (scores[left] ?? 0));
  const points: CurvePoint[] = [];
  let truePositives = 0;
  for (const [position, at] of order.entries()) {
    truePositives += labels[at] ?? 0;
    const next = order[position + 1];
    if (next !== undefined && scores[next] === scores[at]) continue;
    points.push({ threshold: scores[at] ?? 0, truePositives, flagged: position + 1 });
  }
  if (truePositives === 0) throw new ModelError('the test part has no positive row: nothing can be measured on it');
  if (truePositives === labels.length) throw new ModelError('the test part has no negative row');
  return points;
}

/**
 * Area under the precision-recall curve as average precision, Σ (Rₙ − Rₙ₋₁) Pₙ, without interpolation: the definition
 * of scikit-learn's `average_precision_score`.
 */
export function averagePrecision(curve: readonly CurvePoint[]): number {
  const positives = curve.at(-1)?.truePositives ?? 0;
  let sum = 0;
  let before = 0;
  for (const { truePositives, flagged } of curve) {
    sum += ((truePositives - before) / positives) * (truePositives / flagged);
    before = truePositives;
  }
  return sum;
}

/** Area under the ROC curve by the trapezoid rule: ties count half. */
export function rocArea(curve: readonly CurvePoint[]): number {
  const last = curve.at(-1);
  const positives = last?.truePositives ?? 0;
  const negatives = (last?.flagged ?? 0) - positives;
  let area = 0;
  let before = { truePositives: 0, flagged: 0 };
  for (const point of curve) {
    const width = point.flagged - point.truePositives - (before.flagged - before.truePositives);
    area += (width * (point.truePositives + before.truePositives)) / 2;
    before = point;
  }
  return area / (positives * negatives);
}

/** Points of a precision-recall plot: those at which recall grows, the only ones where average precision adds. */
export function recallSteps(
  curve: readonly CurvePoint[],
): { readonly recall: number; readonly precision: number; readonly threshold: number }[] {
  const positives = curve.at(-1)?.truePositives ?? 0;
  return curve
    .filter((point, at) => point.truePositives > (curve[at - 1]?.truePositives ?? 0))
    .map(({ truePositives, flagged, threshold }) => ({
      recall: truePositives / positives,
      precision: truePositives / flagged,
      threshold,
    }));
}
