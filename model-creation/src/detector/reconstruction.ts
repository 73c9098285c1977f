import type { WindowSet, WindowShape } from '../prepare/windows.ts';

/** Which rows of a window count towards its score. */
export type ScoredRows = 'last' | 'all';

/**
 * Mean squared error between windows and their reconstruction, over the last row or all rows.
 * `[count, window × features]` twice → `[count]`, summed in double precision.
 */
export function reconstructionErrors(
  windows: Pick<WindowSet, 'data' | 'count'> & WindowShape,
  reconstruction: ArrayLike<number>,
  rows: ScoredRows,
): Float64Array {
  const { data, count, window, features } = windows;
  const width = window * features;
  const skip = rows === 'last' ? width - features : 0;
  const scores = new Float64Array(count);
  for (let at = 0; at < count; at++) {
    let sum = 0;
    for (let cell = at * width + skip; cell < (at + 1) * width; cell++) {
      sum += ((data[cell] ?? 0) - (reconstruction[cell] ?? 0)) ** 2;
    }
    scores[at] = sum / (width - skip);
  }
  return scores;
}
