import type { YAMLMap } from 'yaml';
import { isScalar } from 'yaml';
import { equalValues } from '../kit/canonical.ts';
import type { Value, ValueMap } from '../kit/value.ts';
import type { Result } from '../problem/problem.ts';
import { fail, ok } from '../problem/problem.ts';
import type { PipelineText } from './edit-document.ts';
import { cannotEdit, checkEdit, fieldsNode, fieldsOf, stageNode, stagesOf } from './edit-document.ts';
import { applySplices, indentAt, lineAfter, lineStart, newlineOf, nextLine, ownPair, startOf } from './edit-text.ts';

/**
 * Freezes a stage (or a whole `foreach` or `matrix` group), or lets it run again, by changing its `frozen` line alone.
 * One undoes the other byte for byte: a line that freezing added is taken away again, a value that was there is changed
 * in its place.
 * @returns the new text; the same text when nothing has to change.
 */
export function editFrozen(source: PipelineText, stage: string, frozen: boolean): Result<string> {
  const fields = fieldsOf(source.text, source.file, stage) ?? new Map<string, Value>();
  const before = fields.get('frozen');
  if (typeof before === 'string') {
    return fail({
      code: 'PIPE_EDIT',
      message: `whether "${stage}" is frozen comes from ${before}`,
      hint: 'change the variable, or write true or false there by hand',
    });
  }
  if (isFrozen(before) === frozen) return ok(source.text);
  const map = fieldsIn(source.text, stage);
  if (map === undefined) return fail(cannotEdit(source.file, stage));
  const candidates = [
    ...(frozen ? [] : [withoutAddedLine(source.text, stage, map)]),
    withValue(source.text, map, frozen),
  ];
  const holds = (after: ValueMap): boolean =>
    isFrozen(after.get('frozen')) === frozen && equalValues(withoutFrozen(after), withoutFrozen(fields));
  for (const text of candidates) {
    if (text === undefined) continue;
    const checked = checkEdit(source, text, { stage, holds });
    if (checked.ok) return checked;
  }
  return fail(cannotEdit(source.file, stage));
}

function withoutFrozen(fields: ValueMap): ValueMap {
  return new Map([...fields].filter(([key]) => key !== 'frozen'));
}

function isFrozen(value: Value | undefined): boolean {
  return value === true;
}

function fieldsIn(text: string, stage: string): YAMLMap | undefined {
  const stages = stagesOf(text);
  return stages === undefined ? undefined : fieldsNode(stageNode(stages, stage));
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
function withoutAddedLine(text: string, stage: string, map: YAMLMap): string | undefined {
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
    const fields = fieldsIn(shorter, stage);
    if (fields !== undefined && withLine(shorter, fields, true) === text) return shorter;
  }
  return undefined;
}
