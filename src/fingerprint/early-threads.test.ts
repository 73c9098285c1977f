import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { holdsMany } from './early-threads.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pipe-early-'));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

function write(folder: string, files: number): void {
  mkdirSync(join(root, folder), { recursive: true });
  for (let at = 0; at < files; at += 1) writeFileSync(join(root, folder, String(at)), '');
}

test('a thousand files in one folder are many', () => {
  write('.', 999);
  expect(holdsMany(root)).toBe(false);
  writeFileSync(join(root, 'one-more'), '');
  expect(holdsMany(root)).toBe(true);
});

test('files of several folders count together', () => {
  write('a/b', 600);
  expect(holdsMany(root)).toBe(false);
  write('c/d', 600);
  expect(holdsMany(root)).toBe(true);
});

test('a file, and what is not there, hold nothing', () => {
  writeFileSync(join(root, 'file'), '');
  expect([holdsMany(join(root, 'file')), holdsMany(join(root, 'absent'))]).toEqual([false, false]);
});
