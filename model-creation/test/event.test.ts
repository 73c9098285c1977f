import { expect, it } from 'vitest';
import { compareEvents, eventsOf } from '../src/metric/event.ts';
import { measure } from '../src/metric/measure.ts';

/** Rows of series `a`, then `b`, each counted from 0. */
function index(a: number, b: number) {
  return {
    series: [...new Array<string>(a).fill('a'), ...new Array<string>(b).fill('b')],
    row: [...Array.from({ length: a }, (_, at) => at), ...Array.from({ length: b }, (_, at) => at)],
  };
}

it('an event ends with its series, even when the next one starts with an event', () => {
  expect(eventsOf(index(3, 3), [0, 1, 1, 1, 0, 0])).toEqual([
    { series: 'a', first: 1, last: 2 },
    { series: 'b', first: 0, last: 0 },
  ]);
});

it('an event ends where rows are missing', () => {
  expect(eventsOf({ series: ['a', 'a'], row: [4, 6] }, [1, 1])).toHaveLength(2);
});

it('a run of alarms that touches a labelled row is no false event, its other rows stay false rows', () => {
  const labels = [0, 0, 1, 1, 0, 0, 0, 0];
  const flags = [0, 1, 1, 0, 0, 1, 1, 0];
  const windows = {
    ...index(8, 0),
    row: Uint32Array.from({ length: 8 }, (_, at) => at),
    label: Uint8Array.from(labels),
  };
  expect(compareEvents(windows, labels, flags)).toEqual({ events: 1, found: 1, falseEvents: 1, delays: [0] });
  const measures = measure({ windows: { ...windows, count: 8 }, scores: flags, threshold: 0.5, stepSeconds: 10_800 });
  expect(measures).toMatchObject({
    flaggedRows: 4,
    falseRows: 3,
    falseEvents: 1,
    falseAlarmsPerDay: 1,
    eventsFound: 1,
  });
});

it('the delay counts from the first labelled row', () => {
  expect(compareEvents(index(6, 0), [0, 1, 1, 1, 1, 0], [0, 0, 0, 1, 0, 0]).delays).toEqual([2]);
});

it('one flagged row does not turn a whole event into hits', () => {
  const labels = Uint8Array.from([1, 1, 1, 1, 0]);
  const windows = { ...index(5, 0), row: Uint32Array.from([0, 1, 2, 3, 4]), label: labels, count: 5 };
  const { recall } = measure({ windows, scores: [1, 0, 0, 0, 0], threshold: 0.5, stepSeconds: 5 });
  expect(recall).toBe(0.25);
});
