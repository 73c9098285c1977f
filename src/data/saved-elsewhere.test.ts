import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Digest } from '../kit/digest.ts';
import type { Engine } from '../run/engine.ts';
import { removeGarbage } from '../store/collect.ts';
import { Marks } from '../store/mark.ts';
import { findObjects } from '../store/stored-objects.ts';
import { beginUpkeep } from '../store/upkeep.ts';
import { addAt, checkoutAt, engineAt, newProject, pointersOf, write } from './project.fixture.ts';
import { remove } from './remove.ts';

let base: string;
let root: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'pipe-saved-'));
  root = newProject(base);
});
afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

/** A collection that knows of nothing that is recorded. */
async function collect({ store: { layout }, blake3 }: Engine): Promise<void> {
  const upkeep = await beginUpkeep(layout, blake3);
  try {
    const marks = new Marks(findObjects(layout, blake3));
    const isHeld = (path: string): boolean => upkeep.isHeld(path);
    await removeGarbage({ layout, blake3, marks, isHeld, upkeep, trashDays: undefined, now: Date.now() });
  } finally {
    upkeep.end();
  }
}

/** Ends the lease of this process, as if it was another one that stored what is there. */
async function forgetLeases(): Promise<void> {
  const { leases } = (await engineAt(root)).store.layout;
  for (const name of readdirSync(leases)) rmSync(join(leases, name));
}

/** Tracks `z`, `d/z` and `big`, and lets other bytes lie there, which are stored, too; their digests. */
async function edited(): Promise<Digest[]> {
  const big = (letter: string): string => letter.repeat(100_000);
  const [one, two] = [{ z: 'one', 'd/z': 'one in d', big: big('1') }, { z: 'two', 'd/z': 'two in d', big: big('2') }]; // prettier-ignore
  write(root, one);
  await addAt(root, ['z', 'd', 'big']);
  const pointers = Object.fromEntries(['z.pipe', 'd.pipe', 'big.pipe'].map((file) => [file, readFileSync(join(root, file), 'utf8')])); // prettier-ignore
  write(root, two);
  await addAt(root, ['z', 'd', 'big']);
  write(root, pointers);
  await forgetLeases();
  const { blake3 } = await engineAt(root);
  return Object.values(two).map((text) => blake3.hash(text));
}

test('what a checkout replaces since the store has it stays in the store while it runs', async () => {
  const digests = await edited();
  await checkoutAt(root);
  expect(readFileSync(join(root, 'z'), 'utf8')).toBe('one');
  await collect(await engineAt(root));
  const { store } = await engineAt(root);
  expect(digests.map((digest) => store.has(digest))).toEqual([true, true, true]);
});

test('and so does what remove --outs removes', async () => {
  const digests = await edited();
  const engine = await engineAt(root);
  const wanted = pointersOf(engine).map((pointer) => ({ kind: 'pointer', pointer, below: '' }) as const);
  await remove(engine, wanted, { outs: true, links: engine.links, signal: new AbortController().signal });
  await collect(await engineAt(root));
  const { store } = await engineAt(root);
  expect(digests.map((digest) => store.has(digest))).toEqual([true, true, true]);
});
