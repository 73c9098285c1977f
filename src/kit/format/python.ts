import type { Value } from '../value.ts';
import { readLiteral } from './python-literal.ts';
import { pythonLines, type PythonToken } from './python-token.ts';

/** Lines that belong to a statement with a colon. */
interface Block {
  /** Indentation of the line with the colon; −1 for the file itself. */
  readonly indent: number;
  /** Where its assignments go; absent when they do not count. */
  readonly into?: Map<string, Value>;
  /** Inside `__init__`: only `self.name = …` counts. */
  readonly onlySelf: boolean;
}

const COMPOUND = new Set('async class def elif else except finally for if match try while with'.split(' '));

/**
 * Reads the literal assignments of a Python file as DVC does: `name = literal` and `name: type = literal` at the top
 * and in classes (as maps, nested), and `self.name = literal` in `__init__`. Everything else is ignored.
 * @throws {FormatError} when the text cannot be Python
 */
export function readPython(text: string): Value {
  const root = new Map<string, Value>();
  const blocks: Block[] = [{ indent: -1, into: root, onlySelf: false }];
  for (const { indent, tokens } of pythonLines(text)) {
    while ((blocks.at(-1)?.indent ?? -1) >= indent) blocks.pop();
    const block = blocks.at(-1);
    const [first] = tokens;
    if (block === undefined || first === undefined) continue;
    if (isCompound(first, tokens)) {
      const colon = indexAtTop(tokens, ':');
      const inner = openBlock(tokens, block, indent);
      blocks.push(inner);
      readStatements(tokens.slice(colon + 1), inner);
    } else {
      readStatements(tokens, block);
    }
  }
  return root;
}

function isCompound(first: PythonToken, tokens: readonly PythonToken[]): boolean {
  const last = tokens.at(-1);
  const endsInColon = last?.kind === 'sign' && last.text === ':';
  if (first.kind === 'name' && first.text === 'match') return endsInColon;
  return endsInColon || (first.kind === 'name' && COMPOUND.has(first.text));
}

function openBlock([keyword, name]: readonly PythonToken[], parent: Block, indent: number): Block {
  const { into } = parent;
  if (into === undefined || keyword?.kind !== 'name' || name?.kind !== 'name') return { indent, onlySelf: false };
  if (keyword.text === 'class') {
    const members = new Map<string, Value>();
    into.set(name.text, members);
    return { indent, into: members, onlySelf: false };
  }
  return keyword.text === 'def' && name.text === '__init__'
    ? { indent, into, onlySelf: true }
    : { indent, onlySelf: false };
}

function readStatements(tokens: readonly PythonToken[], { into, onlySelf }: Block): void {
  let rest = tokens;
  while (into !== undefined && rest.length > 0) {
    const semicolon = indexAtTop(rest, ';');
    readAssignment(semicolon < 0 ? rest : rest.slice(0, semicolon), into, onlySelf);
    rest = semicolon < 0 ? [] : rest.slice(semicolon + 1);
  }
}

function readAssignment(tokens: readonly PythonToken[], into: Map<string, Value>, onlySelf: boolean): void {
  const equals = indexAtTop(tokens, '=');
  if (equals < 0 || indexAtTop(tokens.slice(equals + 1), '=') >= 0) return;
  const colon = indexAtTop(tokens.slice(0, equals), ':');
  const name = targetName(tokens.slice(0, colon < 0 ? equals : colon), onlySelf);
  const value = name === undefined ? undefined : readLiteral(tokens.slice(equals + 1));
  if (name !== undefined && value !== undefined) into.set(name, value);
}

/** `name`, or the name behind `self.`. */
function targetName(tokens: readonly PythonToken[], onlySelf: boolean): string | undefined {
  const texts = tokens.map((token) => (token.kind === 'name' || token.kind === 'sign' ? token.text : ''));
  const [first, dot, attribute] = texts;
  if (tokens.length === 1) return onlySelf || tokens[0]?.kind !== 'name' ? undefined : first;
  return tokens.length === 3 && first === 'self' && dot === '.' ? attribute : undefined;
}

/** The index of a sign outside all brackets; −1 when there is none. */
function indexAtTop(tokens: readonly PythonToken[], sign: string): number {
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'sign') continue;
    if (depth === 0 && token.text === sign) return index;
    if (token.text === '(' || token.text === '[' || token.text === '{') depth++;
    else if (token.text === ')' || token.text === ']' || token.text === '}') depth--;
  }
  return -1;
}
