import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseProgress } from './progress.ts';

test('a report has a fraction, a message, or both', () => {
  expect(parseProgress('::progress 0.25 epoch 15/60')).toEqual({ fraction: 0.25, message: 'epoch 15/60' });
  expect(parseProgress('::progress 1')).toEqual({ fraction: 1 });
  expect(parseProgress('::progress - loading data')).toEqual({ message: 'loading data' });
  expect(parseProgress('::progress -')).toEqual({});
  expect(parseProgress('::progress\t.5\t  spaced  out ')).toEqual({ fraction: 0.5, message: 'spaced  out' });
});

test('fractions are read as languages print them', () => {
  const read = (number: string): number | undefined => parseProgress(`::progress ${number}`)?.fraction;
  expect(['0', '0.0', '1.', '1e-05', '5E-1', '0.30000000000000004'].map(read)).toEqual([
    0, 0, 1, 0.00001, 0.5, 0.30000000000000004,
  ]);
});

test('more than the whole counts as the whole', () => {
  expect(parseProgress('::progress 1.0000001')).toEqual({ fraction: 1 });
  expect(parseProgress('::progress 1e999')).toEqual({ fraction: 1 });
});

test('a line of another form is ordinary output', () => {
  const lines = [
    '',
    'progress 0.5',
    ' ::progress 0.5',
    '::progress',
    '::progress ',
    '::progress0.5',
    '::progress nan',
    '::progress NaN loss',
    '::progress inf',
    '::progress -0.1',
    '::progress +1',
    '::progress 0x1',
    '::progress 50%',
    '::progress 1,5',
    '::progress 0.5epoch',
    `::progress ${'9'.repeat(500)}`,
  ];
  for (const line of lines) expect(parseProgress(line)).toBeUndefined();
});

test('a message cannot steer the terminal', () => {
  expect(parseProgress('::progress - \u001b[31mred\u001b[0m\u0007 a\rb\u009b2J')).toEqual({ message: 'red a b' });
});

test('a huge line costs nothing and is cut', () => {
  const { message = '' } = parseProgress(`::progress 0.5 ${'x'.repeat(10_000_000)}`) ?? {};
  expect(message).toHaveLength(200);
  expect(message.endsWith('…')).toBe(true);
  const rockets = parseProgress(`::progress 0.5 ${'🚀'.repeat(300)}`)?.message ?? '';
  expect(rockets).toBe(`${'🚀'.repeat(99)}…`);
});

test('whatever follows the word, the answer is sound', () => {
  fc.assert(
    fc.property(fc.oneof(fc.double(), fc.string()), fc.string({ unit: 'binary', maxLength: 400 }), (number, text) => {
      const found = parseProgress(`::progress ${String(number)} ${text}`);
      if (found?.fraction !== undefined) expect(found.fraction >= 0 && found.fraction <= 1).toBe(true);
      // eslint-disable-next-line no-control-regex
      expect(found?.message ?? '').not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      expect((found?.message ?? '').length).toBeLessThanOrEqual(200);
    }),
  );
});
