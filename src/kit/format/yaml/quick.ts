import { readBlockScalar } from './block-scalar.ts';
import { COLON, Cursor, DASH, HASH, NEWLINE, plainNode, readQuoted, SPACE, Unsure } from './cursor.ts';
import { readFlow } from './flow.ts';
import { hasDuplicates } from './merge.ts';
import type { MapEntry, ScalarNode, YamlNode } from './node.ts';

/** The quick reader does not know this text's meaning for certain: the full reader must look at it. */
export const UNSURE = Symbol('unsure');

/** Line ends that need rules of their own, and tabs. */
const UNUSUAL = /[\t\r\u0085\u2028\u2029\ufeff]/;

/** A key must end within 1024 characters. */
const MAX_KEY = 1000;

/**
 * Reads the YAML that people write in pipelines and params: block maps and lists, plain, quoted and block scalars,
 * flow collections, comments. About ten times as fast as the full reader, and exactly like it: for anything it does
 * not understand (anchors, tags, explicit keys, tabs, every mistake) it answers `UNSURE`.
 */
export function readQuickly(text: string): YamlNode | undefined | typeof UNSURE {
  // A carriage return at the end of a line counts as little as a space there, and takes as much room.
  const crlf = text.includes('\r\n');
  const plain = crlf ? text.replaceAll('\r\n', ' \n') : text;
  if (UNUSUAL.test(plain)) return UNSURE;
  try {
    return readDocument(new Cursor(plain, crlf));
  } catch (error) {
    if (error instanceof Unsure) return UNSURE;
    throw error;
  }
}

function readDocument(cursor: Cursor): YamlNode | undefined {
  if (cursor.text.startsWith('---\n')) cursor.at = 3;
  const indent = cursor.nextLine();
  if (indent < 0) return undefined;
  if (cursor.text[cursor.at] === '%') throw new Unsure();
  const [root, next] = readBlock(cursor, indent);
  if (next >= 0) throw new Unsure();
  return root;
}

/** A node, and the indentation of the line after it (at whose first character the cursor stands). */
type Read = readonly [YamlNode, number];

/** A list or a map whose first character stands here, at this indentation. */
function readBlock(cursor: Cursor, indent: number): Read {
  if (isDash(cursor)) return readSeq(cursor, indent);
  const key = tryKey(cursor);
  if (key === undefined) throw new Unsure();
  return readMap(cursor, indent, key);
}

function isDash(cursor: Cursor): boolean {
  if (cursor.code !== DASH) return false;
  const after = cursor.text.charCodeAt(cursor.at + 1);
  return after === SPACE || after === NEWLINE || Number.isNaN(after);
}

function readSeq(cursor: Cursor, indent: number): Read {
  const items: YamlNode[] = [];
  const start = cursor.at;
  let next = indent;
  cursor.enter();
  while (next === indent && isDash(cursor)) {
    const dash = cursor.at++;
    let column: number;
    if (cursor.skipToLineEnd()) {
      column = cursor.nextLine();
      if (column <= indent) throw new Unsure();
    } else {
      cursor.skipSpaces();
      column = indent + cursor.at - dash;
    }
    const [item, after] = readNested(cursor, column, indent);
    items.push(item);
    next = after;
  }
  cursor.leave();
  if (next > indent) throw new Unsure();
  return [{ kind: 'seq', items, start, end: items.at(-1)?.end ?? start }, next];
}

/** What stands after a dash or on a line of its own: a list, a map, or a scalar of the parent at `indent`. */
function readNested(cursor: Cursor, column: number, indent: number): Read {
  if (isDash(cursor)) return readBlock(cursor, column);
  const start = cursor.at;
  const key = tryKey(cursor);
  if (key !== undefined) return readMap(cursor, column, key);
  cursor.at = start;
  return readScalar(cursor, indent);
}

function readMap(cursor: Cursor, indent: number, firstKey: ScalarNode): Read {
  const entries: MapEntry[] = [];
  cursor.enter();
  let key: ScalarNode | undefined = firstKey;
  for (;;) {
    if (key?.value === '<<' || key === undefined) throw new Unsure();
    const [value, next]: Read = readValue(cursor, indent, key);
    entries.push({ key, value });
    if (next > indent) throw new Unsure();
    if (next < indent) {
      cursor.leave();
      if (hasDuplicates(entries)) throw new Unsure();
      return [{ kind: 'map', entries, start: firstKey.start, end: value.end }, next];
    }
    key = isDash(cursor) ? undefined : tryKey(cursor);
  }
}

/** What belongs to a key; the cursor stands behind its colon. */
function readValue(cursor: Cursor, indent: number, key: ScalarNode): Read {
  if (!cursor.skipToLineEnd()) {
    cursor.skipSpaces();
    return readScalar(cursor, indent);
  }
  const next = cursor.nextLine();
  if (next > indent) return readNested(cursor, next, indent);
  if (next === indent && isDash(cursor)) return readSeq(cursor, indent);
  return [{ kind: 'scalar', value: null, start: key.end, end: key.end }, next];
}

/** Characters that give a scalar another meaning when they come first. */
const SPECIAL = new Set(',]}#&*!%@`');

/** A scalar or flow collection that ends its line. `indent` is that of the list or map it belongs to. */
function readScalar(cursor: Cursor, indent: number): Read {
  const char = cursor.text[cursor.at] ?? '';
  if (SPECIAL.has(char)) throw new Unsure();
  if (char === '|' || char === '>') return readBlockScalar(cursor, indent);
  if (char === '"' || char === "'") return endOfLine(cursor, readQuoted(cursor));
  if (char === '[' || char === '{') return endOfLine(cursor, readFlow(cursor, indent));
  return readPlain(cursor, indent);
}

function endOfLine(cursor: Cursor, node: YamlNode): Read {
  if (!cursor.skipToLineEnd()) throw new Unsure();
  return [node, cursor.nextLine()];
}

/** A plain scalar, which may go on over lines that are indented further: they are joined by spaces. */
function readPlain(cursor: Cursor, indent: number): Read {
  const { text, at: start } = cursor;
  let end = plainEnd(cursor, true);
  let value = text.slice(start, end);
  for (;;) {
    const commented = text.charCodeAt(cursor.at) === HASH;
    cursor.at = cursor.lineEnd();
    const lineEnd = cursor.at;
    const next = cursor.nextLine();
    if (next <= indent) return [plainNode(value, start, end), next];
    const between = text.slice(lineEnd, cursor.at);
    if (commented || between.includes('#') || isBelowComment(text, start)) throw new Unsure();
    const breaks = between.split('\n').length - 1;
    const from = cursor.at;
    end = plainEnd(cursor, false);
    value += (breaks > 1 ? '\n'.repeat(breaks - 1) : ' ') + text.slice(from, end);
  }
}

/** Whether a text begins on the line after a comment: the full reader may take its lines for those of a key then. */
function isBelowComment(text: string, start: number): boolean {
  const above = text.slice(0, start).trimEnd();
  return above
    .slice(above.lastIndexOf('\n') + 1)
    .trimStart()
    .startsWith('#');
}

/** The end of the plain text on this line, without spaces; the cursor moves behind them. */
function plainEnd(cursor: Cursor, first: boolean): number {
  const { text, at: start } = cursor;
  const lineEnd = cursor.lineEnd();
  if (first && isIndicator(text, start, lineEnd)) throw new Unsure();
  let end = lineEnd;
  for (let at = start; at < lineEnd; at++) {
    const code = text.charCodeAt(at);
    if (code === COLON && (at + 1 === lineEnd || text.charCodeAt(at + 1) === SPACE)) throw new Unsure();
    if (code === HASH && (at === start || text.charCodeAt(at - 1) === SPACE)) {
      end = at;
      break;
    }
  }
  cursor.at = end;
  while (end > start && text.charCodeAt(end - 1) === SPACE) end--;
  if (end === start) throw new Unsure();
  return end;
}

/** `-`, `?` or `:` before a space, where a plain scalar cannot begin. */
function isIndicator(text: string, at: number, lineEnd: number): boolean {
  const char = text[at];
  if (char !== '-' && char !== '?' && char !== ':') return false;
  return at + 1 === lineEnd || text[at + 1] === ' ';
}

/** A key on this line, if there is one; then the cursor stands behind its colon, else where it stood. */
function tryKey(cursor: Cursor): ScalarNode | undefined {
  const { text, at: start } = cursor;
  const char = text[start] ?? '';
  if (char === '"' || char === "'") return tryQuotedKey(cursor);
  if (SPECIAL.has(char) || char === '[' || char === '{' || char === '|' || char === '>') return undefined;
  const lineEnd = cursor.lineEnd();
  if (isIndicator(text, start, lineEnd)) throw new Unsure();
  for (let at = start; at < lineEnd; at++) {
    const code = text.charCodeAt(at);
    if (code === HASH && text.charCodeAt(at - 1) === SPACE) return undefined;
    if (code !== COLON || (at + 1 < lineEnd && text.charCodeAt(at + 1) !== SPACE)) continue;
    let end = at;
    while (text.charCodeAt(end - 1) === SPACE) end--;
    if (end <= start || at - start > MAX_KEY) throw new Unsure();
    cursor.at = at + 1;
    if (isDocumentMark(text, start, end)) throw new Unsure();
    return plainNode(text.slice(start, end), start, end);
  }
  return undefined;
}

function isDocumentMark(text: string, start: number, end: number): boolean {
  const begin = text.slice(start, Math.min(end, start + 3));
  return begin === '---' || begin === '...';
}

function tryQuotedKey(cursor: Cursor): ScalarNode | undefined {
  const start = cursor.at;
  const key = readQuoted(cursor);
  cursor.skipSpaces();
  const after = cursor.text.charCodeAt(cursor.at + 1);
  const isKey = cursor.code === COLON && (after === SPACE || after === NEWLINE || Number.isNaN(after));
  if (cursor.code === COLON && !isKey) throw new Unsure();
  if (cursor.at - start > MAX_KEY) throw new Unsure();
  cursor.at = isKey ? cursor.at + 1 : start;
  return isKey ? key : undefined;
}
