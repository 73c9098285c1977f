import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readTextFile } from './text-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-text-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('a file of text is read; where none is, there is no text', () => {
  writeFileSync(join(folder, 'file'), 'é\r\n');
  mkdirSync(join(folder, 'folder'));
  symlinkSync('nowhere', join(folder, 'link'));
  expect(readTextFile(join(folder, 'file'), 'file')).toBe('é\r\n');
  for (const name of ['none', 'folder', 'link', 'file/below']) {
    expect(readTextFile(join(folder, name), name)).toBeUndefined();
  }
});

test('a file that is too large for a text is refused by its size', () => {
  writeFileSync(join(folder, 'huge'), '');
  truncateSync(join(folder, 'huge'), 2 ** 40);
  expect(() => readTextFile(join(folder, 'huge'), 'params.yaml')).toThrow(
    'PIPE_FILE_TOO_BIG params.yaml has 1048576 MiB; up to 64 are read',
  );
});

test('a file that cannot be read is a problem that names it', () => {
  symlinkSync('circle', join(folder, 'circle'));
  expect(() => readTextFile(join(folder, 'circle'), 'circle')).toThrow(/PIPE_FILE_READ cannot read circle: it is/);
  const long = 'x'.repeat(300);
  expect(() => readTextFile(join(folder, long), long)).toThrow(/PIPE_FILE_READ .* too long/);
});
