import { expect, test } from 'vitest';
import { displayWidth, padEnd, printable, truncate } from './width.ts';

test('a wide character, an emoji and a flag take two columns, a combining mark none', () => {
  expect(displayWidth('plain')).toBe(5);
  expect(displayWidth('データ')).toBe(6);
  expect(displayWidth('🚀')).toBe(2);
  expect(displayWidth('👩‍🔬')).toBe(2);
  expect(displayWidth('🇫🇷')).toBe(2);
  expect(displayWidth('e\u0301')).toBe(1);
  expect(displayWidth('é')).toBe(1);
  expect(displayWidth('\u200b')).toBe(0);
});

test('a cut text keeps whole characters and ends in an ellipsis', () => {
  expect(truncate('short', 5)).toBe('short');
  expect(truncate('longer', 5)).toBe('long…');
  expect(truncate('データ', 4)).toBe('デ…');
});

test('padding counts columns, not code units', () => {
  expect(padEnd('デ', 4)).toBe('デ  ');
  expect(padEnd('long', 2)).toBe('long');
});

test('control characters and text direction marks are shown, never sent to the terminal', () => {
  expect(printable('a\nb\u001b[31m\u202e')).toBe('a\\nb\\u001b[31m\\u202e');
});
