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

test('a flag that implies a value takes the next word only if it can be one', () => {
  const options = { untracked: { type: 'string', value: 'no|all', implied: 'all', help: '' } } as const;
  const words = (...given: string[]) => plainWords({ positionals: { min: 0, max: 9 } }, options, given).words;
  expect(words('--untracked')).toEqual(['--untracked=all']);
  expect(words('--untracked', 'no', 'data')).toEqual(['--untracked', 'no', 'data']);
  expect(words('--untracked', 'data')).toEqual(['--untracked=all', 'data']);
  expect(words('--untracked=no')).toEqual(['--untracked=no']);
});
