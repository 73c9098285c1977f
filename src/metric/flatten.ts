import type { Value } from '../kit/value.ts';
import { isList, isMap } from '../kit/value.ts';

/** Values by dotted key, such as `train.auc`; a file that holds a bare value has the key ``. */
export type Flat = ReadonlyMap<string, Value>;

/** A file of metrics as DVC sees it: nested maps become dotted keys; texts, numbers and booleans count, lists do not. */
export function flattenMetrics(root: Value): Flat {
  const flat = new Map<string, Value>();
  walk(root, '', (key, value) => {
    if (value !== null && !isList(value) && !isMap(value)) flat.set(key, value);
  });
  return flat;
}

/** Parameters below a key: nested maps become dotted keys; lists, empty maps and nothing are values too. */
export function flattenParams(root: Value, under = ''): Flat {
  const flat = new Map<string, Value>();
  walk(root, under, (key, value) => flat.set(key, value));
  return flat;
}

/** Files are read with bounded depth, so recursion ends. */
function walk(value: Value, key: string, found: (key: string, value: Value) => void): void {
  if (!isMap(value) || value.size === 0) {
    found(key, value);
    return;
  }
  for (const [name, child] of value) walk(child, key === '' ? name : `${key}.${name}`, found);
}
