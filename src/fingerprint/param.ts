import type { Value, ValueMap } from '../kit/value.ts';

/**
 * The value at a dotted key (`train.layers.0`); `undefined` when there is none. A key that holds dots itself is found
 * before the way through nested maps.
 */
export function lookupKey(value: Value, key: string): Value | undefined {
  if (value instanceof Map) {
    const map = value as ValueMap;
    const whole = map.get(key);
    if (whole !== undefined) return whole;
    for (let dot = key.indexOf('.'); dot >= 0; dot = key.indexOf('.', dot + 1)) {
      const inner = map.get(key.slice(0, dot));
      const found = inner === undefined ? undefined : lookupKey(inner, key.slice(dot + 1));
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const [index = '', ...rest] = key.split('.');
  const item = /^\d+$/.test(index) ? (value as readonly Value[])[Number(index)] : undefined;
  return item === undefined || rest.length === 0 ? item : lookupKey(item, rest.join('.'));
}
