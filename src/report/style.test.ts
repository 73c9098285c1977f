import { expect, test } from 'vitest';
import { columnsOf, styleFor, wantsColor } from './style.ts';

const terminal = { isTTY: true };

test('a terminal gets colours, a pipe and a dumb terminal do not', () => {
  expect(wantsColor({ TERM: 'xterm-256color' }, terminal)).toBe(true);
  expect(wantsColor({ TERM: 'xterm-256color' }, {})).toBe(false);
  expect(wantsColor({ TERM: 'dumb' }, terminal)).toBe(false);
});

test('NO_COLOR turns colours off, unless it is empty', () => {
  expect(wantsColor({ NO_COLOR: '1' }, terminal)).toBe(false);
  expect(wantsColor({ NO_COLOR: '' }, terminal)).toBe(true);
});

test('FORCE_COLOR decides over everything else', () => {
  expect(wantsColor({ FORCE_COLOR: '1', NO_COLOR: '1', TERM: 'dumb' }, {})).toBe(true);
  expect(wantsColor({ FORCE_COLOR: '0' }, terminal)).toBe(false);
  expect(wantsColor({ FORCE_COLOR: 'false' }, terminal)).toBe(false);
});

test('without colour a text stays as it is', () => {
  expect(styleFor(false).red('x')).toBe('x');
  expect(styleFor(true).red('x')).toBe('\u001b[31mx\u001b[39m');
});

test('a terminal that tells no believable width is taken to have 80 columns, and what is none has no width', () => {
  expect([0, 19, undefined, 20, 132].map((columns) => columnsOf({ isTTY: true, columns }))).toEqual([
    80, 80, 80, 20, 132,
  ]);
  expect(columnsOf({ columns: 100 })).toBeUndefined();
});
