import type { MapNode, YamlNode } from '../kit/format/yaml/node.ts';
import { lookUp } from '../kit/format/yaml/node.ts';
import { toValue } from '../kit/format/yaml/value.ts';
import { isList, isMap } from '../kit/value.ts';
import { findTemplates } from './expression.ts';
import { substitute, type Substitution } from './interpolate.ts';
import type { Report } from './report.ts';
import { below, localVar, valueOf, type Var, type Vars } from './scope.ts';
import { pythonText, templateText } from './text.ts';

/** More stages than any file means to make. */
export const MAX_STAGES = 100_000;

/** One stage of a group: the end of its name, and what `${item}` and `${key}` stand for. */
export interface Instance {
  readonly key: string;
  readonly locals: Vars;
}

/** An item of a `foreach` or an axis. A variable keeps its origin; a written item is a value. */
interface Item {
  readonly variable: Var;
  /** Written in the pipeline file: booleans in names are `true`, not `True` as for variables (DVC's naming). */
  readonly written: boolean;
}

/** What a stage definition amounts to: its body, and one instance per stage; a plain stage has no instances. */
export interface Group {
  readonly body: MapNode;
  /** Absent for a plain stage. */
  readonly instances?: readonly Instance[];
}

/** Splits a definition into body and instances. `undefined` when that could not be decided; it has been reported. */
export function expandGroup(definition: MapNode, substitution: Substitution): Group | undefined {
  const foreach = lookUp(definition, 'foreach')?.value;
  const body = lookUp(definition, 'do')?.value;
  if (foreach !== undefined || body !== undefined) {
    if (foreach === undefined || body?.kind !== 'map') return undefined;
    const instances = expandForeach(foreach, substitution);
    return instances === undefined ? undefined : { body, instances };
  }
  const matrix = lookUp(definition, 'matrix');
  if (matrix === undefined) return { body: definition };
  if (matrix.value.kind !== 'map') return undefined;
  const instances = expandMatrix(matrix.value, substitution);
  const entries = definition.entries.filter((entry) => entry !== matrix);
  return instances === undefined ? undefined : { body: { ...definition, entries }, instances };
}

function expandForeach(node: YamlNode, substitution: Substitution): readonly Instance[] | undefined {
  const item = readItem(node, substitution);
  if (item === undefined) return undefined;
  const entries = mapEntries(item);
  if (entries !== undefined) {
    return distinct(
      entries.map(([key, { variable }]) => instance(key, { item: variable, key: localVar(key) })),
      node,
      substitution.report,
    );
  }
  const items = listItems(item);
  if (items === undefined) {
    if (node.kind === 'scalar') {
      substitution.report.add('PIPE_FIELD_TYPE', node, {
        message: 'foreach must be a list or a map',
        hint: 'write ${name} for a variable',
      });
    }
    return undefined;
  }
  const composite = items.some(({ variable }) => isComposite(variable));
  const instances = items.map((each, index) =>
    instance(composite ? String(index) : nameOf(each), { item: each.variable }),
  );
  return distinct(instances, node, substitution.report);
}

function expandMatrix(node: MapNode, substitution: Substitution): readonly Instance[] | undefined {
  const axes: [string, readonly Item[]][] = [];
  let complete = true;
  for (const entry of node.entries) {
    const axis = readItem(entry.value, substitution);
    const entries = axis && mapEntries(axis);
    const items = axis && (listItems(axis) ?? entries?.map(([key]) => ({ variable: localVar(key), written: true })));
    if (items !== undefined) axes.push([pythonText(entry.key.value), items]);
    else complete = false;
    if (axis !== undefined && items === undefined) {
      substitution.report.add('PIPE_FIELD_TYPE', entry.value, `${pythonText(entry.key.value)} must be a list`);
    }
  }
  if (!complete) return undefined;
  const count = axes.reduce((product, [, items]) => product * items.length, 1);
  if (count > MAX_STAGES) {
    substitution.report.add('PIPE_TOO_MANY_STAGES', node, {
      message: `the matrix makes ${String(count)} stages`,
      hint: `at most ${String(MAX_STAGES)} are possible`,
    });
    return undefined;
  }
  return distinct([...combine(axes)], node, substitution.report);
}

/** The last axis changes fastest. */
function* combine(
  axes: readonly [string, readonly Item[]][],
  names: readonly string[] = [],
  chosen: Vars = new Map(),
): Generator<Instance> {
  const [first, ...rest] = axes;
  if (first === undefined) {
    const key = names.join('-');
    const item: Var = { kind: 'map', entries: chosen, from: 'the pipeline file', path: '' };
    yield instance(key, { item, key: localVar(key) });
    return;
  }
  const [axis, items] = first;
  for (const [index, item] of items.entries()) {
    const name = isComposite(item.variable) ? `${axis}${String(index)}` : nameOf(item);
    yield* combine(rest, [...names, name], new Map(chosen).set(axis, item.variable));
  }
}

function instance(key: string, locals: Readonly<Record<string, Var>>): Instance {
  return { key, locals: new Map(Object.entries(locals)) };
}

/** Equal keys make one stage, the last of them, as in DVC. */
function distinct(instances: readonly Instance[], node: YamlNode, report: Report): readonly Instance[] | undefined {
  const byKey = new Map(instances.map((each) => [each.key, each]));
  let usable = true;
  for (const key of byKey.keys()) {
    const why = key === '' ? 'is empty' : key.includes('@') ? 'holds "@"' : undefined;
    if (why === undefined) continue;
    report.add('PIPE_STAGE_NAME', node, {
      message: `the name of an item, "${key}", ${why}`,
      hint: 'use a map, whose keys become the names',
    });
    usable = false;
  }
  return usable ? [...byKey.values()] : undefined;
}

/** A part of a `foreach` or `matrix`, each exact `${…}` in it still a variable. */
function readItem(node: YamlNode, substitution: Substitution): Item | undefined {
  if (node.kind === 'scalar') {
    let used: Var | undefined;
    const result = substitute(node, { ...substitution, allow: 'any', onUse: (variable) => (used = variable) });
    if (result === undefined) return undefined;
    const exact = used !== undefined && isExact(node.value);
    return exact && used !== undefined
      ? { variable: used, written: false }
      : { variable: localVar(toValue(result)), written: true };
  }
  if (node.kind === 'seq') {
    const items = node.items.map((item) => readItem(item, substitution));
    const variables = items.filter((item) => item !== undefined);
    if (variables.length < items.length) return undefined;
    const variable: WrittenList = {
      kind: 'list',
      items: variables.map((item) => item.variable),
      from: 'the pipeline file',
      path: '',
      written: variables,
    };
    return { variable, written: true };
  }
  const entries = new Map<string, Var>();
  for (const { key, value } of node.entries) {
    const name = substitute(key, { ...substitution, allow: 'value' });
    const item = readItem(value, substitution);
    if (name === undefined || item === undefined) return undefined;
    entries.set(pythonText(toValue(name)), item.variable);
  }
  return { variable: { kind: 'map', entries, from: 'the pipeline file', path: '' }, written: true };
}

/** A list variable that remembers which of its items were written. */
type WrittenList = Var & { readonly written: readonly Item[] };

function isExact(text: unknown): boolean {
  if (typeof text !== 'string') return false;
  const [first, second] = findTemplates(text);
  return first !== undefined && second === undefined && first.start === 0 && first.end === text.length;
}

function listItems({ variable }: Item): readonly Item[] | undefined {
  if ('written' in variable) return (variable as WrittenList).written;
  if (variable.kind === 'list') return variable.items.map((each) => ({ variable: each, written: false }));
  if (variable.kind === 'map' || !isList(variable.value)) return undefined;
  return variable.value.map((value, index) => ({ variable: below(variable, String(index), value), written: false }));
}

function mapEntries({ variable, written }: Item): readonly [string, Item][] | undefined {
  if (variable.kind === 'map') return Array.from(variable.entries, ([key, each]) => [key, { variable: each, written }]);
  if (variable.kind === 'list' || !isMap(variable.value)) return undefined;
  return Array.from(variable.value, ([key, value]) => [key, { variable: below(variable, key, value), written }]);
}

function isComposite(variable: Var): boolean {
  if (variable.kind !== 'value') return true;
  return isList(variable.value) || isMap(variable.value);
}

function nameOf({ variable, written }: Item): string {
  const value = valueOf(variable);
  return written ? templateText(value) : pythonText(value);
}
