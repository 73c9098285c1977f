import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readUnlike } from './read-tree.ts';
import { ENTRIES, Objects, names, write } from './tree-parts.fixture.ts';
import type { Entry } from './tree.ts';
import { LARGEST_PART, endsPart } from './tree.ts';

describe('of two folders', () => {
  const unlike = (objects: Objects, a: Entry, b: Entry) => {
    const pair = readUnlike(objects, a, b);
    return pair && { before: [...pair.before.keys()], after: [...pair.after.keys()] };
  };
  const without = (all: readonly string[], others: readonly string[]): string[] => {
    const known = new Set(others);
    return all.filter((name) => !known.has(name));
  };

  test('at least all is read that is in one of them alone', () => {
    const some = fc.uniqueArray(fc.integer({ min: 0, max: ENTRIES - 1 }), { maxLength: 20 });
    fc.assert(
      fc.property(some, some, fc.boolean(), (left, right, isSmall) => {
        const all = names(isSmall ? 30 : ENTRIES);
        const pick = (gone: readonly number[]): string[] => all.filter((_, at) => !gone.includes(at));
        const objects = new Objects();
        const found = unlike(objects, write(objects, pick(left)), write(objects, pick(right)));
        // What both still have in common lies in parts that are not the same.
        expect(without(found!.before, found!.after)).toEqual(without(pick(left), pick(right)));
        expect(without(found!.after, found!.before)).toEqual(without(pick(right), pick(left)));
      }),
      { numRuns: 30 },
    );
  });

  test('only the parts are read that are not the same', () => {
    const objects = new Objects();
    const all = names(ENTRIES);
    const gone = all.slice(5_000).find((name) => !endsPart(name))!;
    const pair = [write(objects, all), write(objects, without(all, [gone]))] as const;
    const read = readUnlike(objects, ...pair)!;
    expect(read.before.size - read.after.size).toBe(1);
    // Where a part is cut for its length, the next one begins elsewhere, too.
    expect(read.before.size).toBeLessThanOrEqual(2 * LARGEST_PART);
  });

  test('nothing is believed that two say otherwise of one list', () => {
    const objects = new Objects();
    const all = names(ENTRIES);
    const entry = write(objects, all);
    if (entry.kind !== 'dir') throw new Error('a folder');
    expect(readUnlike(objects, entry, { ...entry, size: entry.size + 1 })).toBeUndefined();
    expect(readUnlike(objects, entry, { ...entry, files: entry.files + 1 })).toBeUndefined();
    expect(readUnlike(objects, entry, write(new Objects(), all.slice(1)))).toBeUndefined();
  });
});
