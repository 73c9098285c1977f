import fc from 'fast-check';
import { expect, it } from 'vitest';
import { seededRandom } from '../src/random.ts';

it.each([
  [1, [2420951833, 2513034076, 3847892949]],
  [2, [1115575315, 1439910933, 603264563]],
  [-5, [2804387006, 342426264, 2862482960]],
])('seed %i draws the numbers of the reference', (seed, expected) => {
  const random = seededRandom(seed);
  expect(expected.map(() => random.uniform() * 2 ** 32)).toEqual(expected);
});

it('shuffling keeps every item, and equal seeds shuffle equally', () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(200), (seed, count) => {
      const items = () => Uint32Array.from({ length: count }, (_, at) => at);
      const shuffled = seededRandom(seed).shuffle(items());
      expect([...shuffled].sort((left, right) => left - right)).toEqual([...items()]);
      expect(seededRandom(seed).shuffle(items())).toEqual(shuffled);
    }),
  );
});

it('every order of three items comes up about as often', () => {
  const random = seededRandom(11);
  const counts = new Map<string, number>();
  for (let round = 0; round < 6000; round++) {
    const order = random.shuffle(Uint32Array.from([0, 1, 2])).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(6);
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
});
