import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { installTool, toolFolder } from './cache.ts';

let cache = '';

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'pipe-cache-'));
  vi.stubEnv('XDG_CACHE_HOME', cache);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(cache, { recursive: true });
});

test('a tool is installed once per version', async () => {
  const install = vi.fn((folder: string) => writeFile(join(folder, 'tool'), ''));
  expect(await installTool('tool-1', install)).toBe(toolFolder('tool-1'));
  await installTool('tool-1', install);
  await installTool('tool-2', install);
  expect(install).toHaveBeenCalledTimes(2);
  expect(await readdir(toolFolder('tool-1'))).toEqual(['tool']);
});

test('an install that failed leaves nothing behind and is tried again', async () => {
  await expect(installTool('tool-1', () => Promise.reject(new Error('no network')))).rejects.toThrow('no network');
  expect(await readdir(join(cache, 'pipe-test-tools'))).toEqual([]);
  await installTool('tool-1', () => Promise.resolve());
  expect(await readdir(toolFolder('tool-1'))).toEqual([]);
});

test('of two installs at once one is kept', async () => {
  const install = (word: string) => (folder: string) => writeFile(join(folder, word), '');
  await Promise.all([installTool('tool-1', install('a')), installTool('tool-1', install('b'))]);
  expect(await readdir(toolFolder('tool-1'))).toHaveLength(1);
  expect(await readdir(join(cache, 'pipe-test-tools'))).toHaveLength(2);
});
