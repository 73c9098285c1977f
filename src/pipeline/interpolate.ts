import type { MapEntry, ScalarNode, YamlNode } from '../kit/format/yaml/node.ts';
import { resolvePlain, TOO_LONG } from '../kit/format/yaml/plain.ts';
import { fromValue } from '../kit/format/yaml/value.ts';
import { nearest } from '../kit/nearest.ts';
import { isList, isMap, type Value } from '../kit/value.ts';
import { findTemplates, readExpression, unescapeTemplates, type Template } from './expression.ts';
import type { Report, Span } from './report.ts';
import { localVar, select, valueOf, type Scope, type Var } from './scope.ts';
import { flagsText, templateText, type Parsing } from './text.ts';

/** What a substitution needs to know. */
export interface Substitution {
  readonly scope: Scope;
  readonly report: Report;
  readonly parsing: Parsing;
  /** `cmd`: maps become flags · `value`: only scalars · `any`: whatever the variable holds. */
  readonly allow: 'cmd' | 'value' | 'any';
  /** `${name:-text}` has a default (never in a dvc.yaml). */
  readonly defaults: boolean;
  /** Told each variable that was used. */
  readonly onUse?: (variable: Var) => void;
}

/**
 * A tree with every `${…}` replaced. A text that is one `${…}` takes the kind of the variable; inside a longer text it
 * becomes text. Parts without templates are returned as they are. What could not be replaced is reported and left out.
 * @returns `undefined` for a scalar that could not be replaced
 */
export function substitute(node: YamlNode, substitution: Substitution): YamlNode | undefined {
  if (node.kind === 'scalar') return substituteText(node, substitution);
  if (node.kind === 'seq') {
    const items = eachGood(node.items, (item) => substitute(item, substitution));
    return items === node.items ? node : { ...node, items };
  }
  const entries = eachGood(node.entries, (entry) => substituteEntry(entry, substitution));
  return entries === node.entries ? node : { ...node, entries };
}

/** The results, without those that failed; the very same list when nothing changed. */
function eachGood<T>(before: readonly T[], change: (item: T) => T | undefined): readonly T[] {
  let after: T[] | undefined;
  for (const [index, item] of before.entries()) {
    const changed = change(item);
    if (changed !== item) after ??= before.slice(0, index);
    if (changed !== undefined) after?.push(changed);
  }
  return after ?? before;
}

function substituteEntry(entry: MapEntry, substitution: Substitution): MapEntry | undefined {
  const key = substituteText(entry.key, substitution);
  const value = substitute(entry.value, substitution);
  if (key === undefined || value === undefined) return undefined;
  if (key.kind !== 'scalar') {
    substitution.report.add('PIPE_TEMPLATE', entry.key, 'a key cannot be a list or a map');
    return undefined;
  }
  return key === entry.key && value === entry.value ? entry : { key, value };
}

function substituteText(node: ScalarNode, substitution: Substitution): YamlNode | undefined {
  const { value: text, start, end } = node;
  if (typeof text !== 'string' || !text.includes('${')) return node;
  const templates = findTemplates(text);
  const [first] = templates;
  if (first === undefined) return { ...node, value: unescapeTemplates(text) };
  if (templates.length === 1 && first.start === 0 && first.end === text.length) {
    const used = useTemplate(node, first, substitution);
    return used === undefined ? undefined : fromValue(valueOf(used), start, end);
  }
  let result = '';
  let at = 0;
  let complete = true;
  for (const template of templates) {
    const used = useTemplate(node, template, substitution);
    const inserted = used && insertedText(valueOf(used), substitution.parsing);
    if (inserted !== undefined && 'fault' in inserted) {
      substitution.report.add('PIPE_TEMPLATE', templateSpan(node, template, substitution.report), inserted.fault);
    }
    if (inserted !== undefined && 'text' in inserted) result += text.slice(at, template.start) + inserted.text;
    else complete = false;
    at = template.end;
  }
  return complete ? { kind: 'scalar', value: unescapeTemplates(result + text.slice(at)), start, end } : undefined;
}

/** What a value becomes inside a longer text. */
function insertedText(value: Value, parsing: Parsing): { readonly text: string } | { readonly fault: string } {
  if (isList(value)) return { fault: 'a list cannot be put into a text' };
  if (!isMap(value)) return { text: templateText(value) };
  const flags = flagsText(value, parsing);
  return 'text' in flags
    ? flags
    : { fault: `"${flags.nested}" is a list of lists or maps, which cannot become a flag` };
}

/** The variable that a template names, if it may stand there. */
function useTemplate(node: ScalarNode, template: Template, substitution: Substitution): Var | undefined {
  const { report, allow, onUse } = substitution;
  const used = findVar(node, template, substitution);
  if (used === undefined) return undefined;
  const value = valueOf(used);
  if (allow !== 'any' && (isList(value) || (isMap(value) && allow !== 'cmd'))) {
    const kind = isMap(value) ? 'a map' : 'a list';
    const hint = isMap(value)
      ? 'a map can stand in cmd, where it becomes flags'
      : 'name one of its items, such as ${list[0]}';
    report.add('PIPE_TEMPLATE', templateSpan(node, template, report), {
      message: `\${${template.inner}} is ${kind}, which cannot stand here`,
      hint: hint,
    });
    return undefined;
  }
  onUse?.(used);
  return used;
}

function findVar(node: ScalarNode, template: Template, substitution: Substitution): Var | undefined {
  const { scope, report, defaults } = substitution;
  const [name = '', fallback] = defaults ? splitDefault(template.inner) : [template.inner];
  const whole = readExpression(template.inner);
  const expression = 'fault' in whole && fallback !== undefined ? readExpression(name) : whole;
  if ('fault' in expression) {
    const span = templateSpan(node, template, report);
    const hint = 'write a name such as ${train.epochs} or ${layers[0]}';
    report.add('PIPE_TEMPLATE', span, {
      message: `\${${template.inner}} cannot be read: ${expression.fault}`,
      hint: hint,
    });
    return undefined;
  }
  let selection = select(scope, expression.path);
  if ('found' in selection) return selection.found;
  if (fallback !== undefined) {
    const named = readExpression(name);
    if ('path' in named) selection = select(scope, named.path);
    if ('found' in selection) return selection.found;
    return localVar(plainValue(fallback));
  }
  const { missing, names, below } = selection;
  const close = nearest(missing, names);
  const prefix = below.length === 0 ? '' : `${below.join('.')}.`;
  const where = below.length === 0 ? 'no variable is' : `${below.join('.')} holds nothing`;
  report.add('PIPE_VAR_UNKNOWN', templateSpan(node, template, report), {
    message: `${where} called "${missing}"`,
    hint: close !== undefined ? `did you mean \${${prefix}${close}}?` : knownNames(names),
  });
  return undefined;
}

function knownNames(names: readonly string[]): string {
  if (names.length === 0) return 'define it in params.yaml or under vars';
  const shown = names.slice(0, 8).join(', ');
  return `known are ${shown}${names.length > 8 ? ', …' : ''}`;
}

function splitDefault(inner: string): [string, string | undefined] {
  const at = inner.indexOf(':-');
  return at < 0 ? [inner, undefined] : [inner.slice(0, at), inner.slice(at + 2)];
}

function plainValue(text: string): Value {
  const value = text === '' ? '' : resolvePlain(text);
  return value === TOO_LONG ? text : value;
}

/** Where a template stands in the file; all of the node when escapes or folding hide it. */
function templateSpan(node: ScalarNode, template: Template, report: Report): Span {
  const { start, end, value } = node;
  if (typeof value !== 'string') return node;
  const source = (report.source.text ?? '').slice(start, end);
  const written = value.slice(template.start, template.end);
  let nth = value.slice(0, template.start).split(written).length - 1;
  let at = source.indexOf(written);
  for (; nth > 0 && at >= 0; nth--) at = source.indexOf(written, at + written.length);
  return at < 0 ? node : { start: start + at, end: start + at + written.length };
}
