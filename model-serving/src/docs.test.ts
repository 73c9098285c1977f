import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { errorCodes } from './api/error.ts';
import { problemCodes } from './problem.ts';

test('docs/serving.md explains every code, and no other', async () => {
  const text = await readFile(new URL('../../docs/serving.md', import.meta.url), 'utf8');
  const explained = [...text.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code]) => code);
  expect(explained.sort()).toEqual([...errorCodes, ...problemCodes].sort());
});
