import type { Place } from './problem.ts';

/** Where a place stands, counted from 1. Columns count UTF-16 units, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A place with the line that it starts on. */
export interface MarkedLine extends Position {
  /** That line without its end. */
  readonly text: string;
  /** The marked part of `text`, in UTF-16 units; what goes on to further lines ends with this one. */
  readonly start: number;
  readonly end: number;
}

/** Finds the line of a place; `undefined` when its text cannot be shown. An offset past the end counts as the end. */
export function markedLine({ source, offset, length }: Place): MarkedLine | undefined {
  const { text } = source;
  if (text === undefined) return undefined;
  const at = Math.max(0, Math.min(offset, text.length));
  // `lastIndexOf` takes a negative position for 0, where a line end would be the one of the first line itself.
  const lineStart = at === 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1;
  const lineEnd = endOfLine(text, at);
  const start = Math.min(at, lineEnd) - lineStart;
  return {
    line: countLineEnds(text, lineStart) + 1,
    column: start + 1,
    text: text.slice(lineStart, lineEnd),
    start,
    end: Math.max(start, Math.min(at + length, lineEnd) - lineStart),
  };
}

function endOfLine(text: string, from: number): number {
  const found = text.indexOf('\n', from);
  const end = found < 0 ? text.length : found;
  return text[end - 1] === '\r' && end > 0 ? end - 1 : end;
}

function countLineEnds(text: string, until: number): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < until; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
