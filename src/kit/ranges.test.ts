import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Ranges } from './ranges.ts';
import { addRange, numbersIn } from './ranges.ts';

test('neighbours become one run', () => {
  const ranges: Ranges = [];
  for (const number of [0, 1, 2, 3, 7]) addRange(ranges, number);
  expect(ranges).toEqual([
    [0, 4],
    [7, 8],
  ]);
});

test('a set gives each of its numbers once, in order, however it was filled', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(50), fc.nat(10))), (added) => {
      const ranges: Ranges = [];
      const plain = new Set<number>();
      for (const [from, length] of added) {
        addRange(ranges, from, from + length);
        for (let number = from; number < from + length; number += 1) plain.add(number);
      }
      expect(numbersIn(ranges)).toEqual([...plain].sort((a, b) => a - b));
    }),
  );
});
