import type { Node, Pair, YAMLMap, YAMLSeq } from 'yaml';
import { isMap, isScalar, isSeq, stringify } from 'yaml';
import { canonical, equalValues } from '../kit/canonical.ts';
import { byCodeUnit } from '../kit/order.ts';
import type { Value, ValueMap } from '../kit/value.ts';
import { isList } from '../kit/value.ts';
import type { Result } from '../problem/problem.ts';
import { fail } from '../problem/problem.ts';
import type { PipelineText } from './edit-document.ts';
import { checkEdit, documentOf, fieldsOf, stageNode, stagesOf } from './edit-document.ts';
import type { MapInText, Splice } from './edit-text.ts';
import * as edit from './edit-text.ts';

/** A stage to be written: its fields as they stand in the file, in the order they are written. */
export interface NewStage {
  readonly name: string;
  readonly fields: ValueMap;
  /** Whether a stage of that name may be replaced. */
  readonly force: boolean;
}

/**
 * Adds a stage at the end of `stages`, or replaces one in its place. Comments and layout stay: of a stage that is
 * replaced, fields and list entries that keep their meaning keep their lines.
 * @returns the new text, or PIPE_STAGE_EXISTS, or PIPE_EDIT when only a person can do it.
 */
export function editStage(source: PipelineText, stage: NewStage): Result<string> {
  const existing = fieldsOf(source.text, source.file, stage.name);
  const stages = stagesOf(source.text);
  if (existing !== undefined && !stage.force) {
    const at = stages && edit.ownPair(stages.map, stage.name)?.key;
    return fail({
      code: 'PIPE_STAGE_EXISTS',
      message: `${source.file} already has a stage "${stage.name}"`,
      hint: 'use -f to replace it',
      ...(at === undefined ? {} : { at: { source, offset: edit.startOf(at), length: stage.name.length } }),
    });
  }
  const splices =
    existing === undefined ? addition(source, stages, stage) : replacement(source, stages, { stage, existing });
  const holds = (fields: ValueMap): boolean => canonical(unordered(fields)) === canonical(unordered(stage.fields));
  return checkEdit(source, edit.applySplices(source.text, splices), { stage: stage.name, holds });
}

/** Lists of a stage are sets: a kept entry keeps its place. A list of commands is not. */
function unordered(fields: ValueMap): ValueMap {
  return new Map(
    [...fields].map(([key, value]) => {
      if (!isList(value) || key === 'cmd') return [key, value];
      return [key, [...value].sort((a, b) => byCodeUnit(canonical(a), canonical(b)))];
    }),
  );
}

function addition(source: PipelineText, stages: MapInText | undefined, stage: NewStage): Splice[] {
  const { text } = source;
  const style = styleOf(source, stages);
  if (stages !== undefined && stages.map.items.length > 0) return [appended(stages, stage, style)];
  const root = documentOf(text).contents;
  const old = isMap(root) ? edit.ownPair(root, 'stages') : undefined;
  const block = stageText(stage, { ...style, indent: style.step });
  if (isMap(root) && root.flow === true) {
    const at = edit.startOf(root) + 1;
    const field = `"stages": {${flowText(stage)}}${root.items.length > 0 ? ', ' : ''}`;
    return old === undefined ? [insert(at, field)] : [insert(edit.startOf(old.value ?? root) + 1, flowText(stage))];
  }
  if (old === undefined) {
    const gap = text.trim() === '' || /\n\s*\n$/.test(text) ? '' : style.newline;
    const start = text === '' || text.endsWith('\n') ? '' : style.newline;
    return [
      insert(text.length, `${start}${start === '' && text.trim() === '' ? '' : gap}stages:${style.newline}${block}`),
    ];
  }
  const [start, end] = old.value?.range ?? [0, 0];
  const after = edit.nextLine(text, Math.max(end, edit.startOf(old.key)));
  const open = text[after - 1] === '\n' ? '' : style.newline;
  return [{ start, end, text: '' }, insert(after, open + block)];
}

function appended({ text, map }: MapInText, stage: NewStage, style: Style): Splice {
  const [first, last] = [map.items[0], map.items.at(-1)] as Pair<Node, Node | null>[];
  if (map.flow === true || first === undefined || last === undefined) {
    return insert(edit.startOf(map) + 1, `${flowText(stage)}, `);
  }
  const indent = edit.indentAt(text, edit.startOf(first.key));
  const at = edit.lineAfter(text, last, indent.length);
  const before = map.items.at(-2) as Pair<Node, Node | null> | undefined;
  const between =
    before === undefined ? '' : text.slice(edit.lineAfter(text, before, indent.length), edit.startOf(last.key));
  const gap = /^[ \t]*\r?\n/.test(between) ? style.newline : '';
  const open = text[at - 1] === '\n' ? '' : style.newline;
  return insert(at, open + gap + stageText(stage, { ...style, indent }));
}

interface Replacement {
  readonly stage: NewStage;
  readonly existing: ValueMap;
}

function replacement(source: PipelineText, stages: MapInText | undefined, { stage, existing }: Replacement): Splice[] {
  if (stages === undefined) return [];
  const { text } = source;
  const pair = edit.ownPair(stages.map, stage.name);
  const map = stageNode(stages, stage.name);
  const style = styleOf(source, stages);
  if (pair === undefined) return [];
  if (!isMap(map) || map.flow === true || !writesItsOwnFields(map)) {
    if (stages.map.flow === true) {
      const [start, end] = [edit.startOf(pair.key), pair.value?.range?.[1] ?? 0];
      return [{ start, end, text: flowText(stage) }];
    }
    const indent = edit.indentAt(text, edit.startOf(pair.key));
    const [start, end] = [edit.lineStart(text, edit.startOf(pair.key)), edit.lineAfter(text, pair, indent.length + 1)];
    return [{ start, end, text: stageText(stage, { ...style, indent }) }];
  }
  return fieldSplices({ ...stages, map }, stage.fields, { existing, style });
}

/** Whether a map is plain pairs: no merge key and no anchor that something else may use. */
function writesItsOwnFields(map: YAMLMap): boolean {
  return map.anchor === undefined && map.items.every(({ key }) => isScalar(key) && key.value !== '<<');
}

interface Old {
  readonly existing: ValueMap;
  readonly style: Style;
}

function fieldSplices({ text, map }: MapInText, fields: ValueMap, { existing, style }: Old): Splice[] {
  const pairs = map.items as Pair<Node, Node | null>[];
  const indent = edit.indentAt(text, edit.startOf(pairs[0]?.key ?? map));
  const splices: Splice[] = [];
  for (const pair of pairs) {
    const key = String((pair.key as { value?: unknown }).value);
    const [wanted, before] = [fields.get(key), existing.get(key)];
    if (wanted !== undefined && before !== undefined && equalValues(wanted, before)) continue;
    const start = edit.lineStart(text, edit.startOf(pair.key));
    const end = edit.lineAfter(text, pair, indent.length + 1);
    const seq =
      isSeq(pair.value) && pair.value.flow !== true && key !== 'cmd' ? (pair.value as YAMLSeq<Node>) : undefined;
    if (
      seq !== undefined &&
      wanted !== undefined &&
      before !== undefined &&
      isList(wanted) &&
      isList(before) &&
      wanted.length > 0
    ) {
      splices.push(...entrySplices({ text, seq }, { wanted, before, style }));
    } else {
      splices.push({
        start,
        end,
        text: wanted === undefined ? '' : blockText(new Map([[key, wanted]]), { ...style, indent }),
      });
    }
  }
  const added = new Map([...fields].filter(([key]) => !existing.has(key)));
  if (added.size === 0) return splices;
  const at = edit.lineAfter(text, pairs.at(-1) ?? null, indent.length);
  const open = at > 0 && text[at - 1] === '\n' ? '' : style.newline;
  return [...splices, insert(at, open + blockText(added, { ...style, indent }))];
}

interface Entries {
  readonly wanted: readonly Value[];
  readonly before: readonly Value[];
  readonly style: Style;
}

/** Takes away the entries that are no longer wanted and adds the new ones at the end. */
function entrySplices(
  { text, seq }: { text: string; seq: YAMLSeq<Node> },
  { wanted, before, style }: Entries,
): Splice[] {
  const has = (list: readonly Value[], value: Value): boolean => list.some((each) => equalValues(each, value));
  const first = edit.startOf(seq.items[0] ?? seq);
  const indent = edit.indentAt(text, first);
  const splices: Splice[] = [];
  for (const [index, item] of seq.items.entries()) {
    const value = before[index];
    if (value !== undefined && has(wanted, value) && !has(before.slice(0, index), value)) continue;
    const start = edit.lineStart(text, text.lastIndexOf('-', edit.startOf(item)));
    splices.push({ start, end: edit.lineAfter(text, item, indent.length + 1), text: '' });
  }
  const added = wanted.filter((value) => !has(before, value));
  if (added.length === 0) return splices;
  const at = edit.lineAfter(text, seq.items.at(-1) ?? null, indent.length + 1);
  const open = at > 0 && text[at - 1] === '\n' ? '' : style.newline;
  return [...splices, insert(at, open + blockText(added, { ...style, indent }))];
}

function insert(at: number, text: string): Splice {
  return { start: at, end: at, text };
}

/** How a file is laid out. */
interface Style {
  /** One step of indentation. */
  readonly step: string;
  readonly listsIndented: boolean;
  readonly newline: string;
}

/** What the file does not show is as DVC writes it in its own file. */
function styleOf({ file, text }: PipelineText, stages: MapInText | undefined): Style {
  const first = stages?.map.flow === true ? undefined : (stages?.map.items[0] as Pair<Node> | undefined);
  const step = first === undefined ? '' : edit.indentAt(text, edit.startOf(first.key));
  const listsIndented = edit.listsIndented(text, stages?.map ?? null) ?? !/(?:^|\/)dvc\.yaml$/.test(file);
  return { step: step === '' ? '  ' : step, listsIndented, newline: edit.newlineOf(text) };
}

type Indented = Style & { readonly indent: string };

function stageText(stage: NewStage, style: Indented): string {
  const name = stringify(stage.name, { lineWidth: 0 }).trimEnd();
  const fields = blockText(stage.fields, { ...style, indent: style.indent + style.step });
  return `${style.indent}${name}:${style.newline}${fields}`;
}

/** Lines of YAML for a value, each indented. */
function blockText(value: Value, style: Indented): string {
  const lines = stringify(value, {
    // The package moves lists left by two columns, whatever the step.
    indent: style.listsIndented ? Math.max(2, style.step.length) : 2,
    indentSeq: style.listsIndented,
    lineWidth: 0,
    nullStr: '',
    aliasDuplicateObjects: false,
  });
  const indented = lines
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? '' : style.indent + line.trimEnd()));
  return indented.join(style.newline) + style.newline;
}

function flowText(stage: NewStage): string {
  return canonical(new Map([[stage.name, stage.fields]])).slice(1, -1);
}
