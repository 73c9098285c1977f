import { isList, type Value } from '../../value.ts';
import type { YamlNode } from './node.ts';
import { keyText } from './node.ts';

/** The value of a tree, without its places. A node that stands in several places becomes one shared value. */
export function toValue(root: YamlNode): Value {
  const shared = new Map<YamlNode, Value>();
  return convert(root);

  function convert(node: YamlNode): Value {
    if (node.kind === 'scalar') return node.value;
    const known = shared.get(node);
    if (known !== undefined) return known;
    const value =
      node.kind === 'seq'
        ? node.items.map(convert)
        : new Map(node.entries.map(({ key, value }) => [keyText(key), convert(value)]));
    shared.set(node, value);
    return value;
  }
}

/** A tree for a value, all of it at one place. */
export function fromValue(value: Value, start: number, end: number): YamlNode {
  if (value === null || typeof value !== 'object') return { kind: 'scalar', value, start, end, derived: true };
  if (isList(value)) return { kind: 'seq', items: value.map((item) => fromValue(item, start, end)), start, end };
  const entries = [...value].map(([key, item]) => ({
    key: { kind: 'scalar' as const, value: key, start, end, derived: true as const },
    value: fromValue(item, start, end),
  }));
  return { kind: 'map', entries, start, end };
}
