import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addAt, checkoutAt, engineAt, newProject, pointersOf, write } from './project.fixture.ts';
import { remove } from './remove.ts';

let base: string;
let root: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'pipe-touched-'));
  root = newProject(base);
});
afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

/** Enough files that restoring them tells how far it is. */
const MANY = Object.fromEntries(Array.from({ length: 1_100 }, (_, at) => [`d/n${String(at)}`, String(at)]));

const at = (path: string): string => join(root, path);
const text = (path: string): string => readFileSync(at(path), 'utf8');

/** Tracks a folder and what `files` are at first; then the folder is gone, and its files come back with a checkout. */
async function tracked(files: Readonly<Record<string, string>>): Promise<void> {
  write(root, { ...MANY, ...files });
  await addAt(root, ['d', ...new Set(Object.keys(files).map((path) => path.split('/', 1)[0] ?? ''))]);
  rmSync(at('d'), { recursive: true });
}

/** A checkout, and somebody who does something while the folder is restored. */
async function checkoutWhile(act: () => void): Promise<unknown> {
  let isDone = false;
  let isRestored = false;
  const progress = {
    begin: (what: string): void => {
      isRestored = what === 'checking out';
    },
    expect: () => undefined,
    done: (): void => {
      if (isRestored && !isDone) act();
      isDone ||= isRestored;
    },
  };
  const told = await checkoutAt(root, { progress }).catch((error: unknown) => error);
  expect(isDone).toBe(true);
  return told;
}

const CHANGED = { problems: [{ code: 'PIPE_FILE_CHANGED' }] };

test('a checkout leaves a file that was edited since it was looked at', async () => {
  await tracked({ z: 'recorded' });
  write(root, { z: 'known' });
  await addAt(root, ['z']);
  write(root, { z: 'recorded' });
  expect(await checkoutWhile(() => { writeFileSync(at('z'), 'precious'); })).toMatchObject(CHANGED); // prettier-ignore
  expect(text('z')).toBe('precious');
});

test('a checkout leaves a file, and a folder, that was not there when it looked', async () => {
  await tracked({ z: 'recorded', 'y/a': 'recorded' });
  rmSync(at('z'));
  expect(await checkoutWhile(() => { writeFileSync(at('z'), 'precious'); })).toMatchObject(CHANGED); // prettier-ignore
  expect(text('z')).toBe('precious');
  for (const path of ['d', 'y', 'z']) rmSync(at(path), { recursive: true });
  expect(await checkoutWhile(() => { write(root, { 'y/precious': '' }); })).toMatchObject(CHANGED); // prettier-ignore
  expect(existsSync(at('y/precious'))).toBe(true);
});

test('a checkout puts a file in place of one that is gone meanwhile', async () => {
  await tracked({ z: 'recorded' });
  write(root, { z: 'known' });
  await addAt(root, ['z']);
  write(root, { z: 'recorded' });
  expect(await checkoutWhile(() => { rmSync(at('z')); })).toHaveLength(2); // prettier-ignore
  expect(text('z')).toBe('known');
});

test('a checkout leaves a folder that is to become a file, where something in it was edited', async () => {
  write(root, { z: 'recorded' });
  await addAt(root, ['z']);
  const pointer = text('z.pipe');
  rmSync(at('z'));
  await tracked({ 'z/a': 'recorded', 'z/b/c': 'recorded' });
  writeFileSync(at('z.pipe'), pointer);
  expect(await checkoutWhile(() => { writeFileSync(at('z/b/c'), 'precious'); })).toMatchObject(CHANGED); // prettier-ignore
  expect(text('z/b/c')).toBe('precious');
});

test('a checkout leaves a symbolic link that took the place of a file, or of another link', async () => {
  write(root, { 'y/a': 'recorded', 'y/b': 'recorded' });
  symlinkSync('a', at('y/link'));
  await addAt(root, ['y']);
  const pointer = text('y.pipe');
  write(root, { 'y/a': 'known', 'y/b': 'known' });
  rmSync(at('y/link'));
  symlinkSync('b', at('y/link'));
  await tracked({ 'y/a': 'known' });
  writeFileSync(at('y.pipe'), pointer);
  write(base, { precious: 'precious' });
  for (const path of ['y/a', 'y/link']) {
    const before = lstatSync(at(path)).isSymbolicLink() ? readlinkSync(at(path)) : undefined;
    // prettier-ignore
    const relink = (target: string): void => { rmSync(at(path)); symlinkSync(target, at(path)); };
    expect(await checkoutWhile(() => { relink(join(base, 'precious')); })).toMatchObject(CHANGED); // prettier-ignore
    expect(readlinkSync(at(path))).toBe(join(base, 'precious'));
    rmSync(at(path));
    if (before === undefined) write(root, { [path]: 'known' });
    else symlinkSync(before, at(path));
    rmSync(at('d'), { recursive: true });
  }
  await checkoutAt(root);
  expect([text('y/a'), text('y/b'), readlinkSync(at('y/link'))]).toEqual(['recorded', 'recorded', 'a']);
});

test('a checkout replaces files that are links to their objects', async () => {
  const big = (letter: string): string => letter.repeat(100_000);
  write(root, { 'y/a': big('1'), 'y/b': big('2') });
  await addAt(root, ['y'], 'symlink');
  const pointer = text('y.pipe');
  rmSync(at('y'), { recursive: true });
  write(root, { 'y/a': big('3') });
  await addAt(root, ['y'], 'symlink');
  expect(lstatSync(at('y/a')).isSymbolicLink()).toBe(true);
  writeFileSync(at('y.pipe'), pointer);
  await checkoutAt(root, { type: 'symlink' });
  expect([text('y/a'), text('y/b')]).toEqual([big('1'), big('2')]);
});

test('remove --outs leaves files that were edited since they were looked at', async () => {
  write(root, { a: 'a', 'd/b': 'b', z: 'z' });
  await addAt(root, ['a', 'd', 'z']);
  const engine = await engineAt(root);
  const wanted = pointersOf(engine).map((pointer) => ({ kind: 'pointer', pointer, below: '' }) as const);
  for (const [edited, file] of [
    ['a', 'a.pipe'],
    ['d/b', 'd.pipe'],
  ] as const) {
    // prettier-ignore
    // When it is asked for `z`, the others were looked at, and nothing is removed yet.
    const hasRaw = engine.store.hasRaw.bind(engine.store);
    let asked = 0;
    engine.store.hasRaw = (...digest) => {
      asked += 1;
      if (asked === 3) writeFileSync(at(edited), 'precious');
      return hasRaw(...digest);
    };
    const removing = remove(engine, wanted, { outs: true, links: engine.links, signal: new AbortController().signal });
    await expect(removing).rejects.toMatchObject(CHANGED);
    expect(text(edited)).toBe('precious');
    expect(existsSync(at(file))).toBe(true);
    write(root, { [edited]: edited.slice(-1) });
  }
});

test('what a pointer says that Git brings meanwhile counts as newer than what was put in place', async () => {
  await tracked({});
  const older = text('d.pipe');
  write(root, { ...MANY, 'd/n7': 'theirs' });
  await addAt(root, ['d']);
  const newer = text('d.pipe');
  write(root, { 'd.pipe': older });
  rmSync(at('d'), { recursive: true });
  await checkoutWhile(() => {
    writeFileSync(at('d.pipe'), newer);
  });
  expect(text('d/n7')).toBe('7');
  write(root, { 'd/mine': 'mine' });
  await addAt(root, ['d']);
  await checkoutAt(root);
  expect([text('d/n7'), text('d/mine')]).toEqual(['theirs', 'mine']);
});
