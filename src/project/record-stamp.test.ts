import { mkdirSync, mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { editLockFolder, withEditLock } from './edit-lock.ts';
import { mayHaveChanged, recordStamp } from './record-stamp.ts';

const pipeDir = mkdtempSync(join(tmpdir(), 'pipe-stamp-'));
afterAll(() => {
  rmSync(pipeDir, { recursive: true });
});

function longAgo(): void {
  utimesSync(join(pipeDir, 'tmp'), 1_000_000, 1_000_000.5);
}

test('where nothing was ever written, the first change shows', () => {
  const stamp = recordStamp({ pipeDir });
  expect(mayHaveChanged({ pipeDir }, stamp)).toBe(false);
  withEditLock(editLockFolder(pipeDir), () => undefined);
  expect(mayHaveChanged({ pipeDir }, stamp)).toBe(true);
});

test('each change under the lock of pointers shows, and nothing else is taken for one', () => {
  mkdirSync(join(pipeDir, 'tmp'), { recursive: true });
  longAgo();
  const stamp = recordStamp({ pipeDir });
  expect(mayHaveChanged({ pipeDir }, stamp)).toBe(false);
  withEditLock(editLockFolder(pipeDir), () => undefined);
  expect(mayHaveChanged({ pipeDir }, stamp)).toBe(true);
});

test('a stamp that was taken right after a change tells nothing', () => {
  const now = Date.now() / 1_000;
  utimesSync(join(pipeDir, 'tmp'), now, now);
  expect(mayHaveChanged({ pipeDir }, recordStamp({ pipeDir }))).toBe(true);
});
