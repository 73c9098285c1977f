import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadBlake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { byCodeUnit } from '../kit/order.ts';
import { cutEntries } from './edit-parts.ts';
import { editTree } from './edit-tree.ts';
import { mergeTrees } from './merge-tree.ts';
import { BrokenTree, readTree } from './read-tree.ts';
import type { Entry } from './tree.ts';
import { joinParts, WHOLE } from './tree.ts';

const blake3 = await loadBlake3();

/** A store in memory that knows what was read of it. */
class Objects {
  readonly all = new Map<Digest, Buffer>();
  reads = new Set<Digest>();

  read(digest: Digest): Buffer | undefined {
    this.reads.add(digest);
    return this.all.get(digest);
  }

  put(text: string): Digest {
    const digest = blake3.hash(text);
    this.all.set(digest, Buffer.from(text));
    return digest;
  }
}

/** What lies below a folder: texts of files by path, and `/` at empty folders. */
type Plain = ReadonlyMap<string, string>;

const EMPTY = '/';

function fileOf(text: string): Entry {
  return { kind: 'file', digest: blake3.hash(text), size: text.length };
}

function stored(objects: Objects, plain: Plain): Entry {
  const here = new Map<string, Entry>();
  const inside = new Map<string, Map<string, string>>();
  for (const [path, text] of plain) {
    const [name = '', ...rest] = path.split('/');
    if (rest.length === 0 && text !== EMPTY) here.set(name, fileOf(text));
    else {
      const folder = inside.get(name) ?? new Map<string, string>();
      if (rest.length > 0) folder.set(rest.join('/'), text);
      inside.set(name, folder);
    }
  }
  for (const [name, folder] of inside) here.set(name, stored(objects, folder));
  const entries = [...here].sort(([a], [b]) => byCodeUnit(a, b));
  const put = (text: string): Digest => objects.put(text);
  const { digest, size, files } = joinParts(cutEntries(entries, { isSplit: entries.length > WHOLE, put }), put);
  return { kind: 'dir', digest, size, files };
}

function plainOf(objects: Objects, folder: Entry, texts: ReadonlyMap<Digest, string>): Plain {
  const found = new Map<string, string>();
  for (const [name, entry] of readTree(objects, folder)!) {
    if (entry.kind !== 'dir') found.set(name, texts.get(entry.digest)!);
    else {
      const below = plainOf(objects, entry, texts);
      if (below.size === 0) found.set(name, EMPTY);
      for (const [path, text] of below) found.set(`${name}/${path}`, text);
    }
  }
  return found;
}

/** The folders of a plain folder, empty or not. */
function foldersOf(plain: Plain): Set<string> {
  const all = [...plain].flatMap(([path, text]) => {
    const names = path.split('/');
    const above = names.slice(0, -1).map((_, at) => names.slice(0, at + 1).join('/'));
    return text === EMPTY ? [...above, path] : above;
  });
  return new Set(all);
}

/** A merge of plain folders path by path, and at which paths it is left undecided. */
function plainMerge(base: Plain, ours: Plain, theirs: Plain): { merged: Plain; conflicts: string[] } {
  const files = new Map<string, string>();
  const conflicts = new Set<string>();
  const fileAt = (plain: Plain, path: string): string | undefined => {
    const text = plain.get(path);
    return text === EMPTY ? undefined : text;
  };
  for (const path of new Set([...base.keys(), ...ours.keys(), ...theirs.keys()])) {
    const [was, our, their] = [base, ours, theirs].map((plain) => fileAt(plain, path));
    if (our !== their && was !== our && was !== their) conflicts.add(path);
    const text = our === their || was === their ? our : their;
    if (text !== undefined) files.set(path, text);
  }
  const [before, our, their] = [base, ours, theirs].map(foldersOf) as [Set<string>, Set<string>, Set<string>];
  const folders = [...new Set([...before, ...our, ...their])].filter((path) =>
    our.has(path) === their.has(path) ? our.has(path) : !before.has(path),
  );
  const taken = [...files.keys(), ...conflicts, ...folders];
  // A file cannot be where a folder is.
  for (const path of files.keys()) {
    if (taken.some((each) => each.startsWith(`${path}/`)) || folders.includes(path)) conflicts.add(path);
  }
  for (const path of conflicts) if (taken.some((each) => each.startsWith(`${path}/`))) conflicts.add(path);
  const outer = [...conflicts].filter((path) => ![...conflicts].some((each) => path.startsWith(`${each}/`)));
  const kept = [...files, ...folders.map((path) => [path, EMPTY] as const)].sort(([a], [b]) => byCodeUnit(a, b));
  const merged = new Map(kept.filter(([path, text]) => text !== EMPTY || !kept.some(([each]) => each.startsWith(`${path}/`)))); // prettier-ignore
  return { merged, conflicts: outer.sort(byCodeUnit) };
}

const name = fc.constantFrom('a', 'b', 'c', 'é');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
const plain = fc.array(fc.tuple(path, fc.constantFrom('1', '22', '333', EMPTY)), { maxLength: 6 }).map((all): Plain => {
  const apart = all.filter(([one], at) => all.every(([other], i) => i === at || !`${one}/`.startsWith(`${other}/`)));
  const deepest = new Map(apart);
  // An empty folder with something in it is none.
  for (const [one, text] of deepest) {
    if (text === EMPTY && [...deepest.keys()].some((each) => each.startsWith(`${one}/`))) deepest.delete(one);
  }
  return deepest;
});
const texts = new Map(['1', '22', '333'].map((text) => [blake3.hash(text), text]));

describe('a merge of two folders', () => {
  test('is that of plain folders, file by file', () => {
    fc.assert(
      fc.property(plain, plain, plain, (base, ours, theirs) => {
        const objects = new Objects();
        const [before, our, their] = [base, ours, theirs].map((each) => stored(objects, each)) as [Entry, Entry, Entry];
        const { edits, conflicts } = mergeTrees(objects, { base: before, ours: our, theirs: their });
        const expected = plainMerge(base, ours, theirs);
        expect(conflicts.map((each) => each.path)).toEqual(expected.conflicts);
        if (conflicts.length > 0) return;
        const merged = editTree(objects, objects, { root: our, edits });
        expect(plainOf(objects, merged, texts)).toEqual(expected.merged);
      }),
      { numRuns: 3_000 },
    );
  });

  test('is the same from either side', () => {
    fc.assert(
      fc.property(plain, plain, plain, (base, ours, theirs) => {
        const objects = new Objects();
        const [before, our, their] = [base, ours, theirs].map((each) => stored(objects, each)) as [Entry, Entry, Entry];
        const one = mergeTrees(objects, { base: before, ours: our, theirs: their });
        const other = mergeTrees(objects, { base: before, ours: their, theirs: our });
        expect(other.conflicts.map((each) => each.path)).toEqual(one.conflicts.map((each) => each.path));
        if (one.conflicts.length > 0) return;
        const merged = editTree(objects, objects, { root: our, edits: one.edits });
        expect(editTree(objects, objects, { root: their, edits: other.edits })).toEqual(merged);
      }),
      { numRuns: 1_000 },
    );
  });

  test('takes what both sides added where they began with nothing', () => {
    const objects = new Objects();
    const [ours, theirs] = [{ a: '1', same: '1' }, { b: '1', same: '1' }].map((each) => stored(objects, new Map(Object.entries(each)))) as [Entry, Entry]; // prettier-ignore
    const { edits, conflicts } = mergeTrees(objects, { base: undefined, ours, theirs });
    expect(conflicts).toEqual([]);
    const merged = editTree(objects, objects, { root: ours, edits });
    expect([...readTree(objects, merged)!.keys()]).toEqual(['a', 'b', 'same']);
  });

  test('of big folders reads the parts that differ', () => {
    const objects = new Objects();
    const all = new Map(Array.from({ length: 20_000 }, (_, at) => [`f${String(at).padStart(6, '0')}`, '1']));
    const [base, ours, theirs] = [all, new Map([...all, ['f000100x', '22']]), new Map([...all, ['f019000x', '22']])].map((each) => stored(objects, each)) as [Entry, Entry, Entry]; // prettier-ignore
    const { edits, conflicts } = mergeTrees(objects, { base, ours, theirs });
    expect({ conflicts, paths: edits.map((each) => each.path) }).toEqual({ conflicts: [], paths: ['f019000x'] });
    // The three folders, their first parts, and the part that each side changed, before and after.
    expect(objects.reads.size).toBeLessThan(12);
    expect(objects.all.size).toBeGreaterThan(15);
    expect(editTree(objects, objects, { root: ours, edits })).toEqual(
      stored(objects, new Map([...all, ['f000100x', '22'], ['f019000x', '22']])),
    );
  });

  test('fails where a list is not there, and needs none of what is the same', () => {
    const objects = new Objects();
    const common = { 'deep/x': '1', 'deep/y': '1' };
    const sides = [common, { ...common, 'a/1': '1' }, { ...common, 'b/1': '1' }].map((each) => stored(objects, new Map(Object.entries(each)))) as [Entry, Entry, Entry]; // prettier-ignore
    const [base, ours, theirs] = sides;
    objects.all.delete(readTree(objects, base)!.get('deep')!.digest);
    expect(mergeTrees(objects, { base, ours, theirs }).edits.map((each) => each.path)).toEqual(['b']);
    objects.all.delete(base.digest);
    expect(() => mergeTrees(objects, { base, ours, theirs })).toThrow(BrokenTree);
  });
});
