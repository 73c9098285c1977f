import fc from 'fast-check';
import { expect, test } from 'vitest';
import { equalValues } from '../kit/canonical.ts';
import type { Value } from '../kit/value.ts';
import { diffFlat } from './diff.ts';

const strict = { all: false, loose: false };

test('numbers have a difference; integers an exact one', () => {
  const before = new Map<string, Value>([
    ['auc', 0.5],
    ['n', 9007199254740993n],
    ['who', 'a'],
    ['mixed', 1n],
    ['gone', 1n],
  ]);
  const after = new Map<string, Value>([
    ['auc', 0.75],
    ['n', 9007199254740994n],
    ['who', 'b'],
    ['mixed', 1.5],
    ['fresh', true],
  ]);
  expect(diffFlat(before, after, strict)).toEqual([
    { key: 'auc', before: 0.5, after: 0.75, delta: 0.25 },
    { key: 'fresh', after: true },
    { key: 'gone', before: 1n },
    { key: 'mixed', before: 1n, after: 1.5, delta: 0.5 },
    { key: 'n', before: 9007199254740993n, after: 9007199254740994n, delta: 1n },
    { key: 'who', before: 'a', after: 'b' },
  ]);
});

test('NaN is the same as NaN; 2 and 2.0 are the same metric but not the same parameter', () => {
  const before = new Map<string, Value>([
    ['nan', NaN],
    ['two', 2n],
  ]);
  const after = new Map<string, Value>([
    ['nan', NaN],
    ['two', 2],
  ]);
  expect(diffFlat(before, after, strict).map(({ key }) => key)).toEqual(['two']);
  expect(diffFlat(before, after, { all: false, loose: true })).toEqual([]);
  expect(diffFlat(before, after, { all: true, loose: true })).toHaveLength(2);
});

const scalar: fc.Arbitrary<Value> = fc.oneof(fc.bigInt(), fc.double(), fc.string(), fc.boolean(), fc.constant(null));
const flat = fc
  .array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'a.b', '__proto__', ''), scalar))
  .map((pairs) => new Map(pairs));

test('a diff names exactly the keys that differ, sorted, and turns around with its sides', () => {
  fc.assert(
    fc.property(flat, flat, (before, after) => {
      const changes = diffFlat(before, after, strict);
      const differing = [...new Set([...before.keys(), ...after.keys()])].filter((key) => {
        const [a, b] = [before.get(key), after.get(key)];
        return a === undefined || b === undefined || !equalValues(a, b);
      });
      expect(changes.map(({ key }) => key)).toEqual(differing.sort());
      const back = diffFlat(after, before, strict);
      expect(back.map(({ before: b, after: a }) => [a, b])).toEqual(changes.map(({ before: b, after: a }) => [b, a]));
      expect(diffFlat(before, before, strict)).toEqual([]);
      expect(diffFlat(before, after, { all: true, loose: false }).length).toBe(
        new Set([...before.keys(), ...after.keys()]).size,
      );
    }),
  );
});
