import { readJson } from './format/json.ts';
import { floatText, quoteText } from './format/number.ts';
import { byCodeUnit } from './order.ts';
import { isList, type Value, type ValueMap } from './value.ts';

/**
 * One line of text for a value, the same for every equal value: JSON with map keys sorted by code unit, integers
 * without a dot, floats in Python's `repr` style (`2.0`, `1e-05`, `-0.0`) and `.nan`, `.inf`, `-.inf`. It is valid
 * YAML 1.2, and {@link parseCanonical} reads back the very same value with the same kinds.
 */
export function canonical(value: Value): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
      return quoteText(value);
    case 'number':
      return floatText(value);
    case 'bigint':
    case 'boolean':
      return value.toString();
    default:
      return isList(value) ? `[${value.map(canonical).join(',')}]` : canonicalMap(value);
  }
}

function canonicalMap(map: ValueMap): string {
  const keys = [...map.keys()].sort(byCodeUnit);
  return `{${keys.map((key) => `${quoteText(key)}:${canonical(map.get(key) as Value)}`).join(',')}}`;
}

/**
 * Reads text that {@link canonical} wrote. White space and line ends between tokens are allowed, so that a file can be
 * laid out for people; keys may come in any order but not twice.
 * @param text may come from a stranger: nesting and number lengths are bounded.
 * @throws {SyntaxError} with the offset in its message when the text is anything else.
 */
export function parseCanonical(text: string): Value {
  return readJson(text, { specials: 'yaml', duplicateKeys: 'refuse' });
}

/** Whether two values are the same in kind and content: `2` is not `2.0`, NaN equals NaN, the order of keys is free. */
export function equalValues(a: Value, b: Value): boolean {
  if (a === b) return a !== 0 || Object.is(a, b);
  if (a === null || b === null || typeof a !== typeof b) return false;
  if (typeof a === 'number') return Object.is(a, b);
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  if (isList(a)) {
    if (!isList(b) || a.length !== b.length) return false;
    return a.every((item, index) => equalValues(item, b[index] as Value));
  }
  if (isList(b) || a.size !== b.size) return false;
  for (const [key, value] of a) {
    const other = b.get(key);
    if (other === undefined || !equalValues(value, other)) return false;
  }
  return true;
}
