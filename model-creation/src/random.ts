/**
 * A small seeded generator: `sfc32` (Chris Doty-Humphrey, PractRand), its four words filled by `splitmix32` from the
 * seed, the first twelve outputs dropped. 32-bit integer arithmetic only, so every machine draws the same numbers.
 * Not for secrets.
 */
export interface Random {
  /** A double in [0, 1) with 32 bits of chance. */
  uniform(): number;
  /** An integer in [0, bound). */
  below(bound: number): number;
  /** Shuffles in place (Fisher–Yates, from the end) and returns its argument. */
  shuffle(items: Uint32Array): Uint32Array;
}

/** A generator for `seed` (an integer; its low 32 bits count). Equal seeds draw equal numbers. */
export function seededRandom(seed: number): Random {
  const next = sfc32(splitmix32(seed));
  const uniform = (): number => next() / 2 ** 32;
  const below = (bound: number): number => Math.floor(uniform() * bound);
  return {
    uniform,
    below,
    shuffle(items) {
      for (let last = items.length - 1; last > 0; last--) {
        const other = below(last + 1);
        const held = items[last] ?? 0;
        items[last] = items[other] ?? 0;
        items[other] = held;
      }
      return items;
    },
  };
}

function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
}

function sfc32(word: () => number): () => number {
  let a = word() | 0;
  let b = word() | 0;
  let c = word() | 0;
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  for (let dropped = 0; dropped < 12; dropped++) next();
  return next;
}
