import type { Value } from './value.ts';
import { isList, isMap } from './value.ts';

/** What a JSON document can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * A value for a JSON document. What JSON's numbers cannot hold is a text: `"NaN"`, `"Infinity"`, `"-Infinity"`, and the
 * digits of integers beyond ±2^53.
 */
export function toJson(value: Value): Json {
  if (value === null) return null;
  if (typeof value === 'bigint') return exactNumber(value) ?? value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object') return value;
  if (isList(value)) return value.map(toJson);
  return isMap(value) ? Object.fromEntries([...value].map(([key, each]) => [key, toJson(each)])) : null;
}

function exactNumber(value: bigint): number | undefined {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}
