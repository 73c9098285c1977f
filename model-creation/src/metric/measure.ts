import type { WindowSet } from '../prepare/windows.ts';
import { averagePrecision, rocArea, scoreCurve } from './curve.ts';
import { compareEvents } from './event.ts';

/** How a detector did on one set of rows. Rounded to six decimals. */
export type Measures = Readonly<{
  aucPr: number;
  aucRoc: number;
  /** The rest holds at this threshold: a row is flagged when its score is above it. */
  threshold: number;
  precision: number;
  recall: number;
  f1: number;
  flaggedRows: number;
  falseRows: number;
  events: number;
  eventsFound: number;
  falseEvents: number;
  /** False events per day of one sensor's readings. */
  falseAlarmsPerDay: number;
  /** Mean over the events found, from the first labelled row; −1 when none was found. */
  detectionDelaySeconds: number;
}>;

/** What is measured. */
export interface MeasureInput {
  readonly windows: Pick<WindowSet, 'series' | 'row' | 'label' | 'count'>;
  readonly scores: ArrayLike<number>;
  readonly threshold: number;
  readonly stepSeconds: number;
}

const SECONDS_PER_DAY = 86_400;

/** Measures scores against labels, without point adjustment. Throws `ModelError` when no row is positive. */
export function measure({ windows, scores, threshold, stepSeconds }: MeasureInput): Measures {
  const { label: labels, count } = windows;
  const curve = scoreCurve({ scores, labels });
  const flags = flagsOf(scores, threshold);
  const flaggedRows = flags.reduce((sum, one) => sum + one, 0);
  const hits = flags.reduce((sum, one, at) => sum + one * (labels[at] ?? 0), 0);
  const precision = flaggedRows === 0 ? 0 : hits / flaggedRows;
  const recall = hits / labels.reduce((sum, one) => sum + one, 0);
  const events = compareEvents(windows, labels, flags);
  const delay = events.delays.reduce((sum, one) => sum + one, 0) / events.found;
  return {
    aucPr: round(averagePrecision(curve)),
    aucRoc: round(rocArea(curve)),
    threshold: round(threshold),
    precision: round(precision),
    recall: round(recall),
    f1: round(hits === 0 ? 0 : (2 * precision * recall) / (precision + recall)),
    flaggedRows,
    falseRows: flaggedRows - hits,
    events: events.events,
    eventsFound: events.found,
    falseEvents: events.falseEvents,
    falseAlarmsPerDay: round(events.falseEvents / ((count * stepSeconds) / SECONDS_PER_DAY)),
    detectionDelaySeconds: events.found === 0 ? -1 : round(delay * stepSeconds),
  };
}

/** 1 where a score is above the threshold. */
export function flagsOf(scores: ArrayLike<number>, threshold: number): Uint8Array {
  return Uint8Array.from({ length: scores.length }, (_, at) => ((scores[at] ?? 0) > threshold ? 1 : 0));
}

/** Six decimals: more than any claim needs, and the same text on every machine. */
export function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
