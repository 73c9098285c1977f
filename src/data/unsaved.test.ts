import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Digest } from '../kit/digest.ts';
import { addAt, checkoutAt, engineAt, newProject, pointersOf, write } from './project.fixture.ts';
import { remove } from './remove.ts';

let base: string;
let root: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'pipe-unsaved-'));
  root = newProject(base);
});
afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

const text = (path: string): string => readFileSync(join(root, path), 'utf8');
const digestOf = async (bytes: string): Promise<Digest> => (await engineAt(root)).blake3.hash(bytes);

/** What the store gives for some bytes, in a process of its own. */
async function stored(bytes: string): Promise<string | undefined> {
  const { store, blake3 } = await engineAt(root);
  return store.read(blake3.hash(bytes), bytes.length)?.toString();
}

/** Changes a byte of what the store has, and nobody can see it but who reads: a disk that fails. */
async function spoil(bytes: string): Promise<void> {
  const { store, blake3 } = await engineAt(root);
  const digest = blake3.hash(bytes);
  const packed = store.packedPlace(digest);
  const path = packed?.file ?? store.layout.loose(digest);
  const { atimeMs, mtimeMs, mode } = statSync(path);
  const wrong = readFileSync(path);
  wrong[packed?.offset ?? 0]! ^= 0x10;
  chmodSync(path, 0o600);
  writeFileSync(path, wrong);
  chmodSync(path, mode);
  // The middle of a microsecond: Node.js cuts off what is below.
  utimesSync(path, atimeMs / 1000, mtimeMs / 1000 + 5e-7);
}

/** So many small files that they are packed, one that is large, and one in a folder of its own. */
function contents(version: string): Record<string, string> {
  const many = Array.from({ length: 40 }, (_, at) => [`d/n${String(at)}`, `${version} ${String(at)}`]);
  return { ...Object.fromEntries(many), 'd/large': version.repeat(40_000), 'd/s/deep': `${version} deep`, z: version };
}

/** Tracks `d` and `z`; what is recorded is older than what lies there, which the store has. Returns the newer `d.pipe`. */
async function twoVersions(): Promise<string> {
  write(root, contents('one'));
  await addAt(root, ['d', 'z']);
  const pointers = Object.fromEntries(['d.pipe', 'z.pipe'].map((file) => [file, text(file)]));
  write(root, contents('two'));
  await addAt(root, ['d', 'z']);
  const newer = text('d.pipe');
  write(root, pointers);
  return newer;
}

const removeAll = async (): Promise<unknown> => {
  const engine = await engineAt(root);
  const wanted = pointersOf(engine).map((pointer) => ({ kind: 'pointer', pointer, below: '' }) as const);
  return remove(engine, wanted, { outs: true, links: engine.links, signal: new AbortController().signal });
};

describe('of what gives way, a silently damaged object is stored again from the file', () => {
  const wrong = ['two 7', 'two'.repeat(40_000), 'two deep', 'two'];

  test('before a checkout', async () => {
    await twoVersions();
    for (const bytes of wrong) await spoil(bytes);
    await checkoutAt(root);
    expect([text('d/n7'), text('d/s/deep'), text('z')]).toEqual(['one 7', 'one deep', 'one']);
    for (const bytes of wrong) expect(await stored(bytes)).toBe(bytes);
  });

  test('before remove --outs', async () => {
    await twoVersions();
    for (const bytes of wrong) await spoil(bytes);
    await removeAll();
    expect(['d', 'z'].map((path) => existsSync(join(root, path)))).toEqual([false, false]);
    for (const bytes of wrong) expect(await stored(bytes)).toBe(bytes);
  });

  test('and what is damaged of other files is not looked for', async () => {
    write(root, { 'd.pipe': await twoVersions() });
    await spoil('two 7');
    await checkoutAt(root);
    expect([text('d/n7'), text('z')]).toEqual(['two 7', 'one']);
    const { store } = await engineAt(root);
    expect(existsSync(store.layout.quarantine)).toBe(false);
  });
});

test('a file that is but a link to its object goes unread: what it holds stays where it is', async () => {
  write(root, { z: 'x'.repeat(100_000) });
  await addAt(root, ['z'], 'hardlink');
  const object = (await engineAt(root)).store.layout.loose(await digestOf('x'.repeat(100_000)));
  expect(statSync(object).nlink).toBe(2);
  await removeAll();
  expect(statSync(object).nlink).toBe(1);
});

describe('whether something is saved is asked of files that differ from what is wanted alone', () => {
  test('in a folder, whatever becomes of the others', async () => {
    const lines = { 'd/a': 'a', 'd/b': 'b', 'd/s/c': 'c', 'd/t/e': 'e' };
    write(root, lines);
    await addAt(root, ['d']);
    const pointer = text('d.pipe');
    write(root, { 'd/b': 'other b', 'd/t/e': 'other e' });
    rmSync(join(root, 'd/s'), { recursive: true });
    write(root, { 'd/s/c': 'c', 'd/u/f': 'f' });
    await addAt(root, ['d']);
    write(root, { 'd.pipe': pointer });
    const { store } = await engineAt(root);
    for (const bytes of ['a', 'c']) rmSync(store.layout.loose(await digestOf(bytes)));
    await checkoutAt(root);
    expect(Object.keys(lines).map(text)).toEqual(Object.values(lines));
    expect(existsSync(join(root, 'd/u'))).toBe(false);
  });

  test('and one that differs and is not saved is named', async () => {
    write(root, { 'd/a': 'a', 'd/s/b': 'b' });
    await addAt(root, ['d']);
    write(root, { 'd/s/b': 'precious', 'd/s/new': 'precious, too' });
    const names = { message: 'checking out d would lose files that are not in the cache: d/s/b, d/s/new' };
    await expect(checkoutAt(root)).rejects.toMatchObject({ problems: [{ code: 'PIPE_UNSAVED', ...names }] });
    expect([text('d/s/b'), text('d/s/new')]).toEqual(['precious', 'precious, too']);
  });
});
