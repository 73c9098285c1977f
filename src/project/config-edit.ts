import type { Node, YAMLMap } from 'yaml';
import { isMap, isScalar, isSeq, parseDocument, stringify } from 'yaml';
import { resolvePlain } from '../kit/format/yaml/plain.ts';
import { applySplices, indentAt, lineAfter, lineStart, newlineOf, nextLine, ownPair } from '../pipeline/edit-text.ts';
import type { OptionContent } from './option.ts';

/** A config text with the map that is looked at. */
interface Place {
  readonly text: string;
  readonly map: YAMLMap;
}

/**
 * Sets an option in the text of a config file. Lines that it does not change keep every byte; a text in flow style
 * (`core: { jobs: 4 }`) is laid out anew, with its comments.
 */
export function setInText(text: string, name: string, content: OptionContent): string {
  const value = valueText(content);
  const path = pathOf(name);
  const root = parse(text).contents;
  if (root === null) return appendLines(text, nestedLines(path, value, { indent: '', newline: newlineOf(text) }));
  return (isMap(root) ? setInMap({ text, map: root }, path, value) : undefined) ?? setByDocument(text, path, content);
}

/** Takes an option out of the text, and with it sections that hold nothing else. */
export function unsetInText(text: string, name: string): string {
  const path = pathOf(name);
  const root = parse(text).contents;
  const spliced = isMap(root) ? unsetInMap({ text, map: root }, path) : undefined;
  if (spliced !== undefined) return spliced;
  const document = parse(text);
  for (let length = path.length; length > 0; length -= 1) {
    const at = path.slice(0, length);
    const above: unknown = length === 1 ? document.contents : document.getIn(at.slice(0, -1));
    const there: unknown = document.getIn(at);
    if (isMap(above) && (length === path.length || (isMap(there) && there.items.length === 0))) document.deleteIn(at);
  }
  return withNewlines(document.toString({ lineWidth: 0 }), newlineOf(text));
}

function parse(text: string): ReturnType<typeof parseDocument> {
  return parseDocument(text, { logLevel: 'silent', uniqueKeys: false });
}

function pathOf(name: string): string[] {
  return name.split('.');
}

/** `undefined` when the way it is written is beyond a small change. */
function setInMap({ text, map }: Place, path: readonly string[], value: string): string | undefined {
  const [key = '', ...rest] = path;
  if (map.flow === true || map.items.length === 0) return undefined;
  const indent = indentAt(text, startOf(map.items[0]?.key));
  const pair = ownPair(map, key);
  if (pair === undefined) {
    const at = lineAfter(text, map.items.at(-1) ?? null, indent.length);
    return insertLines(text, at, nestedLines(path, value, { indent, newline: newlineOf(text) }));
  }
  const node = pair.value;
  if (rest.length > 0 && isMap(node)) return setInMap({ text, map: node }, rest, value);
  if (rest.length > 0) {
    if (node !== null && !(isScalar(node) && node.source === '')) return undefined;
    const at = nextLine(text, endOf(pair.key));
    return insertLines(text, at, nestedLines(rest, value, { indent: `${indent}  `, newline: newlineOf(text) }));
  }
  if (node === null || !isOneLine(text, node)) return undefined;
  const isBare = node.range?.[0] === node.range?.[1];
  const start = isBare ? text.indexOf(':', endOf(pair.key)) + 1 : startOf(node);
  return applySplices(text, [{ start, end: isBare ? start : endOf(node), text: isBare ? ` ${value}` : value }]);
}

function unsetInMap({ text, map }: Place, path: readonly string[]): string | undefined {
  const [key = '', ...rest] = path;
  const pair = ownPair(map, key);
  if (pair === undefined || map.flow === true) return undefined;
  if (rest.length > 0 && !isMap(pair.value)) return undefined;
  if (rest.length > 0 && !holdsNothingBut(pair.value, rest))
    return unsetInMap({ text, map: pair.value as YAMLMap }, rest);
  const start = lineStart(text, startOf(pair.key));
  return applySplices(text, [{ start, end: lineAfter(text, pair, Infinity), text: '' }]);
}

function holdsNothingBut(node: unknown, [key = '', ...rest]: readonly string[]): boolean {
  if (!isMap(node) || node.items.length !== 1) return false;
  return rest.length === 0 || holdsNothingBut(ownPair(node, key)?.value, rest);
}

/** Gives the text back as it is where something other than a map is in the way. */
function setByDocument(text: string, path: readonly string[], content: OptionContent): string {
  const document = parse(text);
  for (let length = 0; length < path.length; length += 1) {
    const there: unknown = document.getIn(path.slice(0, length));
    if (there !== undefined && !isMap(there)) return text;
  }
  document.setIn(path, document.createNode(content));
  return withNewlines(document.toString({ lineWidth: 0 }), newlineOf(text));
}

function withNewlines(text: string, newline: string): string {
  return newline === '\n' ? text : text.replace(/\r?\n/g, newline);
}

interface Layout {
  readonly indent: string;
  readonly newline: string;
}

function nestedLines(path: readonly string[], value: string, { indent, newline }: Layout): string {
  return path
    .map(
      (key, depth) =>
        `${indent}${'  '.repeat(depth)}${keyText(key)}:${depth === path.length - 1 ? ` ${value}` : ''}${newline}`,
    )
    .join('');
}

/** Names of remotes such as `1` or `true` are texts. */
function keyText(key: string): string {
  return resolvePlain(key) === key ? key : JSON.stringify(key);
}

function appendLines(text: string, lines: string): string {
  return insertLines(text, text.length, lines);
}

function insertLines(text: string, at: number, lines: string): string {
  const before = text.slice(0, at);
  const open = before === '' || before.endsWith('\n') ? '' : newlineOf(text);
  return before + open + lines + text.slice(at);
}

function valueText(content: OptionContent): string {
  if (typeof content === 'object') return `[${content.join(', ')}]`;
  if (typeof content !== 'string') return String(content);
  const plain = stringify(content, { lineWidth: 0 }).trimEnd();
  // What the `yaml` package leaves bare, our own reader may take for a number: `1_000`.
  return plain === content && resolvePlain(content) === content ? content : JSON.stringify(content);
}

function isOneLine(text: string, node: Node): boolean {
  const isSimple = isScalar(node)
    ? node.type !== 'BLOCK_LITERAL' && node.type !== 'BLOCK_FOLDED'
    : isSeq(node) && node.flow;
  return (
    isSimple === true &&
    node.anchor === undefined &&
    node.tag === undefined &&
    !text.slice(startOf(node), endOf(node)).includes('\n')
  );
}

function startOf(node: unknown): number {
  return (node as Node | undefined)?.range?.[0] ?? 0;
}

function endOf(node: unknown): number {
  return (node as Node | undefined)?.range?.[1] ?? 0;
}
