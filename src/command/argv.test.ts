import { expect, test } from 'vitest';
import { plainWords } from './argv.ts';

const options = {
  deps: { type: 'string', short: 'd', multiple: true, help: '' },
  force: { type: 'boolean', short: 'f', help: '' },
  targets: { type: 'string', multiple: true, variadic: true, help: '' },
} as const;

const few = { positionals: { min: 0, max: 2 } };
const command = { positionals: { min: 1, max: Infinity, rest: true } };

test('everything after the first word that is no flag belongs to the command', () => {
  expect(plainWords(command, options, ['-fd', 'a', '--deps=b', 'python', 'x.py', '-d', '--json'])).toEqual({
    words: ['-fd', 'a', '--deps=b'],
    rest: ['python', 'x.py', '-d', '--json'],
  });
  expect(plainWords(command, options, ['-da', '--', '-x'])).toEqual({ words: ['-da'], rest: ['-x'] });
});

test('a list flag takes every word up to the next flag', () => {
  expect(plainWords(few, options, ['HEAD', '--targets', 'a', 'b', '-f', 'x'])).toEqual({
    words: ['HEAD', '--targets', 'a', '--targets', 'b', '-f', 'x'],
    rest: [],
  });
});

test('other flags take one value', () => {
  expect(plainWords(few, options, ['-d', 'a', 'b', '--', '--targets', 'c', 'd']).words).toEqual([
    '-d',
    'a',
    'b',
    '--',
    '--targets',
    'c',
    'd',
  ]);
});
