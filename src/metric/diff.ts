import { equalValues } from '../kit/canonical.ts';
import { byCodeUnit } from '../kit/order.ts';
import type { Value } from '../kit/value.ts';
import type { Flat } from './flatten.ts';

/** One key that two sides are compared by; a side where it is absent has no value. */
export interface Change {
  readonly key: string;
  readonly before?: Value;
  readonly after?: Value;
  /** What was added to a number. */
  readonly delta?: bigint | number;
}

export interface DiffOptions {
  /** Keep what is the same. */
  readonly all: boolean;
  /** Numbers that are equal are the same whether they are integers or floats. */
  readonly loose: boolean;
}

/** Compares two sets of values, sorted by key. */
export function diffFlat(before: Flat, after: Flat, { all, loose }: DiffOptions): Change[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort(byCodeUnit);
  return keys.flatMap((key) => {
    const [old, new_] = [before.get(key), after.get(key)];
    const same =
      old !== undefined && new_ !== undefined && (equalValues(old, new_) || (loose && equalNumbers(old, new_)));
    return same && !all ? [] : [changeOf(key, old, new_)];
  });
}

function changeOf(key: string, before: Value | undefined, after: Value | undefined): Change {
  const delta = before === undefined || after === undefined ? undefined : subtract(after, before);
  return {
    key,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
    ...(delta === undefined ? {} : { delta }),
  };
}

function equalNumbers(a: Value, b: Value): boolean {
  // Also exact between kinds: `==` compares a bigint and a number by value.
  return isNumber(a) && isNumber(b) && a == b; // eslint-disable-line eqeqeq -- see above
}

/** Integers exactly, everything else as floats; `undefined` for what is no number. */
function subtract(after: Value, before: Value): bigint | number | undefined {
  if (!isNumber(after) || !isNumber(before)) return undefined;
  if (typeof after === 'bigint' && typeof before === 'bigint') return after - before;
  return Number(after) - Number(before);
}

function isNumber(value: Value): value is bigint | number {
  return typeof value === 'bigint' || typeof value === 'number';
}
