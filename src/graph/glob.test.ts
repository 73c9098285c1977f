import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isWithin } from '../kit/path.ts';
import { globBase, globMatcher, globMeets } from './glob.ts';

const NAMES = ['a', 'b', 'ab', '.h'];
/** Every path of up to six of the names: no pattern below has more segments. */
const PATHS = pathsOf(6);

function pathsOf(depth: number): string[] {
  if (depth === 1) return NAMES;
  return [...NAMES, ...pathsOf(depth - 1).flatMap((path) => NAMES.map((name) => `${path}/${name}`))];
}

const part = fc.constantFrom('a', 'b', '.h', '*', '?', 'a*', '[ab]', '[!a]', '{a,b}', '{a/b,b}', '{a,b/{a,*}}', '.*');
const pattern = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const globstar = fc
  .array(fc.oneof(part, fc.constantFrom('**', '!(a)')), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'));
const path = fc.constantFrom(...PATHS.filter((each) => each.split('/').length < 4));

/** The same by trying every path there is. */
function findsWithin(glob: string, folder: string): boolean {
  const matches = globMatcher(glob);
  return PATHS.some((each) => isWithin(folder, each) && matches(each));
}

describe('a pattern meets a path', () => {
  test('exactly when it matches the path or something below it', () => {
    fc.assert(
      fc.property(pattern, path, (glob, folder) => {
        expect(globMeets(glob, folder)).toBe(findsWithin(glob, folder));
      }),
      { numRuns: 500 },
    );
  });

  test('whenever it could, if it crosses folders', () => {
    fc.assert(
      fc.property(globstar, path, (glob, folder) => {
        if (findsWithin(glob, folder)) expect(globMeets(glob, folder)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['data/*.csv', 'data', true],
    ['data/*.csv', 'data/a.csv', true],
    ['data/*.csv', 'data/a.txt', false],
    ['data/*.csv', 'data/sub/a.csv', false],
    ['data/**', 'data/sub/a.csv', true],
    ['data/**', 'other', false],
    ['{data/raw,more}/*.csv', 'data/raw/a.csv', true],
    ['{data/raw,more}/*.csv', 'data/other', false],
    ['@(data/raw|more)/*.csv', 'data/raw/a.csv', true],
    ['../shared/*.csv', 'data', false],
    ['../shared/*.csv', '../shared', true],
    ['/shared/*.csv', 'shared', false],
    ['a\\*b/*', 'a*b', true],
    ['!a*', 'b', false],
    [`${'{a/b,c}'.repeat(20)}/x`, 'z', true],
  ])('%s and %s: %s', (glob, folder, expected) => {
    expect(globMeets(glob, folder)).toBe(expected);
  });
});

test('a search starts at the folder above the first wildcard', () => {
  const bases = ['*.csv', 'data/raw/*.csv', '/abs/*.csv', '../x/**', '{a,b}/c', 'a\\*b/*.csv', 'a/{b,c}', '**'].map(
    globBase,
  );
  expect(bases).toEqual(['.', 'data/raw', '/abs', '../x', '.', 'a*b', 'a', '.']);
});

test('a wildcard stands for neither a slash nor a leading dot', () => {
  const matches = globMatcher('data/*.csv');
  expect(['data/a.csv', 'data/.a.csv', 'data/x/a.csv', 'data/.csv'].map(matches)).toEqual([true, false, false, false]);
  expect(['a', 'a/b', 'a/b/c', 'a/.git/c'].map(globMatcher('a/**'))).toEqual([false, true, true, false]);
});
