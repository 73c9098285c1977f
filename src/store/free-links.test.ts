import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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

test('what lies below is freed; a place where nothing is, or nothing can be, is passed over', () => {
  const object = join(root, 'object');
  writeFileSync(object, 'bytes');
  mkdirSync(join(root, 'd'));
  symlinkSync(object, join(root, 'd/link'));
  writeFileSync(join(root, 'file'), '');
  // A lock of a stranger may name any path.
  const nowhere = [join(root, 'x'.repeat(300)), join(root, 'x/'.repeat(5000))];
  freeLinks([join(root, 'none'), join(root, 'file/below'), ...nowhere, join(root, 'd')], [object]);
  rmSync(object);
  expect(readFileSync(join(root, 'd/link'), 'utf8')).toBe('bytes');
});

test('an object that is removed after it was seen has no size any more', async () => {
  const store = new ObjectStore(storeLayout(join(root, 'cache')), await loadBlake3(), () => undefined);
  const digest = await store.put('bytes');
  expect([store.has(digest), store.sizeOf(digest)]).toEqual([true, 5]);
  rmSync(store.layout.loose(digest));
  expect(store.sizeOf(digest)).toBeUndefined();
});

test('around the places that are looked at, links are freed as well, but what lies in .git and .pipe', () => {
  const object = join(root, 'object');
  writeFileSync(object, 'bytes');
  for (const folder of ['p/.pipe', 'p/.git', 'p/left/deep', 'p/d']) mkdirSync(join(root, folder), { recursive: true });
  const links = ['p/.pipe/link', 'p/.git/link', 'p/left/deep/link', 'p/d/link'].map((path) => join(root, path));
  for (const link of links) symlinkSync(object, link);
  freeLinks([join(root, 'p/d')], [object], join(root, 'p'));
  expect(links.map((link) => lstatSync(link).isSymbolicLink())).toEqual([true, true, false, false]);
});
