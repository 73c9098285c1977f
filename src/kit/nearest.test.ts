import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

/** The definition, without any of the shortcuts: distances of all prefixes, by recursion. */
function naiveDistance(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length;
  const replaced = naiveDistance(a.slice(1), b.slice(1)) + (a[0] === b[0] ? 0 : 1);
  const swapped = a.length > 1 && b.length > 1 && a[0] === b[1] && a[1] === b[0];
  return Math.min(
    replaced,
    naiveDistance(a.slice(1), b) + 1,
    naiveDistance(a, b.slice(1)) + 1,
    swapped ? naiveDistance(a.slice(2), b.slice(2)) + 1 : Infinity,
  );
}

test('a slip of the pen is recognized', () => {
  const stages = ['prepare', 'train', 'evaluate'];
  expect(nearest('trian', stages)).toBe('train');
  expect(nearest('Evalute', stages)).toBe('evaluate');
  expect(nearest('prepar', stages)).toBe('prepare');
});

test('the beginning of a word and a short form of it are recognized', () => {
  expect(nearest('rep', ['init', 'repro', 'root'])).toBe('repro');
  expect(nearest('st', ['stage add', 'status'])).toBe('status');
  const fields = ['wdir', 'cmd', 'deps', 'outs', 'params', 'desc'];
  expect(
    ['comand', 'command', 'dependencies', 'outputs', 'parameters', 'description'].map((each) => nearest(each, fields)),
  ).toEqual(['cmd', 'cmd', 'deps', 'outs', 'params', 'desc']);
});

test('something else altogether is not', () => {
  expect(nearest('deploy', ['prepare', 'train'])).toBeUndefined();
  expect(nearest('x', [])).toBeUndefined();
  expect(nearest('r', ['repro'])).toBeUndefined();
  expect(nearest('deploy', ['do', 'dy'])).toBeUndefined();
});

test('among slips the first of the closest candidates wins, as the definition of the distance says', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 });
  fc.assert(
    fc.property(word, fc.array(word, { maxLength: 5 }), (written, candidates) => {
      const most = Math.max(1, Math.floor(written.length / 3));
      const distances = candidates.map((each) => naiveDistance(written, each));
      const least = Math.min(...distances);
      fc.pre(least <= most);
      expect(nearest(written, candidates)).toBe(candidates[distances.indexOf(least)]);
    }),
    { numRuns: 60 },
  );
});
