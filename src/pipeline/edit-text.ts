import type { Document, Node, Pair, YAMLMap } from 'yaml';
import { isCollection, isMap, isPair, isScalar, isSeq } from 'yaml';

/**
 * Small changes to a YAML text that leave every other byte as it is. The `yaml` package says where things are; writing
 * a whole document back through it would move comments and blank lines.
 */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Applies changes that do not overlap; those at one place in the order given. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  let result = text;
  for (const { start, end, text: inserted } of [...splices].sort((a, b) => a.start - b.start).reverse()) {
    result = result.slice(0, start) + inserted + result.slice(end);
  }
  return result;
}

/** A map with the document and text it stands in. */
export interface MapInText {
  readonly text: string;
  readonly document: Document;
  readonly map: YAMLMap;
}

/** The pair of a key that the map itself writes (not one that a merge key brings in). */
export function ownPair(map: YAMLMap, key: string): Pair<Node, Node | null> | undefined {
  const pair = map.items.find((each) => isScalar(each.key) && String(each.key.value) === key);
  return pair as Pair<Node, Node | null> | undefined;
}

/** The line end that the text uses. */
export function newlineOf(text: string): string {
  const first = text.indexOf('\n');
  return first > 0 && text[first - 1] === '\r' ? '\r\n' : '\n';
}

/** The offset at which the line of `offset` begins. */
export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** The offset after the line end that follows `offset`, or the text's end. */
export function nextLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end + 1;
}

/** The white space that the line of `offset` begins with. */
export function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, offset)))?.[0] ?? '';
}

/** Where a node begins: its own text, without anchor and tag. */
export function startOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

/**
 * The offset of the line after a node: behind its last character, the comment on that line, and the comment lines that
 * follow directly and are indented by at least `indent` columns (more than the key, for a value).
 */
export function lineAfter(text: string, last: Node | Pair | null, indent: number): number {
  return lineBehind(text, endOf(text, last), indent);
}

/** The same for what ends at an offset. */
export function lineBehind(text: string, end: number, indent: number): number {
  let at = end;
  if (at === 0 || text[at - 1] !== '\n') at = nextLine(text, at);
  for (let line = lineText(text, at); /^ *#/.test(line) && line.indexOf('#') >= indent; line = lineText(text, at)) {
    at = nextLine(text, at);
  }
  return at;
}

function lineText(text: string, start: number): string {
  return text.slice(start, nextLine(text, start));
}

/** The end of what a node says; blank lines at the end of a block scalar count only where it keeps them. */
export function endOf(text: string, node: Node | Pair | null): number {
  if (node === null) return 0;
  if (isPair(node)) {
    const { key, value } = node as Pair<Node, Node | null>;
    return value === null ? endOf(text, key) : Math.max(endOf(text, key), endOf(text, value));
  }
  const end = node.range?.[1] ?? 0;
  if (isCollection(node) && node.flow !== true) {
    const last = node.items.at(-1) as Node | Pair | undefined;
    return last === undefined ? end : endOf(text, last);
  }
  if (!isScalar(node) || (node.type !== 'BLOCK_LITERAL' && node.type !== 'BLOCK_FOLDED')) return end;
  const keeps = /^[|>]\d?\+/.test(text.slice(startOf(node), end));
  if (keeps) return end;
  return startOf(node) + text.slice(startOf(node), end).trimEnd().length;
}

/** Whether the items of block lists stand deeper than their key, as the text's first list does; absent without one. */
export function listsIndented(text: string, node: Node | null): boolean | undefined {
  if (!isMap(node)) return undefined;
  for (const pair of node.items as Pair<Node, Node | null>[]) {
    if (isSeq(pair.value) && pair.value.flow !== true && pair.value.items.length > 0) {
      const dash = text.lastIndexOf('-', startOf(pair.value.items[0] as Node));
      return dash - lineStart(text, dash) > startOf(pair.key) - lineStart(text, startOf(pair.key));
    }
    const below = listsIndented(text, pair.value);
    if (below !== undefined) return below;
  }
  return undefined;
}
