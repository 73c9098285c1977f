import { expect, test } from 'vitest';
import { findTemplates, readExpression, unescapeTemplates } from './expression.ts';

const inners = (text: string): string[] => findTemplates(text).map(({ inner }) => inner);

test.each([
  ['a ${b} c ${d.e[0]}', ['b', 'd.e[0]']],
  ['\\${a} ${b}', ['b']],
  ['${a ${b}', ['a ${b']],
  ['${}', ['']],
  ['${a\n} ${b}', ['b']],
  ['$a {b} $ {c}', []],
  ['${', []],
  ['$${a}', ['a']],
  ['\\\\${a}', []],
])('templates of %s', (text, expected) => {
  expect(inners(text)).toEqual(expected);
});

test('a text of nothing but openings takes linear time', () => {
  expect(inners('${'.repeat(500_000))).toEqual([]);
  expect(inners(`${'${'.repeat(200_000)}\n}`)).toEqual([]);
  expect(inners('${\n'.repeat(200_000) + '}')).toEqual([]);
});

test('an escaped template stands for itself', () => {
  expect(unescapeTemplates('a \\${b} \\${c')).toBe('a ${b} ${c');
});

test.each([
  ['a', ['a']],
  [' a . b ', ['a', 'b']],
  ['a.b.c', ['a', 'b', 'c']],
  ['a[0]', ['a', '0']],
  ['a[0][b].c', ['a', '0', 'b', 'c']],
  ["a['b']", ['a', "'b'"]],
  ['a-b c', ['a-b c']],
  ['a[b] .c', ['a', 'b', 'c']],
])('the path %s', (inner, path) => {
  expect(readExpression(inner)).toEqual({ path });
});

test.each([
  ['', 'a name is missing', 0],
  ['a.', 'a name is missing', 2],
  ['.a', 'a name is missing', 0],
  ['a..b', 'a name is missing', 2],
  ['a[]', 'a name is missing', 2],
  ['a[0', '"]" is missing', 3],
  ['a]', '"]" is not expected here', 1],
  ['a[0]b', '"b" is not expected here', 4],
  ['a[b.c]', '"]" is missing', 3],
])('the path %s cannot be read', (inner, fault, offset) => {
  expect(readExpression(inner)).toEqual({ fault, offset });
});
