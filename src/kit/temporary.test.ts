import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { removeTemporaries, temporaryBeside } from './temporary.ts';

test('what a process has not finished lies beside its target, and can be removed when that process is gone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pipe-temporary-'));
  const [file, tree] = [temporaryBeside(join(folder, 'a')), temporaryBeside(join(folder, 'b'))];
  expect(dirname(file)).toBe(folder);
  writeFileSync(file, '');
  mkdirSync(join(tree, 'deep'), { recursive: true });
  writeFileSync(join(folder, 'mine'), '');
  removeTemporaries(folder, Number(`${String(process.pid)}0`));
  expect(existsSync(file)).toBe(true);
  removeTemporaries(folder, process.pid);
  expect(readdirSync(folder)).toEqual(['mine']);
  removeTemporaries(join(folder, 'none'), process.pid);
  removeTemporaries(join(folder, 'mine'), process.pid);
  rmSync(folder, { recursive: true });
});
