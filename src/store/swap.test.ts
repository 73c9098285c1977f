import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { swap } from './swap.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-swap-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const at = (path: string): string => join(folder, path);

test('a folder takes the place of a folder, and a file that of one, with nothing left behind', () => {
  mkdirSync(at('old'));
  writeFileSync(at('old/precious'), 'old');
  mkdirSync(at('new'));
  writeFileSync(at('file'), 'file');
  swap(at('new'), at('old'), true);
  expect(readdirSync(at('old'))).toEqual([]);
  swap(at('file'), at('old'), false);
  expect(readFileSync(at('old'), 'utf8')).toBe('file');
  expect(readdirSync(folder)).toEqual(['old']);
});

test('where the new one cannot take its place, the old one lies there as before', () => {
  mkdirSync(at('data'));
  writeFileSync(at('data/precious'), 'old');
  writeFileSync(at('file'), 'old');
  for (const target of ['data', 'file']) {
    expect(() => { swap(at('absent'), at(target), true); }).toThrow('ENOENT'); // prettier-ignore
  }
  expect([readFileSync(at('data/precious'), 'utf8'), readFileSync(at('file'), 'utf8')]).toEqual(['old', 'old']);
  expect(readdirSync(folder).sort()).toEqual(['data', 'file']);
});

test('where nothing lay, a failure leaves nothing there', () => {
  expect(() => { swap(at('absent'), at('data'), true); }).toThrow('ENOENT'); // prettier-ignore
  expect(existsSync(at('data'))).toBe(false);
});
