import type { Document, Pair } from 'yaml';
import { isAlias, isCollection, isMap, isPair, isScalar, isSeq, parseDocument, visit, YAMLMap } from 'yaml';
import { canonical } from '../kit/canonical.ts';
import { readYaml } from '../kit/format/yaml/read.ts';
import { toValue } from '../kit/format/yaml/value.ts';
import { byCodeUnit } from '../kit/order.ts';
import type { Value, ValueMap } from '../kit/value.ts';
import { isList, isMap as isValueMap } from '../kit/value.ts';
import { listsIndented } from '../pipeline/edit-text.ts';
import { PipeError } from '../problem/problem.ts';
import { betweenMarks } from './conflict.ts';
import type { Merged, MergeOptions, MergeTexts } from './merge.ts';
import { mergeWhole, sideToTake, UNKNOWN } from './merge.ts';

/** What a pointer says of a folder. */
export type FolderFields = ValueMap;

/** Two folders that both sides changed, with the fields that a pointer has for them: `digest`, `size`, `files`. */
export interface FolderSides {
  /** Absent where the ancestor had no folder there. */
  readonly ancestor?: FolderFields;
  readonly ours: FolderFields;
  readonly theirs: FolderFields;
}

/** Two folders put together. What could not be decided is in each as on its side; else they are the same. */
export interface MergedFolder {
  readonly ours: FolderFields;
  readonly theirs: FolderFields;
}

export interface PointerMergeOptions extends MergeOptions {
  /** Merges two folders file by file; `undefined` when it cannot. Its result must not depend on the sides' order. */
  readonly mergeTrees?: ((folders: FolderSides) => MergedFolder | undefined) | undefined;
}

/** What is said of the bytes belongs together: a digest of one side with the size of the other would be a lie. */
const CONTENT = new Set(['digest', 'md5', 'size', 'files', 'nfiles', 'hash', 'link', 'exec', 'isexec']);

/**
 * Merges pointers field by field; what is said of the bytes counts as one field. Comments go with their fields.
 * @throws {PipeError} PIPE_YAML_SYNTAX, PIPE_KEY_DUPLICATE, PIPE_FILE_TOO_BIG when a side cannot be read, PIPE_MERGE when
 * it holds something else than fields
 */
export function mergePointers(texts: MergeTexts, options: PointerMergeOptions): Merged {
  const whole = mergeWhole(texts);
  if (whole !== undefined) return whole;
  const [ours, theirs] = [openSide(texts.ours, options.shown), openSide(texts.theirs, options.shown)];
  // What was imported is what its source had: never a mixture.
  const isImport = [ours, theirs].some(({ side }) => side.value.has('deps'));
  const merging: Merging = { mergeTrees: isImport ? undefined : options.mergeTrees, conflicts: [] };
  const maps: Maps = { ancestor: ancestorOf(texts.ancestor), ours: ours.side, theirs: theirs.side };
  const merged = mergeMaps(merging, maps, '');
  const indentSeq = listsIndented(texts.ours, ours.side.map) ?? false;
  const print = (map: YAMLMap): string => {
    ours.document.contents = map;
    return ours.document.toString({ lineWidth: 0, indentSeq });
  };
  const sides = { ours: print(merged.ours), theirs: print(merged.theirs) };
  const text = merging.conflicts.length === 0 ? sides.ours : betweenMarks(sides, options.markSize);
  return { text, conflicts: merging.conflicts };
}

/** A map of one side: its nodes, to be written again, and what they mean. */
interface Side {
  readonly map: YAMLMap;
  readonly value: ValueMap;
}

interface Maps {
  readonly ancestor: ValueMap | typeof UNKNOWN;
  readonly ours: Side;
  readonly theirs: Side;
}

/** The merged map with each conflict as one side would have it. */
interface MergedMap {
  readonly ours: YAMLMap;
  readonly theirs: YAMLMap;
}

type Pairs = readonly Pair[];

function openSide(text: string, shown: string): { document: Document; side: Side } {
  const value = valueOf(text, shown);
  const document: Document = parseDocument(text, { logLevel: 'silent' });
  const map = document.contents;
  if (value === undefined || !isMap(map) || isShared(document)) {
    throw new PipeError({ code: 'PIPE_MERGE', message: `${shown} holds something else than plain fields` });
  }
  return { document, side: { map, value } };
}

/** An alias cannot go into another document without its anchor. */
function isShared(document: Document): boolean {
  const shared: unknown[] = [];
  visit(document, (_, node) => {
    if (isAlias(node) || ((isScalar(node) || isCollection(node)) && node.anchor !== undefined)) shared.push(node);
  });
  return shared.length > 0;
}

function valueOf(text: string, shown: string): ValueMap | undefined {
  const { root, problems } = readYaml({ file: shown, text });
  if (problems.length > 0) throw new PipeError(problems);
  const value = root === undefined ? undefined : toValue(root);
  return value !== undefined && isValueMap(value) ? value : undefined;
}

function ancestorOf(text: string): Maps['ancestor'] {
  if (text.trim() === '') return new Map();
  try {
    return valueOf(text, '') ?? UNKNOWN;
  } catch (error) {
    if (error instanceof PipeError) return UNKNOWN;
    throw error;
  }
}

/** A merge that is going on. */
interface Merging {
  readonly mergeTrees: PointerMergeOptions['mergeTrees'];
  readonly conflicts: string[];
}

/** A field of the merged map with each conflict as one side would have it. */
interface MergedField {
  readonly ours: Pairs;
  readonly theirs: Pairs;
}

function mergeMaps(merging: Merging, maps: Maps, path: string): MergedMap {
  const keys = mergedOrder(maps);
  const content = keys.filter((key) => CONTENT.has(key));
  const contentField = mergeContent(merging, maps, { keys: content, path });
  const fields = keys.map((key) => contentField(key) ?? mergeField(merging, maps, { key, path }));
  const built = (side: 'ours' | 'theirs'): YAMLMap => {
    const { commentBefore, comment, flow } = maps.ours.map;
    const map = Object.assign(new YAMLMap(), { commentBefore, comment, flow });
    map.items = fields.flatMap((field) => field[side]);
    return map;
  };
  return { ours: built('ours'), theirs: built('theirs') };
}

function mergeField(merging: Merging, maps: Maps, { key, path }: { key: string; path: string }): MergedField {
  const [ours, theirs] = [pairsOf(maps.ours, key), pairsOf(maps.theirs, key)];
  const side = sideOf(maps, [key]);
  if (side !== 'conflict') return side === 'ours' ? { ours, theirs: ours } : { ours: theirs, theirs };
  const inner = onlyMaps(maps, key);
  if (inner === undefined) {
    merging.conflicts.push(path + key);
    return { ours, theirs };
  }
  const merged = mergeMaps(merging, inner, `${path}${key}.`);
  return { ours: [withItem(ours, merged.ours)], theirs: [withItem(ours, merged.theirs)] };
}

function mergeContent(
  { mergeTrees, conflicts }: Merging,
  maps: Maps,
  { keys, path }: { keys: readonly string[]; path: string },
): (key: string) => MergedField | undefined {
  const side = sideOf(maps, keys);
  const folder = side === 'conflict' ? mergedFolder(mergeTrees, maps, keys) : undefined;
  const isMerged = folder !== undefined && canonical(folder.ours) === canonical(folder.theirs);
  if (side === 'conflict' && !isMerged) conflicts.push(`${path}digest`);
  return (key) => {
    if (!keys.includes(key)) return undefined;
    const [ours, theirs] = [pairsOf(maps.ours, key), pairsOf(maps.theirs, key)];
    if (folder === undefined) {
      return { ours: side === 'theirs' ? theirs : ours, theirs: side === 'ours' ? ours : theirs };
    }
    const pairs = (value: Value | undefined): Pairs =>
      value === undefined ? [] : ours.map((pair) => withValue(pair, value));
    return { ours: pairs(folder.ours.get(key)), theirs: pairs(folder.theirs.get(key)) };
  };
}

function mergedFolder(
  mergeTrees: PointerMergeOptions['mergeTrees'],
  { ancestor, ours, theirs }: Maps,
  keys: readonly string[],
): MergedFolder | undefined {
  const [our, their] = [picked(ours.value, keys), picked(theirs.value, keys)];
  // Nothing tells then what one side added from what the other one removed.
  if (ancestor === UNKNOWN || !our.has('files') || !their.has('files')) return undefined;
  const before = picked(ancestor, keys);
  return mergeTrees?.({ ours: our, theirs: their, ...(before.has('files') ? { ancestor: before } : {}) });
}

function sideOf({ ancestor, ours, theirs }: Maps, keys: readonly string[]): 'ours' | 'theirs' | 'conflict' {
  const text = (value: ValueMap): string => canonical(picked(value, keys));
  return sideToTake({
    ancestor: ancestor === UNKNOWN ? UNKNOWN : text(ancestor),
    ours: text(ours.value),
    theirs: text(theirs.value),
  });
}

function picked(value: ValueMap, keys: readonly string[]): ValueMap {
  return new Map([...value].filter(([key]) => keys.includes(key)));
}

function pairsOf({ map }: Side, key: string): Pairs {
  return map.items.filter((pair) => isPair(pair) && isScalar(pair.key) && String(pair.key.value) === key);
}

function withValue(pair: Pair, value: Value): Pair {
  const copy = pair.clone();
  copy.value = isScalar(copy.value) ? Object.assign(copy.value, { value, source: undefined }) : value;
  return copy;
}

/** The one map in a list, such as the entry in `outs`, where both sides have just one. */
function onlyMaps({ ancestor, ours, theirs }: Maps, key: string): Maps | undefined {
  const [our, their] = [onlyItem(ours, key), onlyItem(theirs, key)];
  if (our === undefined || their === undefined) return undefined;
  if (ancestor === UNKNOWN) return { ancestor, ours: our, theirs: their };
  return { ancestor: onlyValue(ancestor.get(key)) ?? new Map<string, Value>(), ours: our, theirs: their };
}

function onlyItem(side: Side, key: string): Side | undefined {
  const value = onlyValue(side.value.get(key));
  const list = pairsOf(side, key)[0]?.value;
  const map = isSeq(list) ? list.items[0] : undefined;
  return value !== undefined && isMap(map) ? { map, value } : undefined;
}

function onlyValue(list: Value | undefined): ValueMap | undefined {
  if (list === undefined || list === null || !isList(list) || list.length !== 1) return undefined;
  const [item] = list;
  return item !== undefined && isValueMap(item) ? item : undefined;
}

/** The same list with its one map replaced. */
function withItem([pair]: Pairs, map: YAMLMap): Pair {
  const copy = (pair as Pair).clone();
  if (isSeq(copy.value)) copy.value.items = [map];
  return copy;
}

/**
 * The keys of both sides, each after the key that it follows in its own text. What both sides put at one place is
 * sorted, so that the order of the sides does not matter.
 */
function mergedOrder({ ours, theirs }: Maps): string[] {
  const [our, their] = [[...ours.value.keys()], [...theirs.value.keys()]];
  const common = [our.filter((key) => theirs.value.has(key)), their.filter((key) => ours.value.has(key))];
  const [order = []] = common.sort((a, b) => byCodeUnit(a.join('\n'), b.join('\n')));
  const shared = new Set(order);
  const [ourExtras, theirExtras] = [extrasOf(our, shared), extrasOf(their, shared)];
  return ['', ...order].flatMap((key, at) => {
    const [a, b] = [ourExtras.get(at === 0 ? undefined : key) ?? [], theirExtras.get(at === 0 ? undefined : key) ?? []];
    const extras = a.length > 0 && b.length > 0 ? [...a, ...b].sort(byCodeUnit) : [...a, ...b];
    return at === 0 ? extras : [key, ...extras];
  });
}

/** Shared key (`undefined` for the beginning) → the keys of this side alone that follow it. */
function extrasOf(keys: readonly string[], shared: ReadonlySet<string>): Map<string | undefined, string[]> {
  const extras = new Map<string | undefined, string[]>();
  let after: string | undefined;
  for (const key of keys) {
    if (shared.has(key)) after = key;
    else extras.set(after, [...(extras.get(after) ?? []), key]);
  }
  return extras;
}
