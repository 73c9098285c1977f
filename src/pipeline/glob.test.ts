import { expect, test } from 'vitest';
import { checkGlob, isGlob, unescapeGlob } from './glob.ts';
import { isValidStageName } from './name.ts';

test.each([
  ['data/*.csv', true],
  ['a?', true],
  ['[ab]', true],
  ['{a,b}', true],
  ['a/**/b', true],
  ['plain/path.txt', false],
  ['a]b}', false],
  ['a\\*b', false],
  ['a\\\\*b', true],
  ['\\[x\\]', false],
])('%s is a pattern: %s', (path, expected) => {
  expect(isGlob(path)).toBe(expected);
});

test.each([
  ['*.csv', undefined],
  ['[]a]', undefined],
  ['[!a-z]/{b,{c,d}}', undefined],
  ['[a', '"]" is missing'],
  ['[a/b]', '"]" is missing'],
  ['{a', '"}" is missing'],
  ['a}*', '"{" is missing'],
  ['*\\', 'a backslash ends it'],
  ['\\{*', undefined],
])('what is wrong with %s: %s', (pattern, fault) => {
  expect(checkGlob(pattern)).toBe(fault);
});

test('a path without wildcards loses the backslashes before them', () => {
  expect(unescapeGlob('a\\*b\\[c\\] d\\e')).toBe('a*b[c] d\\e');
});

test.each([
  ['train', true],
  ['train_2-b', true],
  ['日本 é', true],
  ['a.b', false],
  ['a/b', false],
  ['a@b', false],
  ['a:b', false],
  ['', false],
  ['a\nb', false],
  ['a$', false],
])('a new stage may be called %s: %s', (name, expected) => {
  expect(isValidStageName(name)).toBe(expected);
});
