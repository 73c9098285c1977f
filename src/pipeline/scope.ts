import { isList, isMap, type Value, type ValueMap } from '../kit/value.ts';

/** A variable: its value, and where it comes from. */
export type Var = ValueVar | MapVar | ListVar;

interface Origin {
  /** The source in words: a file, `vars[0]`, or `train.vars[0]`. */
  readonly from: string;
  /** The file of variables (relative to the project root); absent for what the pipeline file itself says. */
  readonly file?: string;
  /** Dotted path inside the source. */
  readonly path: string;
}

export interface ValueVar extends Origin {
  readonly kind: 'value';
  readonly value: Value;
}

/** A map whose entries come from several sources. */
export interface MapVar extends Origin {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, Var>;
}

/** A list that the pipeline file wrote, with templates in it. */
export interface ListVar extends Origin {
  readonly kind: 'list';
  readonly items: readonly Var[];
}

export type Vars = ReadonlyMap<string, Var>;

/** What `${…}` can see: the item of a group first, then the variables of the file. */
export interface Scope {
  readonly locals: Vars;
  readonly globals: Vars;
}

/** The plain value of a variable. */
export function valueOf(variable: Var): Value {
  switch (variable.kind) {
    case 'value':
      return variable.value;
    case 'list':
      return variable.items.map(valueOf);
    case 'map':
      return new Map(Array.from(variable.entries, ([key, entry]) => [key, valueOf(entry)]));
  }
}

/** A variable that is written in the pipeline file itself. */
export function localVar(value: Value): Var {
  return { kind: 'value', value, from: 'the pipeline file', path: '' };
}

export type Selection =
  | { readonly found: Var }
  /** The name that is missing, and what there is instead; no names below a value that is no map. */
  | { readonly missing: string; readonly names: readonly string[]; readonly below: readonly string[] };

/** Follows a path such as `train`, `layers`, `0` from the top. */
export function select(scope: Scope, path: readonly string[]): Selection {
  const [first = '', ...rest] = path;
  let current = scope.locals.get(first) ?? scope.globals.get(first);
  if (current === undefined) {
    return { missing: first, names: [...scope.locals.keys(), ...scope.globals.keys()], below: [] };
  }
  for (const [index, name] of rest.entries()) {
    const next: Var | undefined = child(current, name);
    if (next === undefined) return { missing: name, names: namesIn(current), below: path.slice(0, index + 1) };
    current = next;
  }
  return { found: current };
}

function child(variable: Var, name: string): Var | undefined {
  if (variable.kind === 'map') return variable.entries.get(name);
  if (variable.kind === 'list') return variable.items[indexIn(variable.items, name)];
  const { value } = variable;
  if (isMap(value)) return below(variable, name, value.get(name));
  if (!isList(value)) return undefined;
  const index = indexIn(value, name);
  return below(variable, String(index), value[index]);
}

/** The variable for an item or a key of another one. */
export function below(variable: ValueVar, name: string, value: Value): ValueVar;
export function below(variable: ValueVar, name: string, value: Value | undefined): ValueVar | undefined;
export function below(variable: ValueVar, name: string, value: Value | undefined): ValueVar | undefined {
  if (value === undefined) return undefined;
  return { ...variable, value, path: variable.path === '' ? name : `${variable.path}.${name}` };
}

/** An index as Python's `int` reads it; negative ones count from the end. −1 for what is no index. */
function indexIn(items: readonly unknown[], name: string): number {
  if (!/^[-+]?\d{1,9}$/.test(name)) return -1;
  const index = Number(name);
  return index < 0 ? index + items.length : index;
}

function namesIn(variable: Var): readonly string[] {
  if (variable.kind === 'map') return [...variable.entries.keys()];
  return variable.kind === 'value' && isMap(variable.value) ? [...variable.value.keys()] : [];
}

/** A name that two sources define. */
export interface Conflict {
  readonly path: string;
  readonly before: string;
}

/**
 * Adds the entries of a source to `into`. Maps are merged key by key; any other name that is there already is a
 * conflict. Nothing that `into` holds is changed in place, so scopes can share it.
 */
export function mergeInto(into: Map<string, Var>, values: ValueMap, origin: Omit<Origin, 'path'>): Conflict[] {
  const conflicts: Conflict[] = [];
  for (const [key, value] of values) {
    const added: Var = { kind: 'value', value, path: key, ...origin };
    const before = into.get(key);
    into.set(key, before === undefined ? added : merge(before, added, conflicts));
  }
  return conflicts;
}

function merge(before: Var, added: ValueVar, conflicts: Conflict[]): Var {
  const entries = entriesOf(before);
  if (entries === undefined || !isMap(added.value)) {
    conflicts.push({ path: added.path, before: before.from });
    return before;
  }
  const merged = new Map(entries);
  for (const [key, value] of added.value) {
    const inner: ValueVar = { ...added, value, path: `${added.path}.${key}` };
    const known = merged.get(key);
    merged.set(key, known === undefined ? inner : merge(known, inner, conflicts));
  }
  return { ...origin(before), kind: 'map', entries: merged };
}

function origin({ from, file, path }: Var): Origin {
  return file === undefined ? { from, path } : { from, file, path };
}

function entriesOf(variable: Var): ReadonlyMap<string, Var> | undefined {
  if (variable.kind === 'map') return variable.entries;
  if (variable.kind === 'list' || !isMap(variable.value)) return undefined;
  const { value } = variable;
  return new Map(
    Array.from(value, ([key, inner]) => [key, { ...variable, value: inner, path: `${variable.path}.${key}` }]),
  );
}
