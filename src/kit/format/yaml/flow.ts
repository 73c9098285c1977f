import { COLON, type Cursor, NEWLINE, plainNode, readQuoted, SPACE, Unsure } from './cursor.ts';
import { hasDuplicates } from './merge.ts';
import type { MapEntry, ScalarNode, YamlNode } from './node.ts';

const OPEN_SEQ = 91;
const CLOSE_SEQ = 93;
const OPEN_MAP = 123;
const CLOSE_MAP = 125;
const COMMA = 44;

/** A flow collection for the quick reader; the cursor stands at its bracket. Its lines are indented beyond `indent`. */
export function readFlow(cursor: Cursor, indent: number): YamlNode {
  cursor.enter();
  const node = cursor.code === OPEN_SEQ ? readSeq(cursor, indent) : readMap(cursor, indent);
  cursor.leave();
  return node;
}

function readSeq(cursor: Cursor, indent: number): YamlNode {
  const start = cursor.at++;
  const items: YamlNode[] = [];
  skipBreaks(cursor, indent);
  while (cursor.code !== CLOSE_SEQ) {
    const item = readItem(cursor, indent);
    skipBreaks(cursor, indent);
    if (cursor.code === COLON) throw new Unsure();
    items.push(item);
    if (!skipComma(cursor, indent, CLOSE_SEQ)) break;
  }
  cursor.at++;
  return { kind: 'seq', items, start, end: cursor.at };
}

function readMap(cursor: Cursor, indent: number): YamlNode {
  const start = cursor.at++;
  const entries: MapEntry[] = [];
  skipBreaks(cursor, indent);
  while (cursor.code !== CLOSE_MAP) {
    const isQuoted = cursor.code === 34 || cursor.code === 39;
    const key = isQuoted ? readQuoted(cursor) : readPlain(cursor);
    cursor.skipSpaces();
    const after = cursor.text.charCodeAt(cursor.at + 1);
    if (cursor.code !== COLON || (after !== SPACE && after !== NEWLINE && !isQuoted)) throw new Unsure();
    if (key.value === '<<' || key.end - key.start > 1000) throw new Unsure();
    cursor.at++;
    skipBreaks(cursor, indent);
    entries.push({ key, value: readItem(cursor, indent) });
    skipBreaks(cursor, indent);
    if (!skipComma(cursor, indent, CLOSE_MAP)) break;
  }
  cursor.at++;
  if (hasDuplicates(entries)) throw new Unsure();
  return { kind: 'map', entries, start, end: cursor.at };
}

function skipComma(cursor: Cursor, indent: number, close: number): boolean {
  if (cursor.code === close) return false;
  if (cursor.code !== COMMA) throw new Unsure();
  cursor.at++;
  skipBreaks(cursor, indent);
  return true;
}

function readItem(cursor: Cursor, indent: number): YamlNode {
  const { code } = cursor;
  if (code === OPEN_SEQ || code === OPEN_MAP) return readFlow(cursor, indent);
  return code === 34 || code === 39 ? readQuoted(cursor) : readPlain(cursor);
}

/** Spaces and line ends; comments are left to the full reader. */
function skipBreaks(cursor: Cursor, indent: number): void {
  cursor.skipSpaces();
  if (cursor.code !== NEWLINE) return;
  const before = cursor.at;
  if (cursor.nextLine() <= indent) throw new Unsure();
  if (cursor.text.slice(before, cursor.at).includes('#')) throw new Unsure();
}

/** A plain scalar on one line. */
function readPlain(cursor: Cursor): ScalarNode {
  const { text, at: start } = cursor;
  const first = text[start] ?? '';
  if (/[\s#&*!|>'"%@`,[\]{}?:-]/.test(first) && !/^-[\w.]/.test(text.slice(start, start + 2))) throw new Unsure();
  let at = start;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === COMMA || code === CLOSE_SEQ || code === CLOSE_MAP) break;
    if (code === NEWLINE || code === 35 || code === OPEN_SEQ || code === OPEN_MAP) throw new Unsure();
    if (code !== COLON) continue;
    const after = text.charCodeAt(at + 1);
    if (after === SPACE || after === NEWLINE || Number.isNaN(after)) break;
    if (after === COMMA || after === CLOSE_SEQ || after === CLOSE_MAP || after === OPEN_SEQ || after === OPEN_MAP)
      throw new Unsure();
  }
  let end = at;
  while (text.charCodeAt(end - 1) === SPACE) end--;
  cursor.at = at;
  return plainNode(text.slice(start, end), start, end);
}
