import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadBlake3 } from '../kit/blake3.ts';
import { freeLinks } from './free-links.ts';
import { storeLayout } from './layout.ts';
import { ObjectStore } from './object-store.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pipe-free-links-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

test('a place that the system refuses to look at is told of, one that is gone is not', () => {
  const object = join(root, 'object');
  writeFileSync(object, 'bytes');
  mkdirSync(join(root, 'd'));
  symlinkSync(object, join(root, 'd/link'));
  writeFileSync(join(root, 'file'), '');
  freeLinks([join(root, 'none'), join(root, 'file/below'), join(root, 'd')], [object]);
  rmSync(object);
  expect(readFileSync(join(root, 'd/link'), 'utf8')).toBe('bytes');
  writeFileSync(object, 'bytes');
  const refused = expect.objectContaining({ problems: [expect.objectContaining({ code: 'PIPE_FILE_READ' })] });
  expect(() => { freeLinks([join(root, 'x'.repeat(5000))], [object]); }).toThrow(refused as Error); // prettier-ignore
});

test('an object that is removed after it was seen has no size any more', async () => {
  const store = new ObjectStore(storeLayout(join(root, 'cache')), await loadBlake3(), () => undefined);
  const digest = await store.put('bytes');
  expect([store.has(digest), store.sizeOf(digest)]).toEqual([true, 5]);
  rmSync(store.layout.loose(digest));
  expect(store.sizeOf(digest)).toBeUndefined();
});
