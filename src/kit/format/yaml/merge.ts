import type { Fault } from './fault.ts';
import type { MapEntry, MapNode, ScalarNode, YamlNode } from './node.ts';

/** Whether a plain scalar is the merge key. A quoted `"<<"` is an ordinary key: the reader that knows asks first. */
export function isMergeKey(key: ScalarNode): boolean {
  return key.value === '<<';
}

/** What is left of the entries that merge keys may copy in one text, so that merging is no bomb. */
export interface MergeBudget {
  readonly faults: Fault[];
  left: number;
}

/**
 * The entries of a map: those that its merge key brings in, then its own, which win. Of several merged maps the first
 * one wins. Reports keys that come twice.
 */
export function applyMerge(
  own: readonly MapEntry[],
  merge: MapEntry | undefined,
  budget: MergeBudget,
): readonly MapEntry[] {
  reportDuplicates(own, budget.faults);
  if (merge === undefined) return own;
  const entries = new Map<ScalarNode['value'], MapEntry>();
  for (const source of mergedMaps(merge.value, budget.faults).reverse()) {
    budget.left -= source.entries.length;
    if (budget.left < 0) return own;
    for (const entry of source.entries) entries.set(entry.key.value, entry);
  }
  for (const entry of own) entries.set(entry.key.value, entry);
  return [...entries.values()];
}

function mergedMaps(value: YamlNode, faults: Fault[]): MapNode[] {
  const candidates = value.kind === 'seq' ? value.items : [value];
  return candidates.filter((each): each is MapNode => {
    if (each.kind === 'map') return true;
    faults.push({ message: '<< takes a map or a list of maps', start: each.start, end: each.end });
    return false;
  });
}

/** Whether a key comes twice. Most maps are so small that a set would cost more than it saves. */
export function hasDuplicates(entries: readonly MapEntry[]): boolean {
  if (entries.length > 16) return new Set(entries.map(({ key }) => key.value)).size < entries.length;
  for (let later = 1; later < entries.length; later++) {
    const value = entries[later]?.key.value;
    for (let earlier = 0; earlier < later; earlier++) if (entries[earlier]?.key.value === value) return true;
  }
  return false;
}

function reportDuplicates(entries: readonly MapEntry[], faults: Fault[]): void {
  if (!hasDuplicates(entries)) return;
  const seen = new Map<ScalarNode['value'], ScalarNode>();
  for (const { key } of entries) {
    const first = seen.get(key.value);
    if (first === undefined) {
      seen.set(key.value, key);
      continue;
    }
    faults.push({
      message: `the key ${JSON.stringify(String(key.value))} comes twice`,
      hint: 'keep one of them',
      start: key.start,
      end: key.end,
      about: 'duplicate-key',
      related: { message: 'the first one', start: first.start, end: first.end },
    });
  }
}
