import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { largeFileData, mediumData, smallData } from './data-set.ts';
import { changeFile, dataState, restoreFile, verifyData, verifyLinked, writeData } from './files.ts';
import { addedBytes, storeFiles } from './store-files.ts';

const SET = smallData(0.0005);
let folder = '';
let data = '';
const fileAt = (number: number): string => join(data, SET.pathOf(number));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-bench-test-'));
  data = join(folder, 'data');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function verified(): void {
  verifyData(data, SET);
}

/** Changes one bit. */
function spoil(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = bytes[at]! ^ 1;
  writeFileSync(path, bytes);
}

test('what is written is what is looked for, also in sizes that differ', () => {
  writeData(data, SET);
  verified();
  const medium = mediumData(0.0002);
  writeData(join(folder, 'medium'), medium);
  verifyData(join(folder, 'medium'), medium);
});

test('one wrong bit, a file that is missing and one too many are found', () => {
  writeData(data, SET);
  spoil(fileAt(17), 274);
  expect(verified).toThrow(fileAt(17));
  restoreFile(data, SET, 17);
  verified();
  writeFileSync(join(data, 'stranger'), '');
  expect(verified).toThrow('36 files instead of 35');
  rmSync(join(data, 'stranger'));
  rmSync(fileAt(34));
  expect(verified).toThrow('f0000034');
});

test('a change is other bytes of the same length, each time', () => {
  writeData(data, SET);
  const first = changeFile(data, SET, { number: 3, round: 1 });
  verifyData(data, SET, first);
  expect(verified).toThrow(fileAt(3));
  const second = changeFile(data, SET, { number: 3, round: 2 });
  expect(() => {
    verifyData(data, SET, first);
  }).toThrow(fileAt(3));
  verifyData(data, SET, second);
});

test('a change of a large file is a piece in its middle', () => {
  const large = largeFileData(0.009);
  writeData(data, large);
  const before = readFileSync(data);
  for (const round of [1, 2]) {
    const changes = changeFile(data, large, { number: 0, round });
    const after = readFileSync(data);
    expect(after).toHaveLength(before.length);
    expect(after.subarray(0, 8 * 1024 * 1024).equals(before.subarray(0, 8 * 1024 * 1024))).toBe(true);
    verifyData(data, large, changes);
    expect(() => {
      verifyData(data, large);
    }).toThrow(data);
  }
  restoreFile(data, large, 0);
  verifyData(data, large);
});

test('a large file is compared in pieces, to its last byte', () => {
  const large = largeFileData(0.009);
  const verifyLarge = (): void => {
    verifyData(data, large);
  };
  writeData(data, large);
  verifyLarge();
  spoil(data, large.bytes - 1);
  expect(verifyLarge).toThrow(data);
  spoil(data, large.bytes - 1);
  verifyLarge();
  truncateSync(data, large.bytes - 1);
  expect(verifyLarge).toThrow(data);
});

test('a file that is written again with the same bytes changes the state', () => {
  writeData(data, SET);
  const before = dataState(data, SET);
  expect(dataState(data, SET)).toBe(before);
  rmSync(fileAt(5));
  restoreFile(data, SET, 5);
  expect(dataState(data, SET)).not.toBe(before);
});

test('a file without another name is no hard link', () => {
  const one = smallData(0.00001);
  writeData(data, one);
  const file = join(data, one.pathOf(0));
  expect(() => {
    verifyLinked(data, one);
  }).toThrow(file);
  linkSync(file, join(folder, 'other'));
  verifyLinked(data, one);
});

test('what a store has more than before is counted, what is being written is not', () => {
  const store = join(folder, 'store');
  const write = (path: string, size: number): void => {
    mkdirSync(join(store, path, '..'), { recursive: true });
    writeFileSync(join(store, path), Buffer.alloc(size));
  };
  write('v1/packs/a.pack', 100);
  write('v1/packs/b.pack', 10);
  const before = storeFiles(store);
  expect(addedBytes(before, storeFiles(store))).toBe(0);
  write('v1/tmp/c.pack', 1000);
  write('v1/loose/ab/cd', 7);
  write('v1/packs/b.pack', 11);
  expect(addedBytes(before, storeFiles(store))).toBe(18);
});
