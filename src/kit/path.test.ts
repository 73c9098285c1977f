import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byCodeUnit, sortedBy } from './order.ts';
import { ancestors, isOutside, isWithin } from './path.ts';

const segment = fc.constantFrom('a', 'b', 'ab', 'a.b', 'é', '..a');
const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

test('a path lies within a folder when the folder is one of its ancestors or the path itself', () => {
  fc.assert(
    fc.property(path, path, (folder, inner) => {
      expect(isWithin(folder, inner)).toBe(folder === inner || [...ancestors(inner)].includes(folder));
      expect(isWithin('.', inner)).toBe(true);
    }),
  );
});

test('what begins with .. or / lies outside, but a name may begin with two dots', () => {
  expect(['..', '../a', '/', '/a'].map(isOutside)).toEqual([true, true, true, true]);
  expect(['.', 'a', '..a', '..a/b', 'a/..b'].map(isOutside)).toEqual([false, false, false, false, false]);
  expect(isWithin('.', '../a')).toBe(false);
});

test('the ancestors come nearest first, without the root', () => {
  expect([...ancestors('a/b/c')]).toEqual(['a/b', 'a']);
  expect([...ancestors('a')]).toEqual([]);
});

test('strings are ordered by code unit: capitals first, astral letters before private ones', () => {
  expect(['b', 'B', 'a', '\ue000', '😀', ''].sort(byCodeUnit)).toEqual(['', 'B', 'a', 'b', '😀', '\ue000']);
  expect(sortedBy([{ at: 'b' }, { at: 'a' }], ({ at }) => at)).toEqual([{ at: 'a' }, { at: 'b' }]);
});
