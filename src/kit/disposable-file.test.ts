import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeDisposable } from './disposable-file.ts';

test('a disposable file is written with its folder, and left out where that cannot be done', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pipe-disposable-'));
  writeDisposable(join(folder, 'a/b/c'), 'text');
  expect(readFileSync(join(folder, 'a/b/c'), 'utf8')).toBe('text');
  writeFileSync(join(folder, 'file'), 'kept');
  mkdirSync(join(folder, 'folder/x'), { recursive: true });
  for (const name of ['file/below', 'file/far/below', 'folder', 'x'.repeat(300)]) {
    writeDisposable(join(folder, name), 'lost');
  }
  expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('kept');
  rmSync(folder, { recursive: true });
});
