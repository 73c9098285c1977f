import { readInteger } from './number.ts';
import type { Value } from '../value.ts';

/** How deep lists and maps may nest in any text that is read. */
export const MAX_DEPTH = 256;

/** What a reader accepts beyond JSON itself. */
export interface JsonDialect {
  /** `yaml`: `.nan`, `.inf`, `-.inf` · `python`: `NaN`, `Infinity`, `-Infinity`. */
  readonly specials: 'yaml' | 'python';
  /** A key that comes twice: refused, or the last one wins. */
  readonly duplicateKeys: 'refuse' | 'last';
}

/** A fault in a text, with the UTF-16 offset where it was found. */
export class FormatError extends SyntaxError {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(`${message} at offset ${String(offset)}`);
    this.offset = offset;
  }

  /** The message without the offset. */
  get reason(): string {
    return this.message.replace(/ at offset \d+$/, '');
  }
}

const SPECIALS = {
  yaml: new Map([
    ['.nan', NaN],
    ['.inf', Infinity],
    ['-.inf', -Infinity],
  ]),
  python: new Map([
    ['NaN', NaN],
    ['Infinity', Infinity],
    ['-Infinity', -Infinity],
  ]),
};

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[-.\w]+/y;
const CONTROL = /[\u0000-\u001f]/; // eslint-disable-line no-control-regex -- JSON forbids them inside strings

/**
 * Reads JSON text into a value that keeps integers (bigint) apart from floats (number).
 * @param text may come from a stranger: nesting and number lengths are bounded, maps are `Map`s.
 * @throws {FormatError}
 */
export function readJson(text: string, dialect: JsonDialect): Value {
  const specials = SPECIALS[dialect.specials];
  let at = 0;

  const value = readValue(0);
  skipSpace();
  if (at < text.length) throw new FormatError('there is more text after the end of the value', at);
  return value;

  function skipSpace(): void {
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
    }
  }

  function readValue(depth: number): Value {
    skipSpace();
    switch (text.charCodeAt(at)) {
      case 34: // "
        return readText();
      case 123: // {
        return readMap(depth + 1);
      case 91: // [
        return readList(depth + 1);
      default:
        return readWord();
    }
  }

  function enter(depth: number): void {
    if (depth > MAX_DEPTH) throw new FormatError(`lists and maps nest deeper than ${String(MAX_DEPTH)} levels`, at);
    at++;
    skipSpace();
  }

  /** After an item: true when another one follows. */
  function more(end: string): boolean {
    skipSpace();
    const char = text[at];
    if (char !== ',' && char !== end) throw new FormatError(`expected "," or "${end}"`, at);
    at++;
    return char === ',';
  }

  function readList(depth: number): Value {
    const items: Value[] = [];
    enter(depth);
    if (text[at] === ']') {
      at++;
      return items;
    }
    do items.push(readValue(depth));
    while (more(']'));
    return items;
  }

  function readMap(depth: number): Value {
    const map = new Map<string, Value>();
    enter(depth);
    if (text[at] === '}') {
      at++;
      return map;
    }
    do {
      skipSpace();
      if (text[at] !== '"') throw new FormatError('expected a key in double quotes', at);
      const start = at;
      const key = readText();
      if (dialect.duplicateKeys === 'refuse' && map.has(key)) {
        throw new FormatError(`the key ${JSON.stringify(key)} comes twice`, start);
      }
      skipSpace();
      if (text[at] !== ':') throw new FormatError('expected ":" after the key', at);
      at++;
      map.set(key, readValue(depth));
    } while (more('}'));
    return map;
  }

  function readText(): string {
    const start = at;
    let end = text.indexOf('"', start + 1);
    while (end > 0 && isEscaped(end)) end = text.indexOf('"', end + 1);
    if (end < 0) throw new FormatError('a text has no closing quote', start);
    const inner = text.slice(start + 1, end);
    at = end + 1;
    if (CONTROL.test(inner)) throw new FormatError('a text holds a control character', start);
    if (!inner.includes('\\')) return inner;
    try {
      return JSON.parse(text.slice(start, at)) as string;
    } catch (error) {
      if (error instanceof SyntaxError) throw new FormatError('a text holds an unknown escape', start);
      throw error;
    }
  }

  function isEscaped(quote: number): boolean {
    let slashes = 0;
    while (text.charCodeAt(quote - 1 - slashes) === 92) slashes++;
    return slashes % 2 === 1;
  }

  function readWord(): Value {
    NUMBER.lastIndex = WORD.lastIndex = at;
    const number = NUMBER.exec(text)?.[0];
    WORD.lastIndex = at;
    const word = WORD.exec(text)?.[0] ?? text[at];
    if (word === undefined) throw new FormatError('expected a value, found the end of the text', at);
    const start = at;
    at += word.length;
    if (word === 'true') return true;
    if (word === 'false') return false;
    if (word === 'null') return null;
    const special = specials.get(word);
    if (special !== undefined) return special;
    // `1e+5` ends the word at "+", so the longer of the two matches counts.
    if (number === undefined || number.length < word.length)
      throw new FormatError(`unexpected "${word.slice(0, 40)}"`, start);
    at = start + number.length;
    if (/[.eE]/.test(number)) return Number(number);
    const integer = readInteger(number);
    if (integer === undefined) throw new FormatError('an integer has too many digits', start);
    return integer;
  }
}
