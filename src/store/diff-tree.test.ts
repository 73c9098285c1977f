import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nativeBlake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { byCodeUnit } from '../kit/order.ts';
import type { TreeChange } from './diff-tree.ts';
import type { ReadTree } from './read-tree.ts';
import { diffTrees, isSame } from './diff-tree.ts';
import { missingObjects } from './missing-objects.ts';
import { pairRenames } from './pair-renames.ts';
import type { Entry, Tree } from './tree.ts';
import { encodeTree } from './tree.ts';

const blake3 = nativeBlake3()!;

/** A folder by name: a text is a file, `{exec}` an executable one. */
interface Folder {
  readonly [name: string]: string | Folder | { readonly exec: string };
}

/** A store of trees that counts what is read of it. */
class Trees {
  readonly all = new Map<Digest, Tree>();
  readonly read: Digest[] = [];

  tree(folder: Folder): Tree {
    return new Map(Object.entries(folder).map(([name, each]) => [name, this.entry(each)]));
  }

  entry(content: Folder[string]): Entry {
    if (typeof content === 'string') return { kind: 'file', digest: blake3.hash(content), size: content.length };
    if (typeof content['exec'] === 'string') {
      return { kind: 'exec', digest: blake3.hash(content['exec']), size: content['exec'].length };
    }
    const tree = this.tree(content);
    const digest = blake3.hash(encodeTree(tree));
    this.all.set(digest, tree);
    const files = [...tree.values()].reduce((sum, each) => sum + (each.kind === 'dir' ? each.files : 1), 0);
    return { kind: 'dir', digest, size: [...tree.values()].reduce((sum, each) => sum + each.size, 0), files };
  }

  readonly readTree: ReadTree = (folder) => {
    this.read.push(folder.digest);
    return this.all.get(folder.digest);
  };
}

function diff(before: Folder, after: Folder, lost: readonly Folder[] = []): { changes: TreeChange[]; read: number } {
  const trees = new Trees();
  const [old, young] = [trees.tree(before), trees.tree(after)];
  for (const folder of lost) trees.all.delete(trees.entry(folder).digest);
  return { changes: [...diffTrees(old, young, trees.readTree)], read: trees.read.length };
}

const shown = (changes: readonly TreeChange[]): string[] => changes.map(({ kind, path }) => `${kind} ${path}`);

test('files are added, deleted and modified; what is the same is not read', () => {
  const same = { x: 'x', deep: { y: 'y' } };
  const { changes, read } = diff(
    { same, a: { gone: '1', kept: '2', changed: '3', 'tool.sh': '4' } },
    { same, a: { kept: '2', changed: '33', fresh: '5', 'tool.sh': { exec: '4' } } },
  );
  expect(shown(changes)).toEqual(['modified a/changed', 'added a/fresh', 'deleted a/gone', 'modified a/tool.sh']);
  expect(changes[0]).toMatchObject({ before: { size: 1 }, after: { size: 2 } });
  expect(read).toBe(2);
});

test('a file in the place of a folder is another thing', () => {
  expect(shown(diff({ a: { x: '1' } }, { a: '1' }).changes)).toEqual(['added a', 'deleted a/x']);
});

test('an empty folder counts only where nothing else tells of it', () => {
  expect(shown(diff({}, { a: {} }).changes)).toEqual(['added a']);
  expect(shown(diff({ a: {} }, { a: { x: '1' } }).changes)).toEqual(['added a/x']);
  expect(shown(diff({ a: { x: '1' } }, { a: {} }).changes)).toEqual(['deleted a/x']);
  expect(shown(diff({ a: { b: {} } }, {}).changes)).toEqual(['deleted a/b']);
});

test('paths are sorted as whole texts, though folders sort apart', () => {
  const names = { a: { x: '1', 'x.y': '2' }, 'a.b': '3', 'a!': { z: '4' }, a0: '5' };
  const paths = diff(names, {}).changes.map(({ path }) => path);
  expect(paths).toEqual(['a!/z', 'a.b', 'a/x', 'a/x.y', 'a0']);
  expect(paths).toEqual(paths.toSorted(byCodeUnit));
});

test('a folder whose tree is lost is unknown, and the rest is compared all the same', () => {
  const lost = { x: '1' };
  const { changes } = diff({ a: lost, b: '1', c: lost }, { a: { x: '2' }, b: '2', d: lost, c: lost }, [lost]);
  expect(changes).toMatchObject([
    { kind: 'unknown', path: 'a', before: { files: 1 }, after: { files: 1 } },
    { kind: 'modified', path: 'b' },
    { kind: 'unknown', path: 'd', after: { files: 1 } },
  ]);
  expect(changes[2]).not.toHaveProperty('before');
});

test('few trees that stand for endlessly many paths are walked only as far as somebody asks', () => {
  const trees = new Trees();
  const bomb = (leaf: Folder): Entry => {
    let entry = trees.entry(leaf);
    for (let depth = 0; depth < 400; depth += 1) {
      const tree = new Map([
        ['l', entry],
        ['r', entry],
      ]);
      const digest = blake3.hash(encodeTree(tree));
      trees.all.set(digest, tree);
      entry = { kind: 'dir', digest, size: 0, files: 0 };
    }
    return entry;
  };
  for (const [before, after] of [
    [{}, { x: '' }],
    [{ x: 'a' }, { x: 'b' }],
  ] as const) {
    const changes = diffTrees(new Map([['t', bomb(before)]]), new Map([['t', bomb(after)]]), trees.readTree);
    expect([changes.next(), changes.next()].every(({ done }) => done === false)).toBe(true);
  }
  expect(trees.read.length).toBeLessThan(4000);
});

test('folders that nest without end are unknown below some depth', () => {
  const trees = new Trees();
  const circle: Entry = { kind: 'dir', digest: blake3.hash('circle'), size: 0, files: 0 };
  trees.all.set(circle.digest, new Map([['again', circle]]));
  const changes = [...diffTrees(new Map(), new Map([['t', circle]]), trees.readTree)];
  expect(changes).toHaveLength(1);
  expect(changes[0]?.kind).toBe('unknown');
  expect(trees.read.length).toBeLessThan(600);
});

test('a million files in one folder come one by one', () => {
  const entry: Entry = { kind: 'file', digest: blake3.hash('x'), size: 1 };
  const tree = new Map(Array.from({ length: 1_000_000 }, (_, at) => [`f${at}`, entry]));
  const folder: Entry = { kind: 'dir', digest: blake3.hash('big'), size: 1_000_000, files: 1_000_000 };
  const changes = diffTrees(new Map(), new Map([['t', folder]]), () => tree);
  expect(changes.next().value).toMatchObject({ kind: 'added', path: 't/f0' });
  let count = 1;
  for (const { kind } of changes) count += kind === 'added' ? 1 : 0;
  expect(count).toBe(1_000_000);
});

const content = fc.constantFrom('', '1', '2', '3');
const name = fc.constantFrom('a', 'b', 'a.b', 'a!', 'é', '__proto__x');
const { folder: anyFolder } = fc.letrec<{ folder: Folder }>((tie) => ({
  folder: fc.dictionary(
    name,
    fc.oneof(
      { depthSize: 'small' },
      content,
      content.map((exec) => ({ exec })),
      tie('folder'),
    ),
    { maxKeys: 5 },
  ),
}));

/** Path → kind and content of every file and folder. */
function flatten(tree: Tree, trees: Trees, prefix = ''): Map<string, Entry> {
  const flat = new Map<string, Entry>();
  for (const [name, entry] of tree) {
    flat.set(`${prefix}${name}${entry.kind === 'dir' ? '/' : ''}`, entry);
    if (entry.kind !== 'dir') continue;
    for (const each of flatten(trees.all.get(entry.digest)!, trees, `${prefix}${name}/`)) flat.set(...each);
  }
  return flat;
}

function naive(before: Map<string, Entry>, after: Map<string, Entry>): string[] {
  const hasInside = (flat: Map<string, Entry>, path: string): boolean =>
    [...flat.keys()].some((each) => each.startsWith(path) && each !== path);
  const only = (side: Map<string, Entry>, other: Map<string, Entry>, kind: string): [string, string][] =>
    [...side.keys()]
      .filter((path) => !other.has(path) && !(path.endsWith('/') && hasInside(side, path)))
      .map((path) => [path, kind]);
  const modified = [...before].filter(([path, entry]) => {
    const now = after.get(path);
    return now !== undefined && entry.kind !== 'dir' && !isSame(entry, now);
  });
  return [
    ...only(before, after, 'deleted'),
    ...only(after, before, 'added'),
    ...modified.map(([path]) => [path, 'modified']),
  ]
    .sort(([a = ''], [b = '']) => byCodeUnit(a, b))
    .map(([path = '', kind = '']) => `${kind} ${path.replace(/\/$/, '')}`);
}

test('the differences are those of the flattened folders, in the order of paths', () => {
  fc.assert(
    fc.property(anyFolder, anyFolder, (before, after) => {
      const trees = new Trees();
      const [old, young] = [trees.tree(before), trees.tree(after)];
      const changes = [...diffTrees(old, young, trees.readTree)];
      expect(shown(changes)).toEqual(naive(flatten(old, trees), flatten(young, trees)));
    }),
    { numRuns: 500 },
  );
});

test('renames say no more and no less than the additions and deletions that they are made of', () => {
  fc.assert(
    fc.property(anyFolder, anyFolder, (before, after) => {
      const plain = diff(before, after).changes;
      const paired = pairRenames(plain);
      const undone = paired.flatMap((change) =>
        change.kind === 'renamed'
          ? [`deleted ${change.from}`, `added ${change.path}`]
          : [`${change.kind} ${change.path}`],
      );
      expect(undone.sort()).toEqual(shown(plain).sort());
      // Nothing is left that could still be paired, and the order of what is given does not matter.
      const key = (entry: Entry) => `${entry.kind} ${entry.digest}`;
      const gone = new Set(
        paired.flatMap((each) => (each.kind === 'deleted' && each.before.kind !== 'dir' ? [key(each.before)] : [])),
      );
      for (const each of paired) if (each.kind === 'added') expect(gone.has(key(each.after))).toBe(false);
      expect(pairRenames(plain.toReversed())).toEqual(paired);
    }),
    { numRuns: 300 },
  );
});

test('a rename goes to the path of the same base name first', () => {
  const renames = pairRenames(diff({ a: '1', b: '1', c: '1' }, { z: { a: '1', c: '1' }, y: '1' }).changes);
  expect(renames.map((each) => (each.kind === 'renamed' ? `${each.from} ${each.path}` : each.kind))).toEqual([
    'b y',
    'a z/a',
    'c z/c',
  ]);
});

test('an executable file is no rename of a plain one, an empty folder of another', () => {
  expect(pairRenames(diff({ a: '1', d: {} }, { b: { exec: '1' }, e: {} }).changes).map(({ kind }) => kind)).toEqual([
    'deleted',
    'added',
    'deleted',
    'added',
  ]);
});

test('what a store lacks is told path by path, a folder without its tree as a whole', () => {
  const trees = new Trees();
  const lost = { deep: 'x' };
  const entries = trees.tree({ a: { there: '1', gone: '2', lost }, b: { there: '1', gone: '2', lost }, c: '1', lost });
  trees.all.delete(trees.entry(lost).digest);
  const has = (digest: Digest): boolean => digest !== blake3.hash('2');
  expect([...missingObjects(entries, { has, readTree: trees.readTree })].map(({ path }) => path)).toEqual([
    'a/gone',
    'a/lost',
    'b/gone',
    'b/lost',
    'lost',
  ]);
});
