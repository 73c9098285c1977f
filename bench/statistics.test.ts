import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ratios, spread } from './statistics.ts';

test('the median is the middle value, or the mean of the two in the middle', () => {
  expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
  expect(spread([4, 1, 2, 10])).toEqual({ median: 3, min: 1, max: 10 });
  expect(spread([7])).toEqual({ median: 7, min: 7, max: 7 });
});

test('half of the values lie on either side of the median, in whatever order they came', () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
      const { median, min, max } = spread(values);
      expect(values.filter((value) => value <= median).length * 2).toBeGreaterThanOrEqual(values.length);
      expect(values.filter((value) => value >= median).length * 2).toBeGreaterThanOrEqual(values.length);
      expect([min, max]).toEqual([Math.min(...values), Math.max(...values)]);
    }),
  );
});

test('no measurement and a broken one are errors, never a number', () => {
  expect(() => spread([])).toThrow('nothing was measured');
  expect(() => spread([1, Number.NaN])).toThrow('not a measurement');
  expect(() => ratios([1], [])).toThrow('nothing was measured');
  expect(() => ratios([1], [0])).toThrow('not a measurement');
});

test('ratios are taken pair by pair, so a moment that slows both changes nothing', () => {
  expect(ratios([1, 10, 1], [2, 20, 2])).toEqual({ median: 0.5, min: 0.5, max: 0.5 });
});

test('the extra runs of one side have no partner and are left out', () => {
  expect(ratios([1, 2, 900], [10, 10])).toEqual({ median: 0.15000000000000002, min: 0.1, max: 0.2 });
});
