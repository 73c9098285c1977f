import type { Value, ValueMap } from '../kit/value.ts';
import { isList, isMap } from '../kit/value.ts';
import { byCodeUnit } from '../kit/order.ts';

/** What `stage add` was told, as on its command line. */
export interface StageWords {
  readonly command: readonly string[];
  readonly desc?: string;
  readonly wdir?: string;
  readonly deps?: readonly string[];
  /** `key`, `key1,key2`, `file:key1,key2`, or `file:` for a whole file. */
  readonly params?: readonly string[];
  readonly outs?: readonly OutWords[];
  readonly alwaysChanged?: boolean;
  /** `KEY=value`, set for the command, or `KEY`, whose value is a dependency. */
  readonly env?: readonly string[];
  readonly secrets?: readonly string[];
  readonly timeout?: string;
  readonly retry?: string;
  readonly resources?: ReadonlyMap<string, string>;
}

/** Outs that share a kind and flags. */
export interface OutWords {
  readonly field: 'outs' | 'metrics' | 'plots';
  readonly paths: readonly string[];
  readonly cache: boolean;
  readonly persist: boolean;
}

const DEFAULT_PARAMS = 'params.yaml';

/** The fields of a new stage in the order and form in which DVC writes them, ours after DVC's. */
export function stageFields(words: StageWords): ValueMap {
  const outs = (field: OutWords['field']): Value[] =>
    outEntries((words.outs ?? []).filter((each) => each.field === field));
  const entries: readonly (readonly [string, Value | undefined])[] = [
    ['desc', words.desc],
    ['cmd', joinCommand(words.command)],
    ['wdir', words.wdir],
    ['deps', [...new Set(words.deps)].sort(byCodeUnit)],
    ['params', paramEntries(words.params ?? [])],
    ['outs', outs('outs')],
    ['metrics', outs('metrics')],
    ['plots', outs('plots')],
    ['always_changed', words.alwaysChanged === true ? true : undefined],
    ['env', envEntries(words.env ?? [])],
    ['secrets', [...new Set(words.secrets)].sort(byCodeUnit)],
    ['timeout', words.timeout === undefined ? undefined : numberOr(words.timeout)],
    ['retry', words.retry === undefined ? undefined : numberOr(words.retry)],
    ['resources', new Map([...(words.resources ?? [])].map(([key, value]) => [key, numberOr(value)]))],
  ];
  return new Map(entries.filter((entry): entry is [string, Value] => entry[1] !== undefined && !isEmpty(entry[1])));
}

/**
 * One command from the words of the command line, as DVC joins them: a single word is a whole command; of several, one
 * with a space and without a quote gets quotes.
 */
export function joinCommand(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return words
    .map((word) => (word === '' || (word.includes(' ') && !word.includes('"')) ? `"${word}"` : word))
    .join(' ');
}

function isEmpty(value: Value): boolean {
  if (value === null || typeof value !== 'object') return false;
  return isList(value) ? value.length === 0 : isMap(value) && value.size === 0;
}

/** The default file's keys first, then one entry per other file. */
function paramEntries(params: readonly string[]): Value[] {
  const files = new Map<string, Set<string>>([[DEFAULT_PARAMS, new Set()]]);
  const whole = new Set<string>();
  for (const param of params) {
    const colon = param.lastIndexOf(':');
    const file = colon <= 0 ? DEFAULT_PARAMS : param.slice(0, colon);
    const keys = param
      .slice(colon + 1)
      .split(',')
      .filter((key) => key !== '');
    if (keys.length === 0) whole.add(file);
    const known = files.get(file) ?? new Set();
    for (const key of keys) known.add(key);
    files.set(file, known);
  }
  const defaults = whole.has(DEFAULT_PARAMS) ? [new Map([[DEFAULT_PARAMS, null]])] : sorted(files.get(DEFAULT_PARAMS));
  files.delete(DEFAULT_PARAMS);
  const others = sorted(files.keys()).map(
    (file) => new Map([[file, whole.has(file) ? null : sorted(files.get(file))]]),
  );
  return [...defaults, ...others];
}

function outEntries(outs: readonly OutWords[]): Value[] {
  const flags = new Map<string, ValueMap>();
  for (const { paths, cache, persist } of outs) {
    const own = new Map([
      ...(cache ? [] : [['cache', false] as const]),
      ...(persist ? [['persist', true] as const] : []),
    ]);
    for (const path of paths) flags.set(path, own);
  }
  return sorted(flags.keys()).map((path) => {
    const own = flags.get(path);
    return own === undefined || own.size === 0 ? path : new Map([[path, own]]);
  });
}

/** Values to set as one map; names whose values are dependencies need the list form. */
function envEntries(env: readonly string[]): Value {
  const values = new Map<string, Value>();
  const names = new Set<string>();
  for (const each of env) {
    const equals = each.indexOf('=');
    if (equals < 0) names.add(each);
    else values.set(each.slice(0, equals), each.slice(equals + 1));
  }
  return names.size === 0 ? values : [...sorted(names), ...(values.size > 0 ? [values] : [])];
}

/** Whole and decimal numbers are numbers in the file; `90s` or `4GB` stay texts. */
function numberOr(text: string): Value {
  if (/^\d{1,15}$/.test(text)) return BigInt(text);
  return /^\d{1,9}\.\d{1,9}$/.test(text) ? Number(text) : text;
}

function sorted(items: Iterable<string> | undefined): string[] {
  return [...(items ?? [])].sort(byCodeUnit);
}

/**
 * What replacing a stage keeps, as DVC does: its `meta`, its `desc` unless there is a new one, and what its outs say
 * beside `cache` and `persist`.
 */
export function keepAnnotations(fields: ValueMap, old: ValueMap): ValueMap {
  const kept = new Map<string, Value>();
  const desc = fields.get('desc') ?? old.get('desc');
  if (desc !== undefined) kept.set('desc', desc);
  for (const [key, value] of fields) {
    const before = old.get(key);
    const isOuts = key === 'outs' || key === 'metrics' || key === 'plots';
    kept.set(key, isOuts && isList(value) && before !== undefined ? keepFlags(value, before) : value);
  }
  const meta = old.get('meta');
  if (meta !== undefined) kept.set('meta', meta);
  return kept;
}

function keepFlags(outs: readonly Value[], before: Value): Value[] {
  const old = new Map((isList(before) ? before : [before]).map((entry) => [pathOf(entry), flagsOf(entry)]));
  return outs.map((entry) => {
    const kept = [...(old.get(pathOf(entry)) ?? [])].filter(([key]) => key !== 'cache' && key !== 'persist');
    const flags = new Map([...flagsOf(entry), ...kept]);
    return flags.size === 0 ? entry : new Map([[pathOf(entry), flags]]);
  });
}

function pathOf(entry: Value): string {
  if (typeof entry === 'string') return entry;
  return entry !== null && isMap(entry) ? ([...entry.keys()][0] ?? '') : '';
}

function flagsOf(entry: Value): ValueMap {
  const flags = entry !== null && isMap(entry) ? [...entry.values()][0] : undefined;
  return flags !== undefined && isMap(flags) ? flags : new Map();
}
