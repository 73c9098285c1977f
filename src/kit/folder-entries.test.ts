import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { entriesOneByOne, folderEntries } from './folder-entries.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pipe-entries-'));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

test('entries are the same one by one as all at once', () => {
  mkdirSync(join(root, 'folder'));
  for (let at = 0; at < 5_000; at += 1) writeFileSync(join(root, `é ${String(at)}`), '');
  const [all, each] = [folderEntries(root), entriesOneByOne(root)].map((entries) =>
    [...entries].map((entry) => `${entry.name} ${String(entry.isDirectory())}`).sort(),
  );
  expect(all).toHaveLength(5_001);
  expect(each).toEqual(all);
});

test('a folder that is not there says so at once', () => {
  expect(() => folderEntries(join(root, 'absent'))).toThrow('ENOENT');
});
