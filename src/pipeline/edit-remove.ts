import type { Node, Pair } from 'yaml';
import { equalValues } from '../kit/canonical.ts';
import { parseData } from '../kit/format/data.ts';
import type { Value } from '../kit/value.ts';
import { isMap } from '../kit/value.ts';
import type { Result } from '../problem/problem.ts';
import { fail, ok, PipeError } from '../problem/problem.ts';
import type { PipelineText } from './edit-document.ts';
import { cannotEdit, stagesOf } from './edit-document.ts';
import type { MapInText, Splice } from './edit-text.ts';
import * as edit from './edit-text.ts';

/**
 * Takes a stage (or a whole `foreach` or `matrix` group) out of a pipeline file, with the comments right above it and
 * inside. Every other byte stays, but for blank lines that would stand twice.
 * @returns the new text, or PIPE_EDIT when only a person can do it (another stage uses its anchor, say).
 */
export function editRemove(source: PipelineText, stage: string): Result<string> {
  const stages = stagesOf(source.text);
  const pair = stages && edit.ownPair(stages.map, stage);
  if (stages === undefined || pair === undefined) return fail(cannotEdit(source.file, stage));
  const splice = stages.map.flow === true ? flowSplice(stages, pair) : blockSplice(stages, pair);
  const text = edit.applySplices(source.text, [splice]);
  const before = meaningOf(source.text);
  const after = meaningOf(text);
  const isRight = before !== undefined && after !== undefined && equalValues(without(before, stage), without(after)); // prettier-ignore
  return isRight ? ok(text) : fail(cannotEdit(source.file, stage));
}

function blockSplice({ text, map }: MapInText, pair: Pair<Node, Node | null>): Splice {
  const key = edit.startOf(pair.key);
  const indent = edit.indentAt(text, key);
  let start = edit.lineStart(text, key);
  while (start > 0) {
    const above = edit.lineStart(text, start - 1);
    if (!/^[ \t]*#/.test(text.slice(above, start)) || edit.indentAt(text, above) !== indent) break;
    start = above;
  }
  let end = edit.lineAfter(text, pair, indent.length + 1);
  if (map.items.length === 1) return { start, end, text: `${indent}{}${text[end - 1] === '\n' ? edit.newlineOf(text) : ''}` }; // prettier-ignore
  const isLast = map.items.at(-1) === pair;
  const isBlank = (from: number, to: number): boolean => from < to && text.slice(from, to).trim() === '';
  if (isLast) {
    // The blank lines that set it apart from the one before.
    for (let above = edit.lineStart(text, start - 1); isBlank(above, start); above = edit.lineStart(text, start - 1)) {
      start = above;
    }
    return { start, end, text: '' };
  }
  for (let next = edit.nextLine(text, end); isBlank(end, next); next = edit.nextLine(text, end)) end = next;
  return { start, end, text: '' };
}

function flowSplice({ map }: MapInText, pair: Pair<Node, Node | null>): Splice {
  const pairs = map.items as Pair<Node, Node | null>[];
  const at = pairs.indexOf(pair);
  const endOf = (each: Pair<Node, Node | null>): number => each.value?.range?.[1] ?? each.key.range?.[1] ?? 0;
  const [before, after] = [pairs[at - 1], pairs[at + 1]];
  if (after !== undefined) return { start: edit.startOf(pair.key), end: edit.startOf(after.key), text: '' };
  return { start: before === undefined ? edit.startOf(pair.key) : endOf(before), end: endOf(pair), text: '' };
}

function meaningOf(text: string): Value | undefined {
  try {
    return parseData(text, 'yaml');
  } catch (error) {
    if (error instanceof PipeError) return undefined;
    throw error;
  }
}

function without(root: Value, stage?: string): Value {
  if (!isMap(root)) return root;
  const stages = root.get('stages');
  const rest = stages !== undefined && isMap(stages) ? [...stages].filter(([name]) => name !== stage) : [];
  return new Map([...root, ['stages', new Map(rest)]]);
}
