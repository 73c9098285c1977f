import type { Model } from '../model/model.ts';
import { invalid, type ScoreRequest } from './score-request.ts';

/** The answer to `POST /v1/score`. */
export interface ScoreResult {
  readonly model: { readonly name: string; readonly version: string };
  readonly series: string | null;
  readonly threshold: number;
  readonly flagged: number;
  readonly rows: readonly { readonly index: number; readonly score: number; readonly flag: boolean }[];
}

/**
 * Scores the rows of a request and flags those above the model's threshold.
 * @throws {ApiError} 422 if values are so large that a score overflows, which JSON could not carry.
 */
export function scoreRows(model: Model, { rows, series }: ScoreRequest): ScoreResult {
  const { name, version, threshold, input } = model.signature;
  const scores = model.score(rows, series);
  const scored = Array.from(scores, (score, i) => ({ index: i + input.window - 1, score, flag: score > threshold }));
  const overflow = scored.find(({ score }) => !Number.isFinite(score));
  if (overflow) {
    throw invalid([
      { path: `/rows/${String(overflow.index)}`, message: 'ends a window with values too large to score' },
    ]);
  }
  const flagged = scored.filter(({ flag }) => flag).length;
  return { model: { name, version }, series: series ?? null, threshold, flagged, rows: scored };
}
