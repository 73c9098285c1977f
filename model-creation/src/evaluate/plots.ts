import { recallSteps, scoreCurve } from '../metric/curve.ts';
import { flagsOf } from '../metric/measure.ts';
import type { WindowSet } from '../prepare/windows.ts';
import { csvText, significant } from '../table.ts';

/** `recall,precision,threshold`, one line per step of recall, highest threshold first. */
export function precisionRecallCsv(test: WindowSet, scores: Float64Array): string {
  const steps = recallSteps(scoreCurve({ scores, labels: test.label }));
  const lines = steps.map((step) => [
    significant(step.recall),
    significant(step.precision),
    significant(step.threshold),
  ]);
  return csvText(['recall', 'precision', 'threshold'], lines);
}

/** `series,row,seconds,score,threshold,label,flag` in time order of each series; seconds count from its first reading. */
export function scoreCsv(
  test: WindowSet,
  scores: Float64Array,
  { threshold, stepSeconds }: { readonly threshold: number; readonly stepSeconds: number },
): string {
  const flags = flagsOf(scores, threshold);
  const limit = significant(threshold);
  const lines = test.series.map((id, at) => {
    const row = test.row[at] ?? 0;
    return [id, row, row * stepSeconds, significant(scores[at] ?? 0), limit, test.label[at] ?? 0, flags[at] ?? 0];
  });
  return csvText(['series', 'row', 'seconds', 'score', 'threshold', 'label', 'flag'], lines);
}
