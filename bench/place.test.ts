import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hugeFolderData, largeFileData } from './data/data-set.ts';
import { spaceFor } from './data/space.ts';
import type { Place } from './place.ts';
import { lackOf } from './place.ts';

let place: Place;

beforeEach(() => {
  place = { kind: 'disk', filesystem: 'ext4', folder: mkdtempSync(join(tmpdir(), 'pipe-bench-test-')) };
});
afterEach(() => {
  rmSync(place.folder, { recursive: true });
});

test('a scenario is measured where it fits, and what it lacks elsewhere is said', () => {
  expect(lackOf(undefined, place)).toBeUndefined();
  expect(lackOf({ bytes: 1, files: 1 }, place)).toBeUndefined();
  expect(lackOf({ bytes: 1e18, files: 1 }, place)).toMatch(/^it needs 1000000000.0 GB on disk, where .* are free$/);
});

test('small files take whole blocks', () => {
  const { bytes, files } = spaceFor(hugeFolderData(0.001), 3);
  expect(files).toBe(3000);
  expect(bytes).toBe(3000 * (4096 + 1024));
  expect(spaceFor(largeFileData(1), 1).bytes).toBeLessThan(2.001e9);
});
