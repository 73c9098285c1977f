/**
 * A value read from a YAML, JSON, TOML or Python file, with the kind it was written in.
 *
 * Integers are `bigint` (so 64-bit values survive), floats are `number` (so `2.0` stays apart from `2`, and NaN, the
 * infinities and −0 keep their meaning). Maps keep the order of the file.
 */
export type Value = null | boolean | bigint | number | string | readonly Value[] | ValueMap;

/** An ordered map with string keys. */
export type ValueMap = ReadonlyMap<string, Value>;

/** Whether a value is a list. */
export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** Whether a value is a map. */
export function isMap(value: Value): value is ValueMap {
  return value instanceof Map;
}
