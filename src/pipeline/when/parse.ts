import type { Value } from '../../kit/value.ts';
import { readExpression } from '../expression.ts';
import { tokenize, WhenError, type Token } from './token.ts';

/** A condition as a tree. Every node knows its place in the text. */
export type Expr = { readonly start: number; readonly end: number } & (
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'list'; readonly items: readonly Expr[] }
  | { readonly kind: 'path'; readonly path: readonly string[] }
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'not'; readonly inner: Expr }
  | { readonly kind: 'logic'; readonly operator: 'and' | 'or'; readonly left: Expr; readonly right: Expr }
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly left: Expr; readonly right: Expr }
);

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

const COMPARISONS = new Set<string>(['==', '!=', '<', '<=', '>', '>=', 'in', 'not in']);
const WORDS = new Map<string, Value>([
  ['true', true],
  ['false', false],
  ['null', null],
]);
const MAX_NESTING = 50;

/**
 * Reads a condition (grammar: docs/language.md, "when").
 *
 *     or   → and ("or" and)*           unit → literal | "(" or ")" | "[" or, … "]" | path | "env." NAME | "${" path "}"
 *     and  → not ("and" not)*          path → NAME ("." NAME | "[" index "]")*
 *     not  → "not" not | compare       compare → unit (("==" | "!=" | "<" | … | "in" | "not" "in") unit)?
 *
 * @throws {WhenError}
 */
export function parseWhen(source: string): Expr {
  const tokens = tokenize(source);
  let at = 0;
  let nesting = 0;
  const whole = readOr();
  if (peek().kind !== 'end') throw unexpected(peek());
  return whole;

  function peek(ahead = 0): Token {
    return tokens[at + ahead] ?? (tokens[tokens.length - 1] as Token);
  }

  function next(): Token {
    const token = peek();
    at++;
    return token;
  }

  function takes(text: string): boolean {
    const token = peek();
    if (token.text !== text || (token.kind !== 'sign' && token.kind !== 'name')) return false;
    at++;
    return true;
  }

  function expectSign(text: string): Token {
    const token = next();
    if (token.kind !== 'sign' || token.text !== text) throw new WhenError(`"${text}" is missing`, token);
    return token;
  }

  function readOr(): Expr {
    let left = readAnd();
    while (takes('or')) left = logic('or', left, readAnd());
    return left;
  }

  function readAnd(): Expr {
    let left = readNot();
    while (takes('and')) left = logic('and', left, readNot());
    return left;
  }

  function readNot(): Expr {
    const { start } = peek();
    if (!takes('not')) return readComparison();
    const inner = nested(readNot);
    return { kind: 'not', inner, start, end: inner.end };
  }

  function readComparison(): Expr {
    const left = readUnit();
    const operator = readOperator();
    if (operator === undefined) return left;
    const right = readUnit();
    const { start, text } = peek();
    if (COMPARISONS.has(text))
      throw new WhenError('comparisons cannot follow each other', { start, end: peek().end }, 'join them with and');
    return { kind: 'compare', operator, left, right, start: left.start, end: right.end };
  }

  function readOperator(): Comparison | undefined {
    const token = peek();
    if (token.kind === 'name' && token.text === 'not' && peek(1).text === 'in') {
      at += 2;
      return 'not in';
    }
    if (token.kind === 'text' || !COMPARISONS.has(token.text)) return undefined;
    at++;
    return token.text as Comparison;
  }

  function readUnit(): Expr {
    const token = next();
    const { start, end, text } = token;
    if (token.kind === 'text') return { kind: 'value', value: text, start, end };
    if (token.kind === 'number') return { kind: 'value', value: numberValue(text), start, end };
    if (token.kind === 'sign' && text === '-' && peek().kind === 'number') {
      const number = next();
      return { kind: 'value', value: numberValue(`-${number.text}`), start, end: number.end };
    }
    if (token.kind === 'sign' && text === '(') {
      const inner = nested(readOr);
      return { ...inner, start, end: expectSign(')').end };
    }
    if (token.kind === 'sign' && text === '[') return readList(start);
    if (token.kind === 'name') return readName(token);
    throw unexpected(token);
  }

  function readList(start: number): Expr {
    const items: Expr[] = [];
    while (!(peek().kind === 'sign' && peek().text === ']')) {
      items.push(nested(readOr));
      if (!takes(',')) break;
    }
    return { kind: 'list', items, start, end: expectSign(']').end };
  }

  function readName(token: Token): Expr {
    const { start, text } = token;
    if (text.startsWith('${')) {
      const expression = readExpression(text.slice(2, -1));
      if ('fault' in expression) throw new WhenError(`${text} cannot be read: ${expression.fault}`, token);
      return { kind: 'path', path: expression.path, start, end: token.end };
    }
    const word = WORDS.get(text);
    if (word !== undefined) return { kind: 'value', value: word, start, end: token.end };
    if (text === 'and' || text === 'or' || text === 'in' || text === 'not') throw unexpected(token);
    if (text === 'env' && peek().text === '.') {
      at++;
      const name = next();
      if (name.kind !== 'name') throw new WhenError('a name must follow env.', name);
      return { kind: 'env', name: name.text, start, end: name.end };
    }
    return readPath(token);
  }

  function readPath(first: Token): Expr {
    const path = [first.text];
    let { end } = first;
    for (;;) {
      if (takes('.')) {
        const name = next();
        if (name.kind !== 'name' && name.kind !== 'number') throw new WhenError('a name must follow "."', name);
        path.push(...name.text.split('.'));
        ({ end } = name);
      } else if (takes('[')) {
        const negative = takes('-');
        const index = next();
        if (index.kind === 'sign' || index.kind === 'end')
          throw new WhenError('a name or an index must follow "["', index);
        path.push(negative ? `-${index.text}` : index.text);
        ({ end } = expectSign(']'));
      } else {
        return { kind: 'path', path, start: first.start, end };
      }
    }
  }

  function nested(read: () => Expr): Expr {
    if (++nesting > MAX_NESTING) throw new WhenError('the condition nests too deep', peek());
    const inner = read();
    nesting--;
    return inner;
  }
}

function logic(operator: 'and' | 'or', left: Expr, right: Expr): Expr {
  return { kind: 'logic', operator, left, right, start: left.start, end: right.end };
}

function unexpected(token: Token): WhenError {
  return token.kind === 'end'
    ? new WhenError('the condition ends too early', token)
    : new WhenError(`"${token.text}" is not expected here`, token);
}

function numberValue(text: string): Value {
  const digits = text.replaceAll('_', '');
  return /^-?\d+$/.test(digits) ? BigInt(digits) : Number(digits);
}
