import { canonical } from '../canonical.ts';
import { isList, isMap, type Value } from '../value.ts';
import { floatText } from './number.ts';
import { FormatError, MAX_DEPTH } from './json.ts';
import type { PythonToken } from './python-token.ts';

const CONSTANTS = new Map<string, Value>([
  ['None', null],
  ['True', true],
  ['False', false],
]);

/** Thrown inside where an expression is no literal. */
class NoLiteral extends Error {}

/**
 * The value of tokens that are one literal, as `ast.literal_eval` reads it; tuples and sets become lists.
 * @returns `undefined` for every other expression
 * @throws {FormatError} for literals that nest too deep
 */
export function readLiteral(tokens: readonly PythonToken[]): Value | undefined {
  let at = 0;
  try {
    const value = readTuple(0);
    return at === tokens.length ? value : undefined;
  } catch (error) {
    if (error instanceof NoLiteral) return undefined;
    throw error;
  }

  function isSign(text: string): boolean {
    const token = tokens[at];
    return token?.kind === 'sign' && token.text === text;
  }

  function takes(text: string): boolean {
    if (!isSign(text)) return false;
    at++;
    return true;
  }

  /** One value, or several with commas between them. */
  function readTuple(depth: number): Value {
    const first = readOne(depth);
    if (!isSign(',')) return first;
    const items = [first];
    while (takes(',') && at < tokens.length && !isSign(')')) items.push(readOne(depth));
    return items;
  }

  function readOne(depth: number): Value {
    const token = tokens[at++];
    if (token === undefined) throw new NoLiteral();
    if (depth > MAX_DEPTH)
      throw new FormatError(`a literal nests deeper than ${String(MAX_DEPTH)} levels`, token.start);
    switch (token.kind) {
      case 'number':
        return token.value;
      case 'text':
        return token.value + readTexts();
      case 'name':
        return readName(token.text);
      case 'sign':
        return readSign(token.text, depth);
      case 'other':
        throw new NoLiteral();
    }
  }

  /** Texts that follow each other are one. */
  function readTexts(): string {
    let text = '';
    for (let token = tokens[at]; token?.kind === 'text' || token?.kind === 'other'; token = tokens[++at]) {
      if (token.kind === 'other') throw new NoLiteral();
      text += token.value;
    }
    return text;
  }

  function readName(name: string): Value {
    if (name === 'set' && takes('(') && takes(')')) return [];
    const value = CONSTANTS.get(name);
    if (value === undefined) throw new NoLiteral();
    return value;
  }

  function readSign(sign: string, depth: number): Value {
    switch (sign) {
      case '-':
      case '+':
        return readSigned(sign, depth);
      case '(': {
        if (takes(')')) return [];
        const value = readTuple(depth + 1);
        if (!takes(')')) throw new NoLiteral();
        return value;
      }
      case '[':
        return readItems(']', depth);
      case '{':
        return readBraces(depth);
      default:
        throw new NoLiteral();
    }
  }

  function readSigned(sign: string, depth: number): Value {
    if (isSign('-') || isSign('+')) throw new NoLiteral();
    const value = readOne(depth + 1);
    if (typeof value !== 'number' && typeof value !== 'bigint') throw new NoLiteral();
    return sign === '-' ? -value : value;
  }

  function readItems(close: string, depth: number): Value[] {
    const items: Value[] = [];
    while (!takes(close)) {
      items.push(readOne(depth + 1));
      if (!takes(',') && !isSign(close)) throw new NoLiteral();
    }
    return items;
  }

  function readBraces(depth: number): Value {
    const map = new Map<string, Value>();
    if (takes('}')) return map;
    const first = readOne(depth + 1);
    if (!isSign(':')) {
      if (!takes(',') && !isSign('}')) throw new NoLiteral();
      return distinct([first, ...readItems('}', depth)]);
    }
    for (let key = first; ; key = readOne(depth + 1)) {
      if (!takes(':')) throw new NoLiteral();
      map.set(keyText(key), readOne(depth + 1));
      if (!takes(',') && !isSign('}')) throw new NoLiteral();
      if (takes('}')) return map;
    }
  }
}

/** The items of a set: each once, in the order written. */
function distinct(items: readonly Value[]): Value {
  return [...new Map(items.map((item) => [canonical(item), item])).values()];
}

function keyText(key: Value): string {
  if (isList(key) || isMap(key)) throw new NoLiteral();
  return typeof key === 'number' ? floatText(key) : String(key);
}
