import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lineSplitter } from './lines.ts';

function linesOf(chunks: readonly Uint8Array[]): string[] {
  const lines: string[] = [];
  const splitter = lineSplitter((line) => lines.push(line));
  for (const chunk of chunks) splitter.write(Buffer.from(chunk));
  splitter.end();
  return lines;
}

/** The definition: the text at its line ends, what follows the last one unless it is empty; of each what a terminal would show. */
function naive(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => line.replace(/\r+$/, '').split('\r').at(-1) ?? '');
}

test('lines are the same however the bytes arrive', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '😀', '\n', '\r', '\r\n', '\0', '\ufeff') });
  fc.assert(
    fc.property(text, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (written, sizes) => {
      const bytes = Buffer.from(written);
      const chunks: Buffer[] = [];
      for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
        const end = at + (sizes[turn % sizes.length] ?? 1);
        chunks.push(bytes.subarray(at, end));
        at = end;
      }
      expect(linesOf(chunks)).toEqual(naive(written));
    }),
  );
});

test('a line without end is handed on in pieces that lose nothing, not even half a character', () => {
  const text = `x${'😀'.repeat(100_000)}`;
  const lines = linesOf([Buffer.from(text.slice(0, 70_001)), Buffer.from(text.slice(70_001))]);
  expect(lines.join('')).toBe(text);
  expect(lines.length).toBeGreaterThan(2);
  for (const line of lines) expect(Buffer.from(line).toString()).toBe(line);
});

test('a long line that ends at last has no empty line after it', () => {
  const long = 'x'.repeat(64 << 10);
  expect(linesOf([Buffer.from(long), Buffer.from('\n')])).toEqual([long]);
  expect(linesOf([Buffer.from(`${long}y`), Buffer.from('\nz')])).toEqual([long, 'y', 'z']);
});

test('of a bar of progress only the last state is handed on, however long it ran', () => {
  expect(linesOf([Buffer.from('\r 10%\r 50%'), Buffer.from('\r100%\nnext\r\n')])).toEqual(['100%', 'next']);
  expect(linesOf([Buffer.from('10%\r'), Buffer.from('100%\r')])).toEqual(['100%']);
  const frame = Buffer.from(`\r${'#'.repeat(1000)}`);
  expect(linesOf([...Array<Buffer>(200).fill(frame), Buffer.from('\rdone\n')])).toEqual(['done']);
});

test('bytes that are no text are replaced and end no line', () => {
  expect(linesOf([Buffer.from([0xff, 0x61, 0x0a, 0xc3])])).toEqual(['\ufffda', '\ufffd']);
});
