import { expect, test } from 'vitest';
import { FileProgress } from './file-progress.ts';

const MIB = 1 << 20;

function counted(): { readonly told: (readonly [number, number])[]; readonly progress: FileProgress } {
  const told: (readonly [number, number])[] = [];
  return { told, progress: new FileProgress((files, bytes) => told.push([files, bytes])) };
}

test('small files are told in heaps, and the rest when asked', () => {
  const { told, progress } = counted();
  for (let each = 0; each < 100; each += 1) progress.file(20_000);
  expect(told).toEqual([[53, 1_060_000]]);
  progress.tell();
  expect(told.at(-1)).toEqual([47, 940_000]);
});

test('a large file is told while its bytes pass, and counts once', () => {
  const { told, progress } = counted();
  const passing = progress.passing(3 * MIB);
  for (let each = 0; each < 3; each += 1) passing(MIB);
  expect(told).toEqual([[0, MIB], [0, MIB], [0, MIB]]); // prettier-ignore
  progress.file(3 * MIB);
  progress.tell();
  expect(told.at(-1)).toEqual([1, 0]);
});

test('what is read twice, or not at all, counts as long as the file is', () => {
  const { told, progress } = counted();
  const passing = progress.passing(10);
  passing(8);
  passing(8);
  progress.file(10);
  progress.passing(20);
  progress.file(20);
  progress.tell();
  expect(told).toEqual([[2, 30]]);
});
