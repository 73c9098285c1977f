import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { createByteStream } from './byte-stream.ts';
import type { DataSet } from './data-set.ts';
import { growingData, hugeFolderData, largeFileData, mediumData, mediumLooseData, smallData } from './data-set.ts';

function numbersOf({ files }: DataSet): number[] {
  return Array.from({ length: files }, (_, number) => number);
}

function foldersOf(set: DataSet): number {
  return new Set(numbersOf(set).map((number) => dirname(set.pathOf(number)))).size;
}

test('the sets are as large as the budgets say', () => {
  expect(smallData(1)).toMatchObject({ files: 70_000, bytes: 19_250_000 });
  expect(mediumData(1).files).toBe(25_000);
  expect(mediumData(1).bytes).toBeGreaterThan(1.6e9);
  expect(hugeFolderData(1).files).toBe(1_000_000);
  expect(Math.abs(hugeFolderData(1).bytes / 100e6 - 1)).toBeLessThan(0.01);
  expect(largeFileData(1)).toMatchObject({ files: 1, bytes: 2e9 });
  expect(growingData(10_000, 1).files).toBe(10_000);
});

test('1,000 files lie in a folder, or all of them in one', () => {
  expect(foldersOf(smallData(1))).toBe(70);
  expect(foldersOf(hugeFolderData(0.01))).toBe(1);
  expect(largeFileData(1).pathOf(0)).toBe('');
});

test('no two files have one path', () => {
  const set = mediumData(1);
  expect(new Set(numbersOf(set).map(set.pathOf)).size).toBe(set.files);
});

test('sizes stay in their range, and those of the loose part above what goes into a pack', () => {
  const medium = mediumData(0.1);
  const loose = mediumLooseData(1);
  const sizes = (set: DataSet): number[] =>
    numbersOf(set)
      .map(set.sizeOf)
      .toSorted((a, b) => a - b);
  expect(sizes(medium)[0]).toBeGreaterThanOrEqual(35_000);
  expect(sizes(medium).at(-1)).toBeLessThanOrEqual(100_000);
  expect(sizes(loose)[0]).toBeGreaterThan(64 * 1024);
  expect(sizes(loose).at(-1)).toBeLessThanOrEqual(100_000);
  const aboveInMedium = sizes(mediumData(1)).filter((size) => size > 64 * 1024).length;
  expect(Math.abs(aboveInMedium / loose.files - 1)).toBeLessThan(0.02);
});

test('a share of a set has at least one file', () => {
  expect(smallData(0.01).files).toBe(700);
  expect(smallData(0.000_001).files).toBe(1);
  expect(largeFileData(0.01).bytes).toBe(20_000_000);
});

test('the same seed gives the same bytes however they are taken, another one others', () => {
  const whole = createByteStream(1).take(3_000_000);
  const stream = createByteStream(1);
  const pieces = Buffer.concat([stream.take(1), stream.take(1_048_576), stream.take(0), stream.take(1_951_423)]);
  expect(pieces.equals(whole)).toBe(true);
  expect(createByteStream(2).take(3_000_000).equals(whole)).toBe(false);
});
