import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Digest } from '../kit/digest.ts';
import { BrokenTree, readTree, treeParts } from './read-tree.ts';
import type { Entry, Part } from './tree.ts';
import { ENTRIES, FILE, Objects, blake3, cut, dirOf, file, leaf, names, write } from './tree-parts.fixture.ts';
import { LARGEST_PART, WHOLE, decodeBranch, encodeTree, endsPart, joinParts } from './tree.ts';

const reads = (objects: Objects, entry: Entry): boolean => readTree(objects, entry) !== undefined;

/** How many names lie between the two nearest that end a part. */
function runAround(all: readonly string[], at: number): number {
  const before = all.slice(0, at).findLastIndex((name) => endsPart(name));
  const after = all.findIndex((name, place) => place > at && endsPart(name));
  return (after < 0 ? all.length : after) - before;
}

describe('a big folder', () => {
  test.each([0, 1, WHOLE, WHOLE + 1, LARGEST_PART, LARGEST_PART + 1, ENTRIES])(
    'of %i entries is read as it was written',
    (count) => {
      const objects = new Objects();
      const written = names(count);
      const entry = write(objects, written);
      expect([...(readTree(objects, entry)?.keys() ?? ['none'])]).toEqual(written);
    },
  );

  test('is told a part at a time, with the branches above', () => {
    const objects = new Objects();
    const entry = write(objects, names(ENTRIES));
    const branches: Digest[] = [];
    const parts = [...treeParts(objects, entry, (digest) => branches.push(digest))];
    expect(branches).toEqual([entry.digest]);
    expect(parts.map(({ tree }) => [...tree.keys()])).toEqual(cut(names(ENTRIES)));
    expect(new Set([...branches, ...parts.map(({ digest }) => digest)])).toEqual(new Set(objects.texts.keys()));
  });

  test('with one change among 100,000 names has one other part, and another branch, and no more', () => {
    const before = new Objects();
    const all = names(100_000);
    const was = write(before, all);
    fc.assert(
      fc.property(fc.nat(all.length - 1), fc.constantFrom('add', 'remove', 'rename'), (at, how) => {
        // A name that ends a part may not be touched, nor one in a part that ends by its length: then two parts change.
        while (endsPart(all[at]!) || endsPart(`${all[at]!}!`) || runAround(all, at) >= LARGEST_PART - 1)
          at = (at + 1) % all.length;
        const changed = all.filter((_, place) => place !== at || how === 'add');
        if (how !== 'remove') changed.push(`${all[at]!}!`);
        const after = new Objects();
        expect(write(after, changed).digest).not.toBe(was.digest);
        expect([...after.texts.keys()].filter((digest) => !before.texts.has(digest))).toHaveLength(2);
      }),
      { numRuns: 4 },
    );
  });

  test('whose names all end no part is cut behind 4,096 entries, and one whose names all do, behind each', () => {
    const pool = names(40_000).filter((name) => !endsPart(name));
    const none = pool.slice(0, 9_000);
    const objects = new Objects();
    const entry = write(objects, none);
    expect([...treeParts(objects, entry)].map(({ tree }) => tree.size)).toEqual([4_096, 4_096, 808]);
    expect(reads(objects, write(objects, none.slice(0, 4_096)))).toBe(true);
    const each = names(2_600_000, 'x').filter((name) => endsPart(name)).slice(0, 2_100); // prettier-ignore
    expect(each).toHaveLength(2_100);
    const single = write(objects, each);
    expect([...treeParts(objects, single)].every(({ tree }) => tree.size === 1)).toBe(true);
    expect([...(readTree(objects, single)?.keys() ?? [])]).toEqual(each);
  });
});

describe('parts', () => {
  /** Parts of one made-up object each: what stands in branches does not depend on it. */
  const parts = (count: number): Part[] => names(count).map((last, at) => ({ last, digest: FILE, size: at, files: 1 }));
  /** Reads branches of parts that are not there. */
  const below = (objects: Objects, digest: Digest, height: number): { last: string; height: number }[] => {
    const text = objects.texts.get(digest);
    const inner = text === undefined ? [] : (decodeBranch(text.toString()) ?? []);
    return inner.flatMap((part) =>
      part.digest === FILE ? [{ last: part.last, height }] : below(objects, part.digest, height + 1),
    );
  };

  test.each([2, WHOLE, WHOLE + 1, 5_000, 200_000])(
    'of the number of %i are joined in order, all at one height',
    (count) => {
      const objects = new Objects();
      const root = joinParts(parts(count), objects.put);
      const found = below(objects, root.digest, 1);
      expect(found.map(({ last }) => last)).toEqual(names(count));
      expect([...new Set(found.map(({ height }) => height))]).toEqual([count <= WHOLE ? 1 : 2]);
      expect([root.last, root.files, root.size]).toEqual([names(count).at(-1), count, (count * (count - 1)) / 2]);
      for (const text of objects.texts.values()) expect(text.toString().split('\n').length).toBeLessThanOrEqual(LARGEST_PART + 2); // prettier-ignore
    },
  );

  test('by the million need branches over branches over branches, whose number does not stay', () => {
    // Names that all end a branch of the first level: two parts to a branch, more than 2,048 branches.
    const cutting: Part[] = [];
    for (let at = 0; cutting.length < 4_500; at += 1) {
      const last = `x-${String(at).padStart(9, '0')}`;
      if (endsPart(last, 1)) cutting.push({ last, digest: FILE, size: 1, files: 1 });
    }
    const objects = new Objects();
    const root = joinParts(cutting, objects.put);
    const found = below(objects, root.digest, 1);
    expect(found.map(({ last }) => last)).toEqual(cutting.map(({ last }) => last));
    expect([...new Set(found.map(({ height }) => height))]).toEqual([3]);
  });

  test('changed one at a time change one branch of each level', () => {
    const objects = new Objects();
    const all = parts(50_000);
    joinParts(all, objects.put);
    const known = new Set(objects.texts.keys());
    const changed = all.map((part, at) => (at === 31_234 ? { ...part, digest: blake3.hash('other') } : part));
    joinParts(changed, objects.put);
    expect([...objects.texts.keys()].filter((digest) => !known.has(digest))).toHaveLength(2);
  });

  test('of no number are no folder; one is the folder itself', () => {
    const objects = new Objects();
    expect(() => joinParts([], objects.put)).toThrow(RangeError);
    const [one] = parts(1);
    expect([joinParts([one!], objects.put), objects.texts.size]).toEqual([one, 0]);
  });
});

describe('what no writer would have put is refused:', () => {
  const objects = new Objects();
  const written = names(ENTRIES);
  const cuts = cut(written);
  const good = cuts.map((part) => leaf(objects, part));
  const root = joinParts(good, objects.put);
  const branch = (parts: readonly Part[]): Part => {
    const lines = parts.map(({ last, digest, size, files }) => `${String(size)} ${String(files)} ${digest} ${JSON.stringify(last)}`); // prettier-ignore
    const [size, files] = [
      parts.reduce((sum, each) => sum + each.size, 0),
      parts.reduce((sum, each) => sum + each.files, 0),
    ];
    return { last: parts.at(-1)?.last ?? '', digest: objects.put(`pipe.branch/1\n${lines.join('\n')}\n`), size, files };
  };
  const [a, b, ...rest] = good as [Part, Part, ...Part[]];

  test('but not what one has put', () => {
    expect(branch(good)).toEqual(root);
    expect(reads(objects, dirOf(root))).toBe(true);
  });

  test.each<[string, () => Omit<Part, 'last'>]>([
    ['parts in the wrong order', () => branch([b, a, ...rest])],
    ['a part twice', () => branch([a, a, b, ...rest])],
    ['a part twice under another name', () => branch([a, { ...a, last: `${a.last}~` }, b, ...rest])],
    ['parts that overlap', () => branch([a, leaf(objects, [cuts[0]!.at(-2)!, ...cuts[1]!]), ...rest])],
    [
      'a part that begins with the last name of the one before',
      () => branch([a, leaf(objects, [a.last, ...cuts[1]!]), ...rest]),
    ],
    ['another last name than the part has', () => branch([{ ...a, last: cuts[0]!.at(-2)! }, b, ...rest])],
    ['a last name behind that of the part', () => branch([{ ...a, last: `${a.last}~` }, b, ...rest])],
    ['more bytes than the parts have', () => ({ ...root, size: root.size + 1 })],
    ['fewer files than the parts have', () => ({ ...root, files: root.files - 1 })],
    ['a part of which too much is said', () => branch([{ ...a, size: a.size + 1 }, b, ...rest])],
    [
      'sums that are right though each part is wrong',
      () => branch([{ ...a, size: a.size + 1 }, { ...b, size: b.size - 1 }, ...rest]),
    ],
    [
      'a part without entries',
      () => branch([{ last: '!', digest: objects.put('pipe.tree/1\n'), size: 0, files: 0 }, ...good]),
    ],
    ['one part below a branch', () => branch([leaf(objects, written.slice(0, 10))])],
    ['a branch around the branch', () => branch([root])],
    ['a branch beside parts', () => branch([branch([a, b]), ...rest])],
    ['branches where one is enough', () => branch([branch([a, b]), branch(rest)])],
    [
      'a small folder in parts',
      () => branch([leaf(objects, written.slice(0, 10)), leaf(objects, written.slice(10, 20))]),
    ],
    ['a big folder in one piece', () => leaf(objects, written)],
    ['a folder of 4,097 entries in one piece', () => leaf(objects, written.slice(0, 4_097))],
    [
      'a part cut where no part ends',
      () => branch([leaf(objects, cuts[0]!.slice(0, -1)), leaf(objects, [a.last, ...cuts[1]!]), ...rest]),
    ],
    ['two parts in one', () => branch([leaf(objects, [...cuts[0]!, ...cuts[1]!]), ...rest])],
    ['a part that is not there', () => branch([{ ...a, digest: blake3.hash('absent') }, b, ...rest])],
    ['a part that is no tree', () => branch([{ ...a, digest: objects.put('just text') }, b, ...rest])],
    ['a branch of another version', () => ({ ...root, digest: objects.put('pipe.branch/2\n') })],
    ['an empty branch', () => ({ digest: objects.put('pipe.branch/1\n'), size: 0, files: 0 })],
    ['an empty line', () => ({ digest: objects.put('pipe.branch/1\n\n'), size: 0, files: 0 })],
    ['a last name that leads out', () => branch([{ ...a, last: '../x' }, b, ...rest])],
    [
      'a sum beyond what can be counted',
      () => branch(good.map((part) => ({ ...part, size: Number.MAX_SAFE_INTEGER }))),
    ],
  ])('%s', (_, make) => {
    expect(readTree(objects, dirOf(make()))).toBeUndefined();
  });

  test.each([
    ['a line end of Windows', (text: string) => text.replace('\n', '\r\n')],
    ['no last line end', (text: string) => text.slice(0, -1)],
    ['a number with a leading zero', (text: string) => text.replace('\n', '\n0')],
    ['an MD5', (text: string) => text.replace(/b3:[0-9a-f]{64}/, `md5:${'0'.repeat(32)}`)],
    ['a name in another notation', (text: string) => text.replace('"file', '"\\u0066ile')],
    [
      'bytes that are no text',
      (text: string) => Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from([0xff, 10])]),
    ],
  ])('a branch with %s', (_, spoil) => {
    const text = spoil(objects.texts.get(root.digest)!.toString());
    const digest = blake3.hash(text);
    objects.texts.set(digest, text);
    expect(reads(objects, dirOf({ ...root, digest }))).toBe(false);
  });

  /** A store whose objects are not what their digests say: only then can something contain itself. */
  const lying = (text: string): { read: (digest: Digest) => Buffer } => ({ read: () => Buffer.from(text) });

  test('a branch in a branch for ever', () => {
    const self = `pipe.branch/1\n0 0 ${FILE} "x"\n`;
    expect(readTree(lying(self), { kind: 'dir', digest: FILE, size: 0, files: 0 })).toBeUndefined();
    const wide = `pipe.branch/1\n${Array.from({ length: 300 }, (_, at) => `0 0 ${FILE} "${String(at).padStart(3, '0')}"`).join('\n')}\n`;
    expect(readTree(lying(wide), { kind: 'dir', digest: FILE, size: 0, files: 0 })).toBeUndefined();
  });

  test('an object of gigabytes in place of a tree', () => {
    const large = { read: () => Buffer.alloc(17 << 20, ' ') };
    expect(readTree(large, { kind: 'dir', digest: FILE, size: 0, files: 0 })).toBeUndefined();
  });

  test('a file where a folder should be', () => {
    expect(() => [...treeParts(objects, file())]).toThrow(BrokenTree);
    expect(readTree(objects, file())).toBeUndefined();
  });

  test('a tree cut short or changed anywhere, unless it says the same', () => {
    const small = new Map([['a', file(2)], ['b', { kind: 'dir', digest: FILE, size: 3, files: 2 }]] as [string, Entry][]); // prettier-ignore
    const text = encodeTree(small);
    for (let at = 0; at < text.length; at += 1) {
      const digest = objects.put(text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1));
      const read = readTree(objects, { kind: 'dir', digest, size: 5, files: 3 });
      if (read !== undefined) expect(read).not.toEqual(small);
      const cutShort = objects.put(text.slice(0, at));
      expect(readTree(objects, { kind: 'dir', digest: cutShort, size: 5, files: 3 })).toBeUndefined();
    }
  });
});

test('the same names make the same folder, whatever was added and removed on the way', () => {
  const base = names(3_000);
  const name = fc.integer({ min: 0, max: 3_300 }).map((at) => `file-${String(at).padStart(7, '0')}`);
  const digests = new Map<string, Digest>();
  fc.assert(
    fc.property(fc.array(name, { maxLength: 600 }), (toggled) => {
      const set = new Set(base.slice(0, 1_800));
      for (const each of toggled) if (!set.delete(each)) set.add(each);
      const objects = new Objects();
      const entry = write(objects, [...set]);
      const key = [...set].sort().join();
      expect(digests.get(key) ?? entry.digest).toBe(entry.digest);
      digests.set(key, entry.digest);
      expect([...(readTree(objects, entry)?.keys() ?? [])]).toEqual([...set].sort());
    }),
    { numRuns: 30 },
  );
});
