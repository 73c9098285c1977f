import { FormatError } from './json.ts';
import { readInteger } from './number.ts';

/** One token of Python. A literal that params cannot hold (bytes, f-strings, complex numbers) is `other`. */
export type PythonToken = { readonly start: number } & (
  | { readonly kind: 'name' | 'sign'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number | bigint }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'other' }
);

/** One statement line: its indentation and its tokens, without comments and line ends. */
export interface PythonLine {
  readonly indent: number;
  readonly tokens: readonly PythonToken[];
}

const SPACE = /[ \f\t]+|\\(?:\r\n|\n|\r)/y;
const COMMENT = /#[^\n\r]*/y;
const BREAK = /\r\n|\n|\r/y;
const PREFIXED = /([a-zA-Z]{0,2})('''|"""|'|")/y;
const NAME = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*/uy;
const NUMBER =
  /(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:\d(?:_?\d)*)?\.\d(?:_?\d)*(?:[eE][-+]?\d(?:_?\d)*)?|\d(?:_?\d)*\.?(?:[eE][-+]?\d(?:_?\d)*)?)[jJ]?(?![\w.])/y;
const SIGN = /\*\*=|\/\/=|>>=|<<=|\.\.\.|->|:=|[-+*/%@&|^=!<>]=|\*\*|\/\/|<<|>>|[-+*/%@&|^~<>()[\]{},:;.=]/y;

/**
 * Cuts Python text into its logical lines: brackets and backslashes join lines, semicolons stay as signs.
 * @throws {FormatError} for what no Python file can hold: an unknown character, an open text or bracket
 */
export function* pythonLines(text: string): Generator<PythonLine> {
  const open: { readonly sign: string; readonly at: number }[] = [];
  let tokens: PythonToken[] = [];
  let indent = 0;
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  let lineStart = at;
  while (at < text.length) {
    const taken = take(SPACE) ?? take(COMMENT);
    if (taken !== undefined) continue;
    if (take(BREAK) !== undefined) {
      if (open.length === 0) {
        if (tokens.length > 0) yield { indent, tokens };
        tokens = [];
        lineStart = at;
      }
      continue;
    }
    if (tokens.length === 0) indent = columnOf(text.slice(lineStart, at));
    tokens.push(readToken());
  }
  const unclosed = open.at(-1);
  if (unclosed !== undefined) throw new FormatError(`"${unclosed.sign}" is never closed`, unclosed.at);
  if (tokens.length > 0) yield { indent, tokens };

  function take(pattern: RegExp): string | undefined {
    pattern.lastIndex = at;
    const match = pattern.exec(text)?.[0];
    at += match?.length ?? 0;
    return match;
  }

  function readToken(): PythonToken {
    const start = at;
    PREFIXED.lastIndex = at;
    const [opening, prefix = '', quote = ''] = PREFIXED.exec(text) ?? [];
    if (opening !== undefined && /^(?:[rbuft]?|[bft]r|r[bft])$/i.test(prefix)) {
      at += opening.length;
      return readText(start, prefix.toLowerCase(), quote);
    }
    const number = take(NUMBER);
    if (number !== undefined) return numberToken(number, start);
    const name = take(NAME);
    if (name !== undefined) return { kind: 'name', text: name.normalize('NFKC'), start };
    const sign = take(SIGN);
    if (sign === undefined) throw new FormatError(`"${text[at] ?? ''}" is not expected here`, at);
    balance(sign, start);
    return { kind: 'sign', text: sign, start };
  }

  function balance(sign: string, start: number): void {
    if (sign === '(' || sign === '[' || sign === '{') open.push({ sign, at: start });
    const closes = sign === ')' ? '(' : sign === ']' ? '[' : sign === '}' ? '{' : undefined;
    if (closes !== undefined && open.pop()?.sign !== closes) throw new FormatError(`"${sign}" closes nothing`, start);
  }

  function readText(start: number, prefix: string, quote: string): PythonToken {
    const from = at;
    for (;;) {
      const char = text[at];
      if (char === undefined || (quote.length === 1 && (char === '\n' || char === '\r'))) {
        throw new FormatError('a text has no closing quote', start);
      }
      if (text.startsWith(quote, at)) break;
      at += char === '\\' ? (text.startsWith('\\\r\n', at) ? 3 : 2) : 1;
    }
    const inner = text.slice(from, at).replace(/\r\n?/g, '\n');
    at += quote.length;
    if (/[bft]/.test(prefix)) return { kind: 'other', start };
    const value = prefix.includes('r') ? inner : unescape(inner, start);
    return value === undefined ? { kind: 'other', start } : { kind: 'text', value, start };
  }
}

/** A tab moves to the next multiple of eight. */
function columnOf(spaces: string): number {
  let column = 0;
  for (const char of spaces) column = char === '\t' ? column + 8 - (column % 8) : char === '\f' ? 0 : column + 1;
  return column;
}

function numberToken(text: string, start: number): PythonToken {
  if (/j$/i.test(text)) return { kind: 'other', start };
  const digits = text.replaceAll('_', '');
  if (/^0[xob]/i.test(digits) || /^\d+$/.test(digits)) {
    if (/^0+[1-9]/.test(digits)) throw new FormatError('an integer starts with a zero', start);
    const value = readInteger(digits.toLowerCase());
    if (value === undefined) throw new FormatError('an integer has too many digits', start);
    return { kind: 'number', value, start };
  }
  return { kind: 'number', value: Number(digits), start };
}

const SIMPLE: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** The text that Python's escapes stand for; `undefined` for a character by its Unicode name. */
function unescape(inner: string, start: number): string | undefined {
  if (!inner.includes('\\')) return inner;
  if (/(?:^|[^\\])(?:\\\\)*\\N\{/.test(inner)) return undefined;
  return inner.replace(
    /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/gsu,
    (whole: string, ...groups: (string | undefined)[]) => {
      const [octal, hex, short, long, char = ''] = groups;
      if (octal !== undefined) return String.fromCharCode(parseInt(octal, 8));
      const code = hex ?? short ?? long;
      if (code !== undefined) {
        const point = parseInt(code, 16);
        if (point > 0x10ffff) throw new FormatError('a text holds an escape beyond Unicode', start);
        return String.fromCodePoint(point);
      }
      if (/[xuU]/.test(char)) throw new FormatError('a text holds a broken escape', start);
      return (Object.hasOwn(SIMPLE, char) ? SIMPLE[char] : undefined) ?? whole;
    },
  );
}
