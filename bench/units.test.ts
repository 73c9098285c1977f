import { expect, test } from 'vitest';
import { formatBytes, formatRatio, formatSeconds, formatSize } from './units.ts';

test('numbers show the digits that count', () => {
  expect([0.0048, 0.1234, 1.234, 24.68, 1050.4].map(formatSeconds)).toEqual([
    '0.005 s',
    '0.123 s',
    '1.23 s',
    '24.7 s',
    '1050 s',
  ]);
  expect([0.00312, 0.5, 1.449, 9.994, 31.7].map(formatRatio)).toEqual(['0.0031', '0.50', '1.45', '9.99', '32']);
  expect(formatBytes(57.4e6)).toBe('57 MB');
  expect([1e6, 131_072, 64.2e6, 16.44e9].map(formatSize)).toEqual(['1 MB', '0.13 MB', '64 MB', '16.4 GB']);
});
