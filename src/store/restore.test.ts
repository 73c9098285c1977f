import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadBlake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { removeTree } from '../kit/remove-tree.ts';
import { storeLayout } from './layout.ts';
import { ObjectStore } from './object-store.ts';
import { readTree } from './read-tree.ts';
import { boundedTrees } from './count-folders.ts';
import { isComplete, nestsTooDeep } from './completeness.ts';
import { checkInside, restoreEntry } from './restore.ts';
import type { Entry } from './tree.ts';
import { pack } from './store.fixture.ts';
import { encodeTree } from './tree.ts';

const blake3 = await loadBlake3();
let folder: string;
let root: string;
let store: ObjectStore;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'pipe-restore-')));
  root = join(folder, 'project');
  mkdirSync(root);
  store = new ObjectStore(storeLayout(join(folder, 'cache')), blake3, () => undefined);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function file(text: string, kind: 'file' | 'exec' | 'link' = 'file'): Promise<Entry> {
  return { kind, digest: await store.put(text), size: Buffer.byteLength(text) };
}

async function dir(entries: Readonly<Record<string, Entry>>): Promise<Entry> {
  const tree = new Map(Object.entries(entries));
  const files = [...tree.values()].reduce((sum, each) => sum + (each.kind === 'dir' ? each.files : 1), 0);
  const size = [...tree.values()].reduce((sum, each) => sum + each.size, 0);
  return { kind: 'dir', digest: await store.put(encodeTree(tree)), size, files };
}

function restore(entry: Entry, path: string): Promise<boolean> {
  return restoreEntry(store, entry, { target: join(root, path), root });
}

function lose(digest: Digest): void {
  rmSync(store.layout.loose(digest));
  store = new ObjectStore(store.layout, blake3, () => undefined);
}

describe('restoring', () => {
  test('brings back files, executables, links and empty folders', async () => {
    const entry = await dir({
      a: await file('A'),
      run: await file('#!', 'exec'),
      to: await file('a', 'link'),
      empty: await dir({}),
    });
    expect(isComplete(store, entry)).toBe(true);
    expect(await restore(entry, 'deep/er/out')).toBe(true);
    const out = join(root, 'deep/er/out');
    expect(readdirSync(out).sort()).toEqual(['a', 'empty', 'run', 'to']);
    expect([readFileSync(join(out, 'a'), 'utf8'), readlinkSync(join(out, 'to'))]).toEqual(['A', 'a']);
    expect(statSync(join(out, 'run')).mode & 0o111).toBe(0o111);
    expect(statSync(join(out, 'a')).mode & 0o333).toBe(0o200);
  });

  test.each(['file', 'folder', 'link'])(
    'replaces a %s that is in the way and leaves nothing beside it',
    async (what) => {
      for (const entry of [await file('new'), await dir({ x: await file('new') })]) {
        rmSync(join(root, 'out'), { recursive: true, force: true });
        if (what === 'file') writeFileSync(join(root, 'out'), 'old');
        if (what === 'link') symlinkSync(folder, join(root, 'out'));
        if (what === 'folder') mkdirSync(join(root, 'out/sub'), { recursive: true });
        expect(await restore(entry, 'out')).toBe(true);
        expect(readFileSync(join(root, entry.kind === 'dir' ? 'out/x' : 'out'), 'utf8')).toBe('new');
        expect(readdirSync(root)).toEqual(['out']);
        expect(readdirSync(folder).sort()).toEqual(['cache', 'project']);
      }
    },
  );

  test('touches nothing when an object is absent or damaged', async () => {
    const lost = await file('lost');
    const entry = await dir({ a: await file('A'), sub: await dir({ b: lost }) });
    writeFileSync(join(root, 'out'), 'old');
    chmodSync(store.layout.loose(lost.digest), 0o600);
    writeFileSync(store.layout.loose(lost.digest), 'LOST');
    expect(await restore(entry, 'out')).toBe(false);
    expect(await restore(entry, 'out')).toBe(false);
    expect([readdirSync(root), readFileSync(join(root, 'out'), 'utf8')]).toEqual([['out'], 'old']);
  });

  test('refuses to follow a link out of the project, and makes no folder there', async () => {
    mkdirSync(join(folder, 'outside'));
    symlinkSync('../outside', join(root, 'away'));
    for (const path of ['away/out', 'away/new/deep/out']) {
      await expect(restore(await file('x'), path)).rejects.toThrow(/PIPE_PATH_ESCAPES .*symbolic link/);
    }
    expect(readdirSync(join(folder, 'outside'))).toEqual([]);
  });

  test('follows a link inside the project', async () => {
    mkdirSync(join(root, 'real'));
    symlinkSync('real', join(root, 'link'));
    expect(await restore(await file('x'), 'link/out')).toBe(true);
    expect(existsSync(join(root, 'real/out'))).toBe(true);
  });

  test('a link to a folder that is not there yet leads nowhere', async () => {
    symlinkSync('../gone', join(root, 'away'));
    await expect(restore(await file('x'), 'away/out')).rejects.toThrow();
    expect(existsSync(join(folder, 'gone'))).toBe(false);
    expect(() => { checkInside(join(root, 'not/there/out'), root); }).not.toThrow(); // prettier-ignore
  });
});

describe('a folder is complete', () => {
  test('only while every object below it is there', async () => {
    const leaf = await file('leaf');
    const entry = await dir({ sub: await dir({ leaf }), other: await file('other') });
    lose(leaf.digest);
    expect(isComplete(store, entry)).toBe(false);
    await file('leaf');
    expect(isComplete(store, entry)).toBe(true);
    lose(entry.digest);
    expect(isComplete(store, entry)).toBe(false);
  });

  test('in a moment even if few trees stand for 2^100 folders', async () => {
    let entry = await dir({});
    for (let depth = 0; depth < 100; depth += 1) entry = await dir({ a: entry, b: entry });
    expect(isComplete(store, entry)).toBe(true);
  });

  test('never when it nests too deep', async () => {
    let entry = await dir({});
    for (let depth = 0; depth < 520; depth += 1) entry = await dir({ a: entry });
    expect(isComplete(store, entry)).toBe(false);
    expect(await restore(entry, 'out')).toBe(false);
    expect(readdirSync(root)).toEqual([]);
  });
});

describe('a tree that pipe did not write is refused:', () => {
  test.each([
    ['a name that leads out', (entry: Entry) => `pipe.tree/1\nf ${String(entry.size)} ${entry.digest} "../evil"\n`],
    ["Git's own folder", (entry: Entry) => `pipe.tree/1\nf ${String(entry.size)} ${entry.digest} ".git"\n`],
    [
      'bytes that are not UTF-8',
      (entry: Entry) =>
        Buffer.concat([
          Buffer.from(`pipe.tree/1\nf ${String(entry.size)} ${entry.digest} "`),
          Buffer.from([0xff]),
          Buffer.from('"\n'),
        ]),
    ],
    ['another size than is said above it', (entry: Entry) => `pipe.tree/1\nf 99 ${entry.digest} "a"\n`],
    ['an ordinary file', () => 'just text'],
  ])('%s', async (_, write) => {
    const inner = await file('x');
    const entry: Entry = { kind: 'dir', digest: await store.put(write(inner)), size: 1, files: 1 };
    expect(readTree(store, entry)).toBeUndefined();
    expect(isComplete(store, entry)).toBe(false);
    expect(await restore(entry, 'out')).toBe(false);
    expect(readdirSync(folder).sort()).toEqual(['cache', 'project']);
    expect(readdirSync(root)).toEqual([]);
  });
});

describe('removing', () => {
  test('a link leaves what it points to', () => {
    mkdirSync(join(folder, 'outside'));
    symlinkSync(join(folder, 'outside'), join(root, 'out'));
    removeTree(join(root, 'out'));
    expect([readdirSync(root), existsSync(join(folder, 'outside'))]).toEqual([[], true]);
    removeTree(join(root, 'absent'));
  });

  test('gets through folders that are not writable, and changes no folder above', () => {
    for (const path of ['out/a/b', 'out/c']) {
      mkdirSync(join(root, path), { recursive: true });
      writeFileSync(join(root, path, 'file'), 'x');
    }
    const asRoot = process.geteuid?.() === 0;
    const paths = ['out/a/b/file', 'out/c/file', 'out/a/b', 'out/a', 'out/c', 'out', '.'];
    if (asRoot) for (const path of paths) chownSync(join(root, path), 65_534, 65_534);
    if (asRoot) chmodSync(folder, 0o755);
    for (const path of ['out/a/b', 'out/a', 'out/c', 'out'])
      chmodSync(join(root, path), path === 'out/c' ? 0o000 : 0o555);
    if (asRoot) process.seteuid?.(65_534);
    try {
      removeTree(join(root, 'out'));
      expect(readdirSync(root)).toEqual([]);
      writeFileSync(join(root, 'out'), 'x');
      chmodSync(root, 0o555);
      expect(() => { removeTree(join(root, 'out')); }).toThrow(/EACCES/); // prettier-ignore
      expect(statSync(root).mode & 0o777).toBe(0o555);
    } finally {
      if (asRoot) process.seteuid?.(0);
      chmodSync(root, 0o755);
    }
  });
});

describe('what a stranger says of a file', () => {
  const lie = (entry: Entry, size: number): Entry => ({ ...entry, size });

  test('is not believed when the object has another size', async () => {
    const [small, large] = [await file('eleven bytes'), await file('x'.repeat(100_000))];
    const texts = Array.from({ length: 30 }, (_, at) => `packed ${String(at)}`);
    const [packed] = await pack(store, blake3, texts);
    const entry: Entry = { kind: 'file', digest: packed!, size: 8 };
    for (const each of [small, large, entry]) {
      expect(await restore(each, 'right')).toBe(true);
      for (const said of [each.size - 1, each.size + 1, 0, 200_000]) {
        expect([said, await restore(lie(each, said), 'x')]).toEqual([said, false]);
        expect([said, await restore(await dir({ a: small, x: lie(each, said) }), 'd')]).toEqual([said, false]);
      }
    }
    expect(readdirSync(root)).toEqual(['right']);
  });

  test('is not believed of any of many files', async () => {
    const texts = Array.from({ length: 4_000 }, (_, at) => `packed ${String(at).padStart(4, '0')}`);
    const digests = await pack(store, blake3, texts);
    const entries = (size: number): Promise<Entry> =>
      dir(Object.fromEntries(digests.map((digest, at) => [String(at), { kind: 'file', digest, size }])));
    const few = (size: number): Promise<Entry> =>
      dir(
        Object.fromEntries(digests.slice(0, 2_000).map((digest, at) => [String(at), { kind: 'file', digest, size }])),
      );
    expect(await restore(await dir({ a: await few(11), b: await few(11) }), 'right')).toBe(true);
    expect(await restore(await dir({ a: await few(12), b: await few(12) }), 'wrong')).toBe(false);
    expect(await restore(await entries(11), 'whole')).toBe(false);
    expect(readdirSync(root)).toEqual(['right']);
  });

  test.for(['', 'a\0b', 'x'.repeat(4_096), 'x'.repeat(100_000)])(
    'is no link when no disk takes its text (%#)',
    async (text) => {
      const link = await file(text, 'link');
      expect(await restore(link, 'x')).toBe(false);
      expect(await restore(await dir({ link }), 'd')).toBe(false);
      expect(readdirSync(root)).toEqual([]);
    },
  );

  test('is no folder when it begins as what is never data', async () => {
    const unsafe = await dir({ '.pipe-tmp-1-x': await file('x') });
    expect(await restore(unsafe, 'd')).toBe(false);
    expect(readTree(store, unsafe)).toBeUndefined();
  });

  test('is not read as a folder when it is larger than any list', async () => {
    const digest = await store.put(Buffer.alloc((16 << 20) + 1));
    expect(store.read(digest)).toBeUndefined();
    expect(store.read(digest, Infinity)).toHaveLength((16 << 20) + 1);
    expect(await restore({ kind: 'dir', digest, size: 1, files: 1 }, 'd')).toBe(false);
  });
});

test('few lists that stand for very many folders without a file are not restored, not even in part', async () => {
  let folders = await dir({});
  for (let level = 0; level < 4; level += 1) {
    folders = await dir(Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`f${String(at)}`, folders])));
  }
  expect(await restore(folders, 'd')).toBe(false);
  expect(await restore(await dir({ x: await file('x'), y: folders }), 'd')).toBe(false);
  expect([nestsTooDeep(store, folders), boundedTrees(store)(folders)]).toEqual([true, undefined]);
  expect(readdirSync(root)).toEqual([]);
  expect(await restore(await dir({ x: await file('x'), y: await dir({ z: await dir({}) }) }), 'd')).toBe(true);
});
