import { lstatSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Sink } from '../fingerprint/file.ts';
import { fingerprintPath } from '../fingerprint/file.ts';
import { FolderBuilder } from '../fingerprint/folder.ts';
import { openStatIndex } from '../index/stat-index.ts';
import { loadBlake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { digestOfRaw, rawOfDigest } from '../kit/digest.ts';
import { byCodeUnit } from '../kit/order.ts';
import { removeTree } from '../kit/remove-tree.ts';
import { loadXxh64Raw } from '../kit/xxhash.ts';
import type { TreeEdit } from './edit-tree.ts';
import { editTree } from './edit-tree.ts';
import { BrokenTree } from './read-tree.ts';
import type { Entry } from './tree.ts';
import { endsPart } from './tree.ts';

const blake3 = await loadBlake3();
const xxh64 = await loadXxh64Raw();
let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'pipe-edit-tree-')));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

/** A store in memory that knows what was read of it, and put into it. */
class Objects {
  readonly all = new Map<Digest, Buffer>();
  reads: Digest[] = [];
  puts: Digest[] = [];

  read(digest: Digest): Buffer | undefined {
    this.reads.push(digest);
    return this.all.get(digest);
  }

  put(text: string): Digest {
    const digest = blake3.hash(text);
    if (!this.all.has(digest)) this.puts.push(digest);
    this.all.set(digest, Buffer.from(text));
    return digest;
  }

  edit(entry: Entry, edits: readonly TreeEdit[]): Entry {
    return editTree(this, this, { root: entry, edits });
  }
}

const index = (): ReturnType<typeof openStatIndex> => openStatIndex(join(root, '..', 'no-index'), root, xxh64);

/** What a walk finds in a folder; its trees go into the store. */
async function walked(objects: Objects): Promise<Entry> {
  const sink: Sink = {
    has: () => false,
    add: (digest, bytes) => {
      objects.all.set(digestOfRaw(digest), Buffer.from(bytes));
      return false;
    },
    settle: () => Promise.resolve(),
    file: () => Promise.reject(new Error('no file here is large')),
  };
  const options = { root, index: index(), blake3, ignored: () => false, now: Date.now };
  return (await fingerprintPath('.', { follow: false, sink }, options))!;
}

function fileOf(text: string): Entry {
  return { kind: 'file', digest: blake3.hash(text), size: Buffer.byteLength(text) };
}

/** The folder that the walk's own builder makes of some files, without a disk. */
function built(objects: Objects, files: ReadonlyMap<string, string>): Entry {
  const builder = new FolderBuilder(
    { path: 'x', entries: files.size, index: index() },
    { put: (text) => objects.put(text), has: () => false },
  );
  for (const name of [...files.keys()].sort(byCodeUnit)) {
    const { digest, size } = fileOf(files.get(name)!);
    const stat = Object.assign(statSync(root), { size });
    builder.addFile(name, 'file', { digest: rawOfDigest(digest), stat, isReliable: false, isRemembered: false });
  }
  return builder.end();
}

const name = fc.constantFrom('a', 'b', 'c', 'é', 'e\u0301', 'line\nend', 'z');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));

test('an edited folder is what a walk of the folder with the same changes finds', async () => {
  const folder = fc.dictionary(path, fc.string(), { maxKeys: 8, noNullPrototype: true });
  await fc.assert(
    fc.asyncProperty(folder, fc.array(fc.tuple(path, fc.option(fc.string())), { maxLength: 5 }), async (start, all) => {
      rmSync(root, { recursive: true });
      mkdirSync(root);
      for (const [each, text] of Object.entries(start)) put(each, text);
      const objects = new Objects();
      const before = await walked(objects);
      const edits = all.filter(([one], at) => all.every(([other], i) => at === i || !isAbove(other, one)));
      const after = objects.edit(
        before,
        edits.map(([each, text]) => ({ path: each, entry: text === null ? undefined : fileOf(text) })),
      );
      for (const [each, text] of edits) {
        if (text !== null) put(each, text);
        else removeTree(join(root, each));
      }
      expect(after).toEqual(await walked(objects));
    }),
    { numRuns: 150 },
  );
});

function isAbove(folder: string, inside: string): boolean {
  return inside === folder || inside.startsWith(`${folder}/`);
}

/** Puts a file; what is in the way of it, or of its folders, gives way. */
function put(each: string, text: string): void {
  const parts = each.split('/');
  for (let depth = 1; depth < parts.length; depth += 1) {
    const folder = join(root, ...parts.slice(0, depth));
    if (lstatSync(folder, { throwIfNoEntry: false })?.isFile() === true) rmSync(folder);
  }
  mkdirSync(dirname(join(root, each)), { recursive: true });
  rmSync(join(root, each), { recursive: true, force: true });
  writeFileSync(join(root, each), text);
}

const names = Array.from({ length: 9_000 }, (_, at) => `file-${String(at).padStart(5, '0')}`);
const ending = names.filter((each) => endsPart(each));
/** Two parts that no name ends, but their length. */
const unended = Array.from({ length: 60_000 }, (_, at) => `g${at}`).filter((each) => !endsPart(each));

test('a big folder, too, also where it begins or ceases to be one, and where parts end by length', () => {
  const some = fc.oneof(fc.constantFrom(...names), fc.constantFrom(...ending), fc.constantFrom(...unended.slice(0, 9_000))); // prettier-ignore
  const edits = fc.uniqueArray(fc.tuple(some, fc.option(fc.string({ maxLength: 2 }))), {
    selector: ([each]) => each,
    maxLength: 6,
  });
  const size = fc.constantFrom(0, 2_045, 2_047, 2_048, 2_049, 2_051, 4_096, 4_097, 8_190, 9_000);
  fc.assert(
    fc.property(size, fc.boolean(), edits, (count, isUnended, changes) => {
      const files = new Map((isUnended ? unended.slice(0, 9_000) : names).slice(0, count).map((each) => [each, 'x']));
      const objects = new Objects();
      const before = built(objects, files);
      const after = objects.edit(
        before,
        changes.map(([each, text]) => ({ path: each, entry: text === null ? undefined : fileOf(text) })),
      );
      for (const [each, text] of changes) {
        if (text === null) files.delete(each);
        else files.set(each, text);
      }
      expect(after).toEqual(built(objects, files));
    }),
    { numRuns: 60 },
  );
});

test('many files can go or come at once', () => {
  const objects = new Objects();
  const all = new Map(names.map((each) => [each, 'x']));
  const few = new Map(names.slice(3_000, 4_000).map((each) => [each, 'x']));
  const gone = names.filter((each) => !few.has(each));
  const removed = objects.edit(built(objects, all), gone.map((each) => ({ path: each, entry: undefined }))); // prettier-ignore
  expect(removed).toEqual(built(objects, few));
  const back = objects.edit(removed, gone.map((each) => ({ path: each, entry: fileOf('x') }))); // prettier-ignore
  expect(back).toEqual(built(objects, all));
  const none = objects.edit(back, names.map((each) => ({ path: each, entry: undefined }))); // prettier-ignore
  expect(none).toEqual(built(objects, new Map()));
});

test('of a big folder, one part and what leads to it are written, and little more is read', () => {
  const objects = new Objects();
  const all = new Map(Array.from({ length: 100_000 }, (_, at) => [`${at}.txt`, 'x'] as const));
  const before = built(objects, all);
  objects.reads = [];
  objects.puts = [];
  objects.edit(before, [{ path: '50000.txt', entry: fileOf('new') }]);
  expect(objects.puts).toHaveLength(2);
  expect(new Set(objects.reads).size).toBeLessThanOrEqual(3);
  objects.reads = [];
  objects.edit(before, [{ path: '50000.txt', entry: undefined }]);
  expect(new Set(objects.reads).size).toBeLessThanOrEqual(7);
});

test('a folder without its objects, or with others, is not edited', () => {
  const objects = new Objects();
  const before = built(objects, new Map(names.map((each) => [each, 'x'])));
  const edit = { path: names[0]!, entry: fileOf('new') };
  expect(() => objects.edit({ ...before, size: before.size + 1 }, [edit])).toThrow(BrokenTree);
  expect(() => objects.edit(fileOf('x'), [edit])).toThrow(BrokenTree);
  objects.all.delete(before.digest);
  expect(() => objects.edit(before, [edit])).toThrow(BrokenTree);
});
