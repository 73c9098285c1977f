import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addAt, checkoutAt, engineAt, newProject, pointersOf, write } from '../project.fixture.ts';

let base: string;
let root: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'pipe-lost-base-'));
  root = newProject(base);
});
afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

const at = (path: string): string => join(root, path);
const LOST = { problems: [{ code: 'PIPE_OBJECT_MISSING' }] };

/** A folder that lies here as it was, while another version of it is recorded; the list of what lies here is gone. */
async function behindAndLost(): Promise<void> {
  write(root, { 'd/a': '1', 'd/b': '1' });
  await addAt(root, ['d']);
  const [former] = pointersOf(await engineAt(root));
  copyFileSync(at('.pipe/tmp/bases.json'), join(base, 'bases.json'));
  write(root, { 'd/a': 'of another' });
  await addAt(root, ['d']);
  write(root, { 'd/a': '1' });
  copyFileSync(join(base, 'bases.json'), at('.pipe/tmp/bases.json'));
  const list = (await engineAt(root)).store.layout.loose(former!.entry.digest);
  expect(existsSync(list)).toBe(true);
  rmSync(list);
}

test('where the list of what lay here is gone, what others have recorded is not taken for reverted here', async () => {
  await behindAndLost();
  write(root, { 'd/c': 'new' });
  const pointer = readFileSync(at('d.pipe'), 'utf8');
  await expect(addAt(root, ['d'])).rejects.toMatchObject(LOST);
  expect(readFileSync(at('d.pipe'), 'utf8')).toBe(pointer);
});

test('to add a part of the folder does not forget that', async () => {
  await behindAndLost();
  write(root, { 'd/c': 'new' });
  await addAt(root, ['d/c']);
  write(root, { 'd/e': 'new' });
  await expect(addAt(root, ['d'])).rejects.toMatchObject(LOST);
});

test('a checkout of what is recorded ends it', async () => {
  await behindAndLost();
  expect(await checkoutAt(root)).toMatchObject([{ state: 'modified', modified: 1 }]);
  write(root, { 'd/c': 'new' });
  await addAt(root, ['d']);
  expect(readFileSync(at('d/a'), 'utf8')).toBe('of another');
});
