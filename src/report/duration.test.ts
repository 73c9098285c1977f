import { expect, test } from 'vitest';
import { formatDuration, formatElapsed } from './duration.ts';

test('a time span is shown in the unit that fits it', () => {
  expect(
    [-1, 12.3, 99.4, 99.5, 400, 12_440, 59_949, 59_950, 125_000, 3_599_600, 12_000_000].map(formatDuration),
  ).toEqual([
    '0 ms',
    '12 ms',
    '99 ms',
    '0.1 s',
    '0.4 s',
    '12.4 s',
    '59.9 s',
    '1 min 0 s',
    '2 min 5 s',
    '1 h 0 min',
    '3 h 20 min',
  ]);
});

test('a running time counts whole seconds and never runs ahead below a minute', () => {
  expect([-5, 999, 1_000, 59_999, 60_000].map(formatElapsed)).toEqual(['0 s', '0 s', '1 s', '59 s', '1 min 0 s']);
});
