import type { YAMLMap } from 'yaml';
import { isMap } from 'yaml';
import { equalValues } from '../kit/canonical.ts';
import { parseData } from '../kit/format/data.ts';
import type { Value, ValueMap } from '../kit/value.ts';
import { isList, isMap as isValueMap } from '../kit/value.ts';
import { documentOf } from '../pipeline/edit-document.ts';
import { frozenEdits } from '../pipeline/edit-frozen-line.ts';
import type { Splice } from '../pipeline/edit-text.ts';
import { applySplices, lineBehind, lineStart, newlineOf, nextLine } from '../pipeline/edit-text.ts';
import type { Problem, Result } from '../problem/problem.ts';
import { fail, ok } from '../problem/problem.ts';
import type { Entry } from '../store/tree.ts';
import { lockEntry } from './entry.ts';
import type { Import, UrlImport } from './pointer-import.ts';
import { TOLD_FIELDS } from './pointer-import.ts';
import type { Field, FieldsInText, FindItem } from './pointer-fields.ts';
import { FINDERS, fieldOf } from './pointer-fields.ts';
import { pointerText, scalarText, toldFields } from './pointer-text.ts';
import type { Pointer, PointerOut } from './pointer.ts';
import { parsePending, parsePointer } from './pointer.ts';

/** The text of a pointer that is about to be changed. */
export interface PointerSource {
  /** Relative to the project root. */
  readonly file: string;
  readonly text: string;
}

/** What a pointer says of the bytes, in the order in which it is written. */
const ENTRY_FIELDS = ['digest', 'size', 'files', 'exec', 'link'] as const;

/**
 * Writes into a pointer what lies at its path now. Changes the lines of `digest`, `size`, `files`, `exec` and `link`
 * alone: comments, order and layout stay.
 * @returns the new text, the same where nothing has to change; PIPE_EDIT when only a person can do it.
 */
export function editPointer(source: PointerSource, entry: Entry): Result<string> {
  const parsed = parsePointer(source.text, source);
  const isPending = !parsed.ok && parsePending(source.text, source) !== undefined;
  if (!parsed.ok && !isPending) return parsed;
  if (parsed.ok && sameEntry(parsed.value.entry, entry)) return ok(source.text);
  const wanted = parsed.ok ? textWith(parsed.value.pointer, entry) : undefined;
  if (parsed.ok && wanted !== undefined && pointerText(parsed.value.pointer) === source.text) return ok(wanted);
  return edited(source.file, (find) => {
    const out = find(source.text, 'outs');
    if (out === undefined) return undefined;
    const fields = { ...fieldsOf(entry), behind: isPending ? 'path' : 'size' };
    const text = applySplices(source.text, fieldSplices(source.text, out, fields));
    const after = parsePointer(text, source);
    if (!after.ok || !sameEntry(after.value.entry, entry)) return undefined;
    const means = pointerText(after.value.pointer);
    return (wanted === undefined ? sameBut(source.text, text, withoutEntry) : means === wanted) ? text : undefined;
  });
}

/** The first text that an edit finds a way to, and that holds. */
function edited(file: string, edit: (find: FindItem) => string | undefined): Result<string> {
  for (const find of FINDERS) {
    const text = edit(find);
    if (text !== undefined) return ok(text);
  }
  return fail(cannotEdit(file));
}

/** The text of a pointer that holds nothing but what it says, in the way that pipe writes it: there is nothing to keep. */
function textWith(pointer: Pointer, entry: Entry): string {
  const names: readonly string[] = ENTRY_FIELDS;
  const others: Partial<PointerOut> = Object.fromEntries(
    Object.entries(pointer.out).filter(([name]) => !names.includes(name)),
  );
  return pointerText({ ...pointer, out: { ...others, ...lockEntry(pointer.out.path, entry) } });
}

/**
 * Writes into a pointer what an import has become: what lies at its path, and what its source says of it (`rev`,
 * `rev_lock`, or what a place told). All else stays.
 * @returns the new text, the same where nothing has to change; PIPE_EDIT when only a person can do it.
 */
export function editImport(source: PointerSource, entry: Entry, imported: Import): Result<string> {
  const before = editPointer(source, entry);
  if (!before.ok) return before;
  return edited(source.file, (find) => {
    const dep = find(before.value, 'deps');
    if (dep === undefined) return undefined;
    const text = applySplices(before.value, importSplices(before.value, dep, imported));
    const after = parsePointer(text, source);
    const isRight =
      after.ok &&
      JSON.stringify(sorted(after.value.pointer.imported)) === JSON.stringify(sorted(imported)) &&
      sameEntry(after.value.entry, entry) &&
      sameBut(before.value, text, (root) => without(root, ['deps']));
    return isRight ? text : undefined;
  });
}

/**
 * Writes into a pointer what the URL tells now that it comes from, and takes out what lay there: that is not known until it
 * is downloaded. All else stays.
 * @returns the new text, the same where nothing has to change; PIPE_EDIT when only a person can do it.
 */
export function editPending(source: PointerSource, imported: UrlImport): Result<string> {
  return edited(source.file, (find) => {
    const out = find(source.text, 'outs');
    if (out === undefined) return undefined;
    const taken = { names: ENTRY_FIELDS, values: new Map<string, string>(), behind: 'path' };
    const bare = applySplices(source.text, fieldSplices(source.text, out, taken));
    const dep = find(bare, 'deps');
    if (dep === undefined) return undefined;
    const text = applySplices(bare, importSplices(bare, dep, imported));
    const after = parsePending(text, source);
    const isRight =
      after !== undefined &&
      JSON.stringify(sorted(after.imported)) === JSON.stringify(sorted(imported)) &&
      sameBut(source.text, text, (root) => without(withoutEntry(root), ['deps']));
    return isRight ? text : undefined;
  });
}

/** What stands before `remote` in an entry of `outs`, the last first. */
const BEFORE_REMOTE = ['push', 'persist', 'cache', 'link', 'exec', 'files', 'size', 'digest'] as const;

/**
 * Makes a pointer name the remote that has its data. All else stays.
 * @returns the new text, the same where nothing has to change; PIPE_EDIT when only a person can do it.
 */
export function editRemote(source: PointerSource, remote: string): Result<string> {
  return edited(source.file, (find) => {
    const out = find(source.text, 'outs');
    if (out === undefined) return undefined;
    const behind = BEFORE_REMOTE.find((name) => fieldOf(out, name) !== undefined) ?? 'path';
    const wanted = { names: ['remote'], values: new Map([['remote', scalarText(remote)]]), behind };
    const text = applySplices(source.text, fieldSplices(source.text, out, wanted));
    const after = parsePointer(text, source);
    const isRight =
      after.ok &&
      after.value.pointer.out.remote === remote &&
      sameBut(source.text, text, (root) => withoutInOut(root, ['remote']));
    return isRight ? text : undefined;
  });
}

function sorted(imported: Import | undefined): unknown {
  return Object.entries(imported ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * Freezes a pointer or thaws it, by changing its `frozen` line alone; one undoes the other byte for byte.
 * @returns the new text, the same where nothing has to change; PIPE_EDIT when only a person can do it.
 */
export function freezePointer(source: PointerSource, frozen: boolean): Result<string> {
  const parsed = parsePointer(source.text, source);
  if (!parsed.ok) return parsed;
  if ((parsed.value.pointer.frozen ?? false) === frozen) return ok(source.text);
  for (const text of frozenEdits(source.text, frozen, rootNode)) {
    const after = parsePointer(text, source);
    if (!after.ok || (after.value.pointer.frozen ?? false) !== frozen) continue;
    if (sameBut(source.text, text, (root) => without(root, ['frozen']))) return ok(text);
  }
  return fail(cannotEdit(source.file));
}

/**
 * The text of a pointer of another name beside the file or folder that it tracks then. Changes its `path` alone, and
 * takes `wdir` away, for which the whole text is written anew.
 * @param moved the new pointer, relative to the project root, and the name of what it tracks
 * @returns the new text; PIPE_EDIT when only a person can do it.
 */
export function movePointer(
  source: PointerSource,
  moved: { readonly file: string; readonly name: string },
): Result<string> {
  const parsed = parsePointer(source.text, source);
  if (!parsed.ok) return parsed;
  const { wdir, ...pointer } = parsed.value.pointer;
  if (wdir !== undefined) return ok(pointerText({ ...pointer, out: { ...pointer.out, path: moved.name } }));
  return edited(source.file, (find) => {
    const out = find(source.text, 'outs');
    const path = out && fieldOf(out, 'path');
    if (path?.said === undefined) return undefined;
    const text = applySplices(source.text, [{ start: path.from, end: path.to, text: scalarText(moved.name) }]);
    const after = parsePointer(text, { file: moved.file });
    const isRight = after.ok && after.value.pointer.out.path === moved.name && sameBut(source.text, text, withoutPath);
    return isRight ? text : undefined;
  });
}

function cannotEdit(file: string): Problem {
  return {
    code: 'PIPE_EDIT',
    message: `${file} is written in a way that cannot be changed safely (an alias, an anchor or a merge key)`,
    hint: 'change it by hand',
  };
}

function sameEntry(a: Entry, b: Entry): boolean {
  const files = (entry: Entry): number | undefined => (entry.kind === 'dir' ? entry.files : undefined);
  return a.kind === b.kind && a.digest === b.digest && a.size === b.size && files(a) === files(b);
}

/** Whether two texts mean the same, but for what `rest` takes out of them. */
function sameBut(before: string, after: string, rest: (root: ValueMap) => ValueMap): boolean {
  const [a, b] = [parseData(before, 'yaml'), parseData(after, 'yaml')];
  return isValueMap(a) && isValueMap(b) && equalValues(rest(a), rest(b));
}

function without(map: ValueMap, keys: readonly string[]): ValueMap {
  return new Map([...map].filter(([key]) => !keys.includes(key)));
}

function withoutEntry(root: ValueMap): ValueMap {
  return withoutInOut(root, ENTRY_FIELDS);
}

function withoutPath(root: ValueMap): ValueMap {
  return withoutInOut(root, ['path']);
}

function withoutInOut(root: ValueMap, fields: readonly string[]): ValueMap {
  const outs = root.get('outs') ?? [];
  const bare = (out: Value): Value => (isValueMap(out) ? without(out, fields) : out);
  return new Map([...root, ['outs', isList(outs) ? outs.map(bare) : outs]]);
}

function rootNode(text: string): YAMLMap | undefined {
  const root = documentOf(text).contents;
  return isMap(root) ? root : undefined;
}

/** Fields that a map is to have, or not to have, as they are written; behind which one new ones go. */
interface WantedFields {
  readonly names: readonly string[];
  readonly values: ReadonlyMap<string, string>;
  readonly behind: string;
}

/** Changes that write some fields of a map. Where two start at one place, what is added comes first. */
function fieldSplices(text: string, map: FieldsInText, { names, values, behind }: WantedFields): Splice[] {
  const changed: Splice[] = [];
  const added: Splice[] = [];
  for (const name of names) {
    const field = fieldOf(map, name);
    const value = values.get(name);
    if (value === undefined) {
      // `exec: false` says what its absence says.
      if (field !== undefined && field.said !== 'false') changed.push(removal(text, map, field));
    } else if (field === undefined) {
      added.push(addition(text, map, { behind, field: `${name}: ${value}` }));
    } else {
      const { from, to, said } = field;
      if (said !== value && text.slice(from, to) !== value && (said === undefined || scalarText(said) !== value)) {
        changed.push({ start: from, end: to, text: value });
      }
    }
  }
  return [...added, ...changed];
}

function fieldsOf(entry: Entry): Omit<WantedFields, 'behind'> {
  return { names: ENTRY_FIELDS, values: wantedFields(entry) };
}

/** Changes that write what an import has become. */
function importSplices(text: string, dep: FieldsInText, imported: Import): Splice[] {
  if (imported.kind === 'url') {
    return fieldSplices(text, dep, { names: TOLD_FIELDS, values: new Map(toldFields(imported)), behind: 'path' });
  }
  const repo = fieldOf(dep, 'repo')?.map;
  if (repo === undefined) return [];
  const { rev, revLock } = imported;
  const values = new Map([['rev_lock', scalarText(revLock)]]);
  if (rev !== undefined) values.set('rev', scalarText(rev));
  return fieldSplices(text, repo, { names: ['rev', 'rev_lock'], values, behind: 'url' });
}

function wantedFields(entry: Entry): ReadonlyMap<string, string> {
  const { digest, size, files, exec, link } = lockEntry('', entry);
  const fields: [string, string | number | boolean | undefined][] = Object.entries({ digest, size, files, exec, link });
  return new Map(fields.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])));
}

/** Adds a field behind another one. */
function addition(
  text: string,
  map: FieldsInText,
  { behind, field }: { readonly behind: string; readonly field: string },
): Splice {
  const before = fieldOf(map, behind);
  if (before === undefined || map.isFlow) {
    const at = before?.to ?? map.start;
    return { start: at, end: at, text: `, ${field}` };
  }
  const column = before.start - lineStart(text, before.start);
  const at = lineBehind(text, before.end, column + 1);
  const newline = newlineOf(text);
  const indented = `${' '.repeat(column)}${field}`;
  const closed = text[at - 1] === '\n';
  return { start: at, end: at, text: closed ? `${indented}${newline}` : `${newline}${indented}` };
}

/** Takes a field away: its line, or its part of a line that other fields share. */
function removal(text: string, { fields, isFlow }: FieldsInText, field: Field): Splice {
  const index = fields.indexOf(field);
  const { start, to: end } = field;
  const line = lineStart(text, start);
  if (!isFlow && text.slice(line, start).trim() === '') return { start: line, end: nextLine(text, end), text: '' };
  const following = fields[index + 1];
  if (following !== undefined) return { start, end: following.start, text: '' };
  return { start: fields[index - 1]?.to ?? start, end, text: '' };
}
