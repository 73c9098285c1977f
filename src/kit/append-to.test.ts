import { expect, test } from 'vitest';
import { appendTo } from './append-to.ts';

test('values are appended to the list of their key, and no list is copied', () => {
  const lists = new Map<string, number[]>();
  appendTo(lists, 'odd', 1);
  const odd = lists.get('odd');
  appendTo(lists, 'even', 2);
  appendTo(lists, 'odd', 3);
  expect([...lists]).toEqual([
    ['odd', [1, 3]],
    ['even', [2]],
  ]);
  expect(lists.get('odd')).toBe(odd);
});
