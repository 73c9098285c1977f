import { expect, test } from 'vitest';
import { outputLine } from './output.ts';

const plain = (line: string): string => outputLine(line, { color: false });
const colored = (line: string): string => outputLine(line, { color: true });

test('a line that overwrites itself shows its last state', () => {
  expect(plain('10%\r20%\r30%')).toBe('30%');
  expect(plain('done\r')).toBe('done');
  expect(plain('a\rb\r')).toBe('b');
  expect(plain('\r')).toBe('');
});

test('colours of a command pass to a coloured terminal, and end with the line', () => {
  expect(colored('\u001b[31mred\u001b[0m text')).toBe('\u001b[31mred\u001b[0m text\u001b[0m');
  expect(plain('\u001b[31mred\u001b[0m text')).toBe('red text');
});

test('nothing that moves the cursor, sets the title or rings passes', () => {
  const evil = '\u001b[2J\u001b[1;1Hx\u001b]0;title\u0007y\u0008\u009b2Jz\u001b[?25l';
  for (const shown of [plain(evil), colored(evil)]) {
    // eslint-disable-next-line no-control-regex
    expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    expect(shown).toContain('x');
  }
});

test('a tab is four columns', () => {
  expect(plain('a\tb')).toBe('a    b');
});

test('a huge line is cut when only so much of it can be shown', () => {
  expect(outputLine(`50%\r${'x'.repeat(100_000)}`, { color: false, longest: 80 })).toBe('x'.repeat(80));
  expect(plain('x'.repeat(100_000))).toHaveLength(100_000);
});
