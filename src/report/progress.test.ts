import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { formatBytes } from './bytes.ts';
import { createProgress } from './progress.ts';

function terminal(isTTY: boolean): { stderr: Writable; written: string[] } {
  const written: string[] = [];
  const stderr = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk.toString());
      done();
    },
  });
  return { stderr: Object.assign(stderr, { isTTY, columns: 60 }), written };
}

test('a terminal sees how far it is, how fast, and how long it takes yet', () => {
  const { stderr, written } = terminal(true);
  let time = 0;
  const progress = createProgress({ stderr, env: {}, label: 'Checking', inBytes: true, now: () => time });
  progress.update(1, 4 << 20);
  expect(written).toEqual([]);
  time = 2_000;
  progress.update(1 << 20, 4 << 20);
  time = 2_050;
  progress.update(2 << 20, 4 << 20);
  expect(written).toEqual(['\r\u001b[KChecking: 1.0 MiB of 4.0 MiB, 25 %, 512 KiB/s, 6 s left']);
  progress.end();
  expect(written.at(-1)).toBe('\r\u001b[K');
});

test('a count without an end says what was done, with bytes beside it', () => {
  const { stderr, written } = terminal(true);
  let time = 0;
  const progress = createProgress({ stderr, env: {}, label: 'Storing', now: () => time });
  time = 500;
  progress.update(12_345, undefined, 2048);
  expect(written).toEqual(['\r\u001b[KStoring: 12,345, 2.0 KiB']);
});

test.each([
  ['no terminal', { isTTY: false, env: {}, quiet: false }],
  ['a terminal that knows no more than text', { isTTY: true, env: { TERM: 'dumb' }, quiet: false }],
  ['somebody who wants silence', { isTTY: true, env: {}, quiet: true }],
])('%s sees nothing', (_name, { isTTY, env, quiet }) => {
  const { stderr, written } = terminal(isTTY);
  let time = 0;
  const progress = createProgress({ stderr, env, quiet, label: 'Checking', now: () => time });
  time = 5_000;
  progress.update(1, 2);
  progress.end();
  expect(written).toEqual([]);
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [99.9 * 1024, '99.9 KiB'],
  [100 * 1024, '100 KiB'],
  [1023.9 * 1024, '1.0 MiB'],
  [5 * 2 ** 40, '5.0 TiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
