import { expect, test } from 'vitest';
import { parseData } from '../kit/format/data.ts';
import { flattenMetrics, flattenParams } from './flatten.ts';

test('nested metrics get dotted keys; lists and nothing are no metrics', () => {
  const root = parseData(
    '{"train": {"auc": 0.9, "n": 3, "curve": [1, 2], "x": null}, "ok": true, "who": "me", "e": {}}',
    'json',
  );
  expect([...flattenMetrics(root)]).toEqual([
    ['train.auc', 0.9],
    ['train.n', 3n],
    ['ok', true],
    ['who', 'me'],
  ]);
});

test('a bare number is a metric without a name', () => {
  expect([...flattenMetrics(0.5)]).toEqual([['', 0.5]]);
});

test('parameters keep lists, empty maps and nothing', () => {
  const root = parseData('a: {b: [1, x], c: {}}\nd:\n', 'yaml');
  expect([...flattenParams(root)].map(([key]) => key)).toEqual(['a.b', 'a.c', 'd']);
  expect([...flattenParams(new Map([['lr', 1n]]), 'train')]).toEqual([['train.lr', 1n]]);
});

test('a key named __proto__ is a key like any other', () => {
  expect([...flattenMetrics(parseData('{"__proto__": {"x": 1}}', 'json'))]).toEqual([['__proto__.x', 1n]]);
});
