/**
 * YAML text as a tree whose every node knows its place. Aliases are resolved (the same node object appears in several
 * places), merge keys are applied, plain scalars have their kind. `start` and `end` are UTF-16 offsets.
 */
export type YamlNode = ScalarNode | SeqNode | MapNode;

/** What a scalar can hold: integers are `bigint`, floats `number`. */
export type Scalar = null | boolean | bigint | number | string;

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly value: Scalar;
  readonly start: number;
  readonly end: number;
  /** Made by substitution: the place is that of the text it stands for. */
  readonly derived?: true;
}

export interface SeqNode {
  readonly kind: 'seq';
  readonly items: readonly YamlNode[];
  readonly start: number;
  readonly end: number;
}

export interface MapNode {
  readonly kind: 'map';
  readonly entries: readonly MapEntry[];
  readonly start: number;
  readonly end: number;
}

export interface MapEntry {
  readonly key: ScalarNode;
  readonly value: YamlNode;
}

/** The key of an entry as text: `1`, `true` and `null` are written as YAML writes them. */
export function keyText(key: ScalarNode): string {
  return typeof key.value === 'string' ? key.value : String(key.value);
}

/** The value of a key, if the node is a map that has it. */
export function lookUp(node: YamlNode | undefined, name: string): MapEntry | undefined {
  if (node?.kind !== 'map') return undefined;
  return node.entries.find((entry) => entry.key.value === name);
}
