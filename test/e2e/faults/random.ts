export { FAULT_SEED } from '../../rig/fault-seed.ts';

/** Numbers that look random and are the same for the same seed. */
export interface Random {
  /** A whole number from 0 to `below` - 1. */
  next(below: number): number;
  pick<T>(items: readonly T[]): T;
}

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state are enough to choose moments. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  const next = (below: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
  return {
    next,
    pick(items) {
      const item = items[next(items.length)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
  };
}
