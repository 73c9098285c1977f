import { describe, expect, test } from 'vitest';
import type { Digest } from '../../kit/digest.ts';
import type { Entry, Tree } from '../../store/tree.ts';
import { SAME, compare } from './compare.ts';

type Content = string | { readonly [name: string]: Content };

/** Trees by the digests of folders, which are their contents as text. */
const trees = new Map<string, Tree>();

function entry(content: Content | undefined): Entry | undefined {
  if (content === undefined) return undefined;
  const digest = JSON.stringify(content) as Digest;
  if (typeof content === 'string') return { kind: 'file', digest, size: content.length };
  trees.set(digest, new Map(Object.entries(content).map(([name, each]) => [name, entry(each) as Entry])));
  return { kind: 'dir', digest, size: 0, files: 0 };
}

function differ(sides: { recorded?: Content; present?: Content; base?: Content }, stored: readonly string[] = []) {
  const [recorded, present, base] = [entry(sides.recorded), entry(sides.present), entry(sides.base)];
  const store = {
    read: (folder: Entry) => trees.get(folder.digest),
    has: ({ digest }: Entry) => stored.includes(JSON.parse(digest) as string),
  };
  const isBaseKnown = sides.base !== undefined;
  const { edits, absent, ...rest } = compare('d', { recorded, present, base, isBaseKnown }, store);
  const paths = (list: readonly { path: string }[]): string[] => list.map(({ path }) => path);
  const removed = edits.filter((each) => each.entry === undefined);
  return { edited: paths(edits.filter((each) => each.entry)), removed: paths(removed), absent: paths(absent), ...rest };
}

const NOTHING = { edited: [], removed: [], absent: [], behind: [], unknown: [], unlisted: [], lost: [] };

describe('with a known base', () => {
  test('what is the same is no difference', () => {
    expect(differ({ recorded: { a: '1' }, present: { a: '1' }, base: { b: '2' } })).toEqual(NOTHING);
  });

  test('what was there and is gone was removed; what was never there never came', () => {
    const sides = { recorded: { a: '1', b: '2', s: { c: '3' } }, present: { a: '1' }, base: { a: '1', b: '2' } };
    expect(differ(sides)).toEqual({ ...NOTHING, removed: ['d/b'], absent: ['d/s'] });
  });

  test('what stayed as it was while something else was recorded is behind', () => {
    const sides = { recorded: { a: '2', n: '1' }, present: { a: '1', g: '1' }, base: { a: '1', g: '1' } };
    expect(differ(sides)).toEqual({ ...NOTHING, behind: ['d'] });
    expect(differ({ ...sides, present: { a: '1', g: '1', x: '' } })).toEqual({
      ...NOTHING,
      behind: ['d/a', 'd/g'],
      absent: ['d/n'],
      edited: ['d/x'],
    });
  });

  test('what was changed and added here is edited', () => {
    const sides = { recorded: { a: '1', s: { b: '1' } }, present: { a: '2', s: { b: '1', c: '' } }, base: { a: '1', s: { b: '1' } } }; // prettier-ignore
    expect(differ(sides)).toEqual({ ...NOTHING, edited: ['d/a', 'd/s/c'] });
    expect(differ({ recorded: '1', present: '2', base: '1' })).toEqual({ ...NOTHING, edited: ['d'] });
  });
});

describe('without a base', () => {
  test('what is missing never came', () => {
    expect(differ({ recorded: { a: '1', b: '2' }, present: { a: '1' } })).toEqual({ ...NOTHING, absent: ['d/b'] });
  });

  test('what the store has is behind, what it does not have is edited', () => {
    const sides = { recorded: { a: '1', b: '2' }, present: { a: 'old', b: 'new' } };
    expect(differ(sides, ['old'])).toEqual({ ...NOTHING, behind: ['d/a'], edited: ['d/b'] });
  });
});

describe('of a folder whose list is not here', () => {
  const recorded: Entry = { kind: 'dir', digest: 'lost' as Digest, size: 1, files: 1 };
  const compared = (base: Entry | undefined) => {
    const sides = { recorded, present: entry({ a: '1' }), base, isBaseKnown: base !== undefined };
    return compare('d', sides, { read: (folder) => trees.get(folder.digest), has: () => false });
  };

  test('nobody can tell what was recorded elsewhere', () => {
    expect(compared(entry({ b: '1' }))).toEqual({ ...SAME, unknown: ['d'] });
  });

  test('a part may never have come where it never was what is recorded', () => {
    const unlisted = [{ path: 'd', entry: recorded }];
    expect(compared(undefined)).toEqual({ ...SAME, unlisted });
    expect(compared(entry('1'))).toEqual({ ...SAME, unlisted });
  });
});

test('a folder of which only parts came was never whole: without the list of what is recorded, nobody can tell', () => {
  const [present, base] = [entry({ a: '1' }) as Entry, entry({ a: '1', b: '2' }) as Entry];
  const recorded: Entry = { kind: 'dir', digest: 'absent' as Digest, size: 0, files: 0 };
  const store = { read: (folder: Entry) => trees.get(folder.digest), has: () => false };
  const sides = { recorded, present, base, isBaseKnown: true };
  expect(compare('d', { ...sides, isBasePartial: true }, store)).toMatchObject({
    unlisted: [{ path: 'd' }],
    unknown: [],
  });
  expect(compare('d', { ...sides, isBasePartial: false }, store)).toMatchObject({ unlisted: [], unknown: ['d'] });
});

test('where the list of what lay there is gone, nobody can tell who changed what differs; what is missing never came', () => {
  const lost = { kind: 'dir', digest: 'lost' as Digest, size: 0, files: 0 } as const;
  const [recorded, present] = [entry({ a: '1', b: '2', s: { c: '2' }, gone: '' }), entry({ a: '1', b: '1', s: { c: '1' }, n: '' })]; // prettier-ignore
  const store = { read: (folder: Entry) => trees.get(folder.digest), has: () => true };
  const { lost: paths, absent, ...rest } = compare('d', { recorded, present, base: lost, isBaseKnown: true }, store);
  expect(paths).toEqual(['d/b', 'd/s/c', 'd/n']);
  expect(absent).toMatchObject([{ path: 'd/gone' }]);
  expect(rest).toEqual({ edits: [], behind: [], unknown: [], unlisted: [] });
  const sides = { recorded, present: lost, base: lost, isBaseKnown: true };
  expect(compare('d', sides, store), 'the folder as it lay there').toEqual({ ...SAME, behind: ['d'] });
});
