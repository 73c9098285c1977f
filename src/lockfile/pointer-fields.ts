import type { Node, Pair, YAMLMap } from 'yaml';
import { isMap, isScalar, isSeq } from 'yaml';
import type { MapNode, YamlNode } from '../kit/format/yaml/node.ts';
import { lookUp } from '../kit/format/yaml/node.ts';
import { readQuickly, UNSURE } from '../kit/format/yaml/quick.ts';
import { documentOf } from '../pipeline/edit-document.ts';
import { endOf, ownPair, startOf } from '../pipeline/edit-text.ts';

/** A map in the text of a pointer, as far as an edit of its fields must know it. */
export interface FieldsInText {
  readonly isFlow: boolean;
  /** Where it begins. */
  readonly start: number;
  /** In the order of the text. What a merge key brings in is none of them. */
  readonly fields: readonly Field[];
}

/** A field of such a map. Places are offsets into the text. */
export interface Field {
  readonly name: string;
  /** Where its key begins. */
  readonly start: number;
  /** Where its value begins and ends. */
  readonly from: number;
  readonly to: number;
  /** The end of what it says. */
  readonly end: number;
  /** The value as a text; `undefined` where it is no scalar. */
  readonly said: string | undefined;
  /** The value where it is a map. */
  readonly map: FieldsInText | undefined;
}

/** Finds the only entry of a list of a pointer's text, if it is a map. */
export type FindItem = (text: string, list: 'deps' | 'outs') => FieldsInText | undefined;

/**
 * Ways to find it, the best first. The first one reads what people write, quickly; the other one reads all there is, and
 * takes a hundred times as long. Whoever edits by what they find checks that the text still means what it should.
 */
export const FINDERS: readonly FindItem[] = [
  (text, list) => {
    const root = readQuickly(text);
    const items = root === UNSURE ? undefined : lookUp(root, list)?.value;
    const item = items?.kind === 'seq' ? items.items[0] : undefined;
    return item?.kind === 'map' ? quickFields(text, item) : undefined;
  },
  (text, list) => {
    const root = documentOf(text).contents;
    const items = isMap(root) ? ownPair(root, list)?.value : undefined;
    const item = isSeq(items) ? items.items[0] : undefined;
    return isMap(item) ? fullFields(text, item) : undefined;
  },
];

/** The field of a name. */
export function fieldOf({ fields }: FieldsInText, name: string): Field | undefined {
  return fields.find((each) => each.name === name);
}

function quickFields(text: string, map: MapNode): FieldsInText {
  const fields = map.entries.map(({ key, value }) => ({
    name: String(key.value),
    start: key.start,
    from: value.start,
    to: value.end,
    end: value.end,
    said: saidBy(value),
    map: value.kind === 'map' ? quickFields(text, value) : undefined,
  }));
  return { isFlow: text[map.start] === '{', start: map.start, fields };
}

function saidBy(value: YamlNode): string | undefined {
  return value.kind === 'scalar' ? String(value.value) : undefined;
}

function fullFields(text: string, map: YAMLMap): FieldsInText {
  const pairs = (map.items as Pair<Node, Node | null>[]).filter(({ key }) => isScalar(key));
  const fields = pairs.map((pair) => {
    const { key, value } = pair;
    const [from, to] = value?.range ?? [0, 0];
    return {
      name: String((key as { readonly value?: unknown }).value),
      start: startOf(key),
      from,
      to,
      end: endOf(text, pair),
      said: isScalar(value) ? String(value.value) : undefined,
      map: isMap(value) ? fullFields(text, value) : undefined,
    };
  });
  return { isFlow: map.flow === true, start: startOf(map), fields };
}
