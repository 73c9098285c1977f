import { expect, test } from 'vitest';
import { progressInTurns } from '../report/progress.ts';
import { workProgress } from './work-progress.ts';

/** A terminal that keeps the lines that were written over one another. */
function terminal(columns = 120): { readonly lines: () => string[]; readonly stderr: NodeJS.WriteStream } {
  const written: string[] = [];
  const stderr = { isTTY: true, columns, write: (text: string) => written.push(text) };
  const lines = (): string[] => written.map((text) => text.replace('\r\u001b[K', '')).filter((text) => text !== '');
  return { lines, stderr: stderr as unknown as NodeJS.WriteStream };
}

test('files and bytes add up, and begin anew with other work', () => {
  const { lines, stderr } = terminal();
  let now = 0;
  const progress = workProgress({ stderr, env: {}, label: 'looking at', now: () => now });
  now = 1_000;
  progress.done(10, 1_000_000);
  now = 2_000;
  progress.done(10, 1_000_000);
  progress.begin('checking out');
  progress.expect(4, 400_000_000);
  now = 4_000;
  progress.done(0, 100_000_000);
  progress.expect(-1, -100_000_000);
  now = 5_000;
  progress.done(2, 50_000_000);
  progress.done(9, 0);
  now = 6_000;
  progress.done(0, 0);
  progress.end();
  expect(lines()).toEqual([
    'looking at 10 files · 1.0 MB · 1.0 MB/s · 10 files/s',
    'looking at 20 files · 2.0 MB · 1.0 MB/s · 10 files/s',
    'checking out 0 of 4 files · 100 MB of 400 MB · 50.0 MB/s · 6 s left',
    'checking out 2 of 3 files · 150 MB of 300 MB · 50.0 MB/s · 1 files/s · 2 s left',
    'checking out 11 files · 150 MB · 37.5 MB/s · 3 files/s',
  ]);
});

test('on a narrow terminal speeds are left out, and no number is cut', () => {
  const { lines, stderr } = terminal(60);
  let now = 0;
  const progress = workProgress({ stderr, env: {}, label: 'checking out', now: () => now });
  progress.expect(70_000, 400_000_000);
  now = 1_000;
  progress.done(12_870, 100_000_000);
  expect(lines()).toEqual(['checking out 12,870 of 70,000 files · 100 MB of 400 MB']);
});

test('each kind of work has a line of its own, which begins when it does', () => {
  const { lines, stderr } = terminal();
  let now = 0;
  const progress = progressInTurns({ stderr, env: {}, now: () => now });
  progress.at('looking through storage').update(1);
  now = 1_000;
  progress.at('looking through storage').update(500);
  progress.at('packing anew in storage', 'packs').update(0, 3);
  now = 2_000;
  progress.at('packing anew in storage', 'packs').update(1, 3);
  progress.end();
  expect(lines()).toEqual([
    'looking through storage 500 files · 500 files/s',
    'packing anew in storage 1 of 3 packs · 1 packs/s · 2 s left',
  ]);
});
