import { canonical } from '../kit/canonical.ts';
import { floatText } from '../kit/format/number.ts';
import { isList, isMap, type Value, type ValueMap } from '../kit/value.ts';

/** How booleans and lists become flags (`parsing.bool` and `parsing.list` of the configuration). */
export interface Parsing {
  readonly bool?: 'store_true' | 'boolean_optional';
  readonly list?: 'nargs' | 'append';
}

/** A scalar as Python's `str` prints it: `True`, `None`, `1e-05`, `inf`. */
export function pythonText(value: Value): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return Number.isFinite(value) ? floatText(value) : floatText(value).replace('.', '');
  return typeof value === 'bigint' ? String(value) : typeof value === 'string' ? value : canonical(value);
}

/** A scalar inside a text with `${…}`: as {@link pythonText}, but `true` and `false`. */
export function templateText(value: Value): string {
  return typeof value === 'boolean' ? String(value) : pythonText(value);
}

/**
 * A map as command line flags: `--key value`, nested keys joined by dots, a list as several values, true as a bare flag.
 * @returns the name of a list that holds another list or map, which no flag can express.
 */
export function flagsText(map: ValueMap, parsing: Parsing): { readonly text: string } | { readonly nested: string } {
  const words: string[] = [];
  for (const [name, value] of flatten(map, '')) {
    if (typeof value === 'boolean') {
      if (value) words.push(`--${name}`);
      else if (parsing.bool === 'boolean_optional') words.push(`--no-${name}`);
    } else if (isList(value)) {
      if (value.some((item) => isList(item) || isMap(item))) return { nested: name };
      for (const [index, item] of value.entries()) {
        if (index === 0 || parsing.list === 'append') words.push(`--${name}`);
        words.push(word(item));
      }
    } else {
      words.push(`--${name}`, word(value));
    }
  }
  return { text: words.join(' ').trimEnd() };
}

function* flatten(map: ValueMap, prefix: string): Generator<[string, Value]> {
  for (const [key, value] of map) {
    if (isMap(value)) yield* flatten(value, `${prefix}${key}.`);
    else yield [prefix + key, value];
  }
}

function word(value: Value): string {
  return typeof value === 'string' ? quoteForShell(value) : pythonText(value);
}

/** A text as one word of a POSIX shell, quoted as Python's `shlex.quote` does. */
export function quoteForShell(text: string): string {
  if (text === '') return "''";
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}
