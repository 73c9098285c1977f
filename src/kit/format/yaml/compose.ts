import type * as Yaml from 'yaml';
import { createRequire } from 'node:module';
import { MAX_DEPTH } from '../json.ts';
import { findTooDeep } from './depth.ts';
import { explainErrors } from './explain.ts';
import type { Fault } from './fault.ts';
import { BOMB, isBomb, MAX_EXPANDED } from './expanded.ts';
import { applyMerge, isMergeKey, type MergeBudget } from './merge.ts';
import type { MapEntry, Scalar, ScalarNode, YamlNode } from './node.ts';
import { resolvePlain, TOO_LONG } from './plain.ts';

// Loaded only for a text that the quick reader hands over: importing `yaml` costs more than most pipelines take.
const load = createRequire(import.meta.filename);

const TAG = 'tag:yaml.org,2002:';

/**
 * Reads any YAML 1.2 text by the `yaml` package. What is wrong goes to `faults`.
 * @returns `undefined` for a text without content, or with faults.
 */
export function composeYaml(text: string, faults: Fault[]): YamlNode | undefined {
  const yaml = load('yaml') as typeof Yaml;
  const tooDeep = findTooDeep(yaml, text);
  if (tooDeep !== undefined) {
    faults.push(tooDeep);
    return undefined;
  }
  const found = yaml.parseAllDocuments(text, { schema: 'failsafe', uniqueKeys: false, logLevel: 'silent' });
  const documents = 'empty' in found ? [] : found;
  faults.push(
    ...explainErrors(
      documents.flatMap(({ errors }) => errors),
      text,
    ),
  );
  const [document, second] = documents;
  if (second !== undefined && faults.length === 0) {
    const start = second.range[0];
    faults.push({ message: 'the file holds more than one YAML document', start, end: start });
  }
  if (document === undefined || faults.length > 0) return undefined;
  const builder = new Builder(yaml, text, faults);
  if (builder.isEmpty(document.contents)) return undefined;
  const root = builder.build(document.contents, 0);
  if (builder.budget.left < 0 || (faults.length === 0 && isBomb(root))) faults.push(BOMB);
  return faults.length > 0 ? undefined : root;
}

/** Turns the package's nodes into ours: aliases resolved to shared nodes, merge keys applied, kinds told apart. */
class Builder {
  private readonly yaml: typeof Yaml;
  private readonly text: string;
  private readonly faults: Fault[];
  readonly budget: MergeBudget;
  private readonly anchors = new Map<string, YamlNode | 'open'>();

  constructor(yaml: typeof Yaml, text: string, faults: Fault[]) {
    this.yaml = yaml;
    this.text = text;
    this.faults = faults;
    this.budget = { faults, left: MAX_EXPANDED };
  }

  /** Nodes come in the order of the text, so an alias meets the last anchor of its name before it. */
  build(node: unknown, depth: number): YamlNode {
    const { yaml } = this;
    if (yaml.isAlias(node)) return this.alias(node);
    if (!yaml.isScalar(node) && !yaml.isMap(node) && !yaml.isSeq(node)) return nothing(0);
    const [start, end] = rangeOf(node);
    if (depth > MAX_DEPTH) {
      return this.fault({ message: `lists and maps nest deeper than ${String(MAX_DEPTH)} levels`, start, end });
    }
    const { anchor } = node;
    if (anchor !== undefined) this.anchors.set(anchor, 'open');
    const built = yaml.isScalar(node)
      ? this.scalar(node)
      : yaml.isSeq(node)
        ? this.seq(node, depth)
        : this.map(node, depth);
    if (anchor !== undefined) this.anchors.set(anchor, built);
    return built;
  }

  private alias(node: Yaml.Alias): YamlNode {
    const [start, end] = rangeOf(node);
    const target = this.anchors.get(node.source);
    if (target === undefined)
      return this.fault({ message: `no anchor &${node.source} stands before this alias`, start, end });
    if (target === 'open')
      return this.fault({ message: `the anchor &${node.source} holds an alias of itself`, start, end });
    return target;
  }

  private scalar(node: Yaml.Scalar): ScalarNode {
    const [start, rawEnd] = rangeOf(node);
    const isBlock = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
    const end = isBlock ? this.trimmedEnd(start, rawEnd) : rawEnd;
    const text = typeof node.value === 'string' ? node.value : (node.source ?? '');
    const tag = node.tag === TAG + 'str' || node.tag === undefined || node.tag === '!' ? undefined : node.tag;
    const isPlain = (node.type ?? 'PLAIN') === 'PLAIN';
    if (tag === undefined) {
      const value = isPlain && node.tag === undefined ? resolvePlain(text) : text;
      if (value === TOO_LONG) return this.fault({ message: 'an integer has too many digits', start, end });
      return { kind: 'scalar', value, start, end };
    }
    const value = tagged(tag, text);
    if (value === undefined) {
      return this.fault({
        message: `the tag ${shortTag(tag)} does not fit here`,
        hint: 'write the value without a tag',
        start,
        end,
      });
    }
    return { kind: 'scalar', value, start, end };
  }

  /** The line ends and blank lines after a block scalar do not belong to its place. */
  private trimmedEnd(start: number, end: number): number {
    return start + this.text.slice(start, end).trimEnd().length;
  }

  private seq(node: Yaml.YAMLSeq, depth: number): YamlNode {
    const [start, end] = rangeOf(node);
    this.checkTag(node, 'seq');
    const items = node.items.map((item) => this.build(item, depth + 1));
    const last = node.flow === true ? undefined : this.endOf(node.items.at(-1), items.at(-1));
    return { kind: 'seq', items, start, end: last ?? end };
  }

  private map(node: Yaml.YAMLMap, depth: number): YamlNode {
    const [start, end] = rangeOf(node);
    this.checkTag(node, 'map');
    const own: MapEntry[] = [];
    let merge: MapEntry | undefined;
    let last: number | undefined;
    for (const pair of node.items) {
      const rawKey: unknown = pair.key;
      const key = this.build(rawKey, depth + 1);
      const value = this.isEmpty(pair.value) ? nothing(key.end) : this.build(pair.value, depth + 1);
      last = this.endOf(pair.value, value);
      if (key.kind !== 'scalar') {
        this.fault({ message: 'a key must be a text', start: key.start, end: key.end });
      } else if (isMergeKey(key) && this.yaml.isScalar(rawKey) && rawKey.type === 'PLAIN') {
        if (merge !== undefined)
          this.fault({
            message: 'the merge key << comes twice',
            hint: 'give it a list: <<: [*a, *b]',
            start: key.start,
            end: key.end,
            about: 'duplicate-key',
          });
        merge = { key, value };
      } else {
        own.push({ key, value });
      }
    }
    const entries = applyMerge(own, merge, this.budget);
    return { kind: 'map', entries, start, end: node.flow === true ? end : (last ?? end) };
  }

  /** A block collection ends with its last item; an alias stands for a node that lies elsewhere. */
  private endOf(raw: unknown, built: YamlNode | undefined): number | undefined {
    return this.yaml.isAlias(raw) ? rangeOf(raw)[1] : built?.end;
  }

  /** Whether nothing at all is written for a node. */
  isEmpty(raw: unknown): boolean {
    return (
      raw === null || (this.yaml.isScalar(raw) && raw.source === '' && raw.type === 'PLAIN' && !raw.tag && !raw.anchor)
    );
  }

  private checkTag(node: Yaml.YAMLMap | Yaml.YAMLSeq, kind: 'map' | 'seq'): void {
    const { tag } = node;
    const [start, end] = rangeOf(node);
    if (tag === undefined || tag === TAG + kind || tag === '!') return;
    this.fault({
      message: `the tag ${shortTag(tag)} is not supported`,
      hint: 'write the value without a tag',
      start,
      end,
    });
  }

  private fault(fault: Fault): ScalarNode {
    this.faults.push(fault);
    return nothing(fault.start);
  }
}

function nothing(at: number): ScalarNode {
  return { kind: 'scalar', value: null, start: at, end: at };
}

function rangeOf(node: Yaml.Node): [number, number] {
  const range = node.range ?? [0, 0, 0];
  return [range[0], range[1]];
}

function shortTag(tag: string): string {
  return tag.startsWith(TAG) ? `!!${tag.slice(TAG.length)}` : tag;
}

/** `!!int "3"` and its like. */
function tagged(tag: string, text: string): Scalar | undefined {
  if (tag === TAG + 'null') return null;
  const value = resolvePlain(text);
  if (value === TOO_LONG) return undefined;
  if (tag === TAG + 'bool') return typeof value === 'boolean' ? value : undefined;
  if (tag === TAG + 'int') return typeof value === 'bigint' ? value : undefined;
  if (tag !== TAG + 'float') return undefined;
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'number' ? value : undefined;
}
