import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockText } from '../lockfile/lock.ts';
import { entryAt } from '../store/entry-at.ts';
import { addAt, checkoutAt, engineAt, newProject, pointersOf, write } from './project.fixture.ts';

let base: string;
let root: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'pipe-gone-links-'));
  root = newProject(base);
});
afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

const at = (path: string): string => join(root, path);

/** Enough small files that their objects lie in a pack. */
const MANY = Object.fromEntries(Array.from({ length: 300 }, (_, each) => [`d/n${String(each)}`, `${String(each)}\n`]));

test('a link whose object lies in a pack by now gives way to what it stands for', async () => {
  write(root, MANY);
  await addAt(root, ['d']);
  const { store, ...engine } = await engineAt(root);
  const [tracked] = pointersOf(engine);
  const loose = store.layout.loose(entryAt(store, tracked!.entry, 'n1')!.digest);
  expect(existsSync(loose)).toBe(false);
  rmSync(at('d/n1'));
  symlinkSync(loose, at('d/n1'));
  expect(await checkoutAt(root, { type: 'symlink' })).toMatchObject([{ state: 'modified', missing: [] }]);
  expect(readFileSync(at('d/n1'), 'utf8')).toBe('1\n');
  expect(await checkoutAt(root, { type: 'symlink' })).toMatchObject([{ state: 'unchanged', missing: [] }]);
});

test('a link to nothing that is no part of what is recorded is not missing', async () => {
  write(root, { 'd/a': '1', 'd/b': '2' });
  await addAt(root, ['d']);
  symlinkSync(`${base}/other/v1/loose/ab/${'c'.repeat(62)}`, at('d/own'));
  expect(await checkoutAt(root)).toMatchObject([{ state: 'unchanged', missing: [] }]);
  expect(lstatSync(at('d/own')).isSymbolicLink(), 'and left alone').toBe(true);
  // One that is recorded is.
  rmSync(at('d/a'));
  symlinkSync(`${base}/other/v1/loose/ab/${'c'.repeat(62)}`, at('d/a'));
  const { store, ...engine } = await engineAt(root);
  rmSync(store.layout.loose(entryAt(store, pointersOf(engine)[0]!.entry, 'a')!.digest));
  expect(await checkoutAt(root, { force: true })).toMatchObject([{ state: 'missing' }]);
});

test('without the graph, too, a link of an out keeps what was written through it when its object is put right', async () => {
  const bytes = 'right'.repeat(1000);
  const engine = await engineAt(root);
  const { store } = engine;
  const digest = await store.put(bytes);
  const out = { path: 'out', kind: 'file', digest, size: bytes.length } as const;
  const block = { cmd: 'make', wdir: '.', deps: [], params: new Map(), env: new Map(), outs: [out] };
  writeFileSync(at('pipeline.lock'), lockText(new Map([['make', block]])));
  const object = store.layout.loose(digest);
  mkdirSync(dirname(at('out')), { recursive: true });
  symlinkSync(object, at('out'));
  rmSync(object);
  writeFileSync(object, 'edited through the link');
  const other = await engineAt(root);
  await other.store.putFile(async (target) => {
    writeFileSync(target, bytes);
    return Promise.resolve(digest);
  });
  expect(readFileSync(object, 'utf8')).toBe(bytes);
  expect(lstatSync(at('out')).isSymbolicLink()).toBe(false);
  expect(readFileSync(at('out'), 'utf8')).toBe('edited through the link');
});
