import { floatText } from '../../../src/kit/format/number.ts';
import { isList, isMap, type Value } from '../../../src/kit/value.ts';

/** A value as JSON that keeps the kinds of numbers apart, like `typed` of dvc_resolve.py. */
export function typed(value: Value): unknown {
  if (typeof value === 'bigint') return { int: String(value) };
  if (typeof value === 'number')
    return { float: Number.isFinite(value) ? floatText(value) : floatText(value).replace('.', '') };
  if (isList(value)) return value.map(typed);
  if (isMap(value)) return { map: Array.from(value, ([key, item]) => [key, typed(item)]) };
  return value;
}
