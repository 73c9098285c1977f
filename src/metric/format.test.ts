import { expect, test } from 'vitest';
import type { Value } from '../kit/value.ts';
import { formatDelta, formatValue } from './format.ts';
import { toJson } from '../kit/json-value.ts';

test.each<[Value, string]>([
  [0.123456789, '0.12346'],
  [0.015625, '0.01562'],
  [0.046875, '0.04688'],
  [-0.015625, '-0.01562'],
  [2, '2.0'],
  [2n, '2'],
  [12345.678901, '12345.6789'],
  [1.5e-7, '1.5e-07'],
  [-0, '-0.0'],
  [1e22, '1e+22'],
  [NaN, 'nan'],
  [-Infinity, '-inf'],
  [9007199254740993n, '9007199254740993'],
  [true, 'true'],
  [null, 'null'],
  ['a b', 'a b'],
  [[1n, 0.5, 'x', 'a: b', [null]], '[1, 0.5, x, "a: b", [null]]'],
  [new Map<string, Value>([['k', [1n]]]), '{k: [1]}'],
])('%s is shown as %s', (value, text) => {
  expect(formatValue(value, 5)).toBe(text);
});

test('the precision counts digits after the point', () => {
  expect(formatValue(0.123456789, 2)).toBe('0.12');
  expect(formatValue(2.5, 0)).toBe('2.0');
  expect(formatValue(3.5, 0)).toBe('4.0');
  expect(formatValue(0.1 + 0.2)).toBe('0.30000000000000004');
});

test('a difference shows its direction', () => {
  expect(formatDelta(0.5, 5)).toBe('+0.5');
  expect(formatDelta(-2n, 5)).toBe('-2');
  expect(formatDelta(0n, 5)).toBe('0');
});

test('JSON holds every value, as text where its numbers cannot', () => {
  const value = new Map<string, Value>([
    ['a', [1n, 2.5, NaN, Infinity, 9007199254740993n, null]],
    ['__proto__', true],
  ]);
  expect(JSON.stringify(toJson(value))).toBe('{"a":[1,2.5,"NaN","Infinity","9007199254740993",null],"__proto__":true}');
});
