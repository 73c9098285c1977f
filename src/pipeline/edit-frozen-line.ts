import type { YAMLMap } from 'yaml';
import { isScalar } from 'yaml';
import { applySplices, indentAt, lineAfter, lineStart, newlineOf, nextLine, ownPair, startOf } from './edit-text.ts';

/** Finds the map that holds `frozen` in a text. */
export type FindMap = (text: string) => YAMLMap | undefined;

/**
 * Ways to write `frozen` into a map by changing one line alone, the best first. One that thaws undoes one that freezes
 * byte for byte: a line that freezing added is taken away again, a value that was there is changed in its place.
 * Whoever uses one checks that the text still means what it should.
 */
export function frozenEdits(text: string, frozen: boolean, find: FindMap): string[] {
  const map = find(text);
  if (map === undefined) return [];
  const shorter = frozen ? undefined : withoutAddedLine(text, map, find);
  return [shorter, withValue(text, map, frozen)].filter((each) => each !== undefined);
}

function withValue(text: string, map: YAMLMap, frozen: boolean): string | undefined {
  const pair = ownPair(map, 'frozen');
  if (pair === undefined) return withLine(text, map, frozen);
  const { value } = pair;
  const [start, end] = value?.range ?? [0, 0];
  if (!isScalar(value)) return undefined;
  // A key without a value (`frozen:`) has an empty place behind its colon.
  return applySplices(text, [{ start, end, text: `${start === end ? ' ' : ''}${String(frozen)}` }]);
}

/** Adds the field as the last line of a block, or first in a flow map. */
function withLine(text: string, map: YAMLMap, frozen: boolean): string | undefined {
  const field = `frozen: ${String(frozen)}`;
  const [first, last] = [map.items[0], map.items.at(-1)];
  if (map.flow === true) {
    const at = startOf(map) + 1;
    return applySplices(text, [{ start: at, end: at, text: map.items.length === 0 ? field : `${field}, ` }]);
  }
  if (first === undefined || last === undefined) return undefined;
  const indent = indentAt(text, startOf(first.key as YAMLMap));
  const at = lineAfter(text, last, indent.length);
  const newline = newlineOf(text);
  const closed = at === 0 || text[at - 1] === '\n';
  return applySplices(text, [
    { start: at, end: at, text: closed ? `${indent}${field}${newline}` : `${newline}${indent}${field}` },
  ]);
}

/** The text before freezing, if freezing is what wrote the field. */
function withoutAddedLine(text: string, map: YAMLMap, find: FindMap): string | undefined {
  const pair = ownPair(map, 'frozen');
  if (pair === undefined) return undefined;
  const start = startOf(pair.key);
  const line = { start: lineStart(text, start), end: nextLine(text, start) };
  const length = 'frozen: true'.length;
  const places = [
    line,
    { start: line.start - newlineOf(text).length, end: line.end },
    { start, end: start + length },
    { start, end: start + length + 2 },
  ];
  for (const place of places) {
    const shorter = applySplices(text, [{ ...place, text: '' }]);
    const fields = find(shorter);
    if (fields !== undefined && withLine(shorter, fields, true) === text) return shorter;
  }
  return undefined;
}
