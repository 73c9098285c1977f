import type { MapNode, ScalarNode, YamlNode } from '../kit/format/yaml/node.ts';
import { keyText } from '../kit/format/yaml/node.ts';
import { nearest } from '../kit/nearest.ts';
import type { Report } from './report.ts';
import type { NumberShape, RecordShape, Shape, TextShape } from './shape.ts';

type Dialect = 'pipe' | 'dvc';

/** Reports every place where a tree differs from its shape. */
export function checkShape(node: YamlNode, shape: Shape, { dialect, report }: Rules): void {
  new Checker(dialect, report).check(node, shape, 'the file');
}

interface Rules {
  readonly dialect: Dialect;
  readonly report: Report;
}

class Checker {
  private readonly dialect: Dialect;
  private readonly report: Report;

  constructor(dialect: Dialect, report: Report) {
    this.dialect = dialect;
    this.report = report;
  }

  /** `name` is what messages call the node. */
  check(node: YamlNode, shape: Shape, name: string): void {
    if (shape.type === 'branch') {
      const taken = node.kind === 'map' && node.entries.some(({ key }) => shape.on.includes(keyText(key)));
      this.check(node, taken ? shape.then : shape.else, name);
      return;
    }
    if (shape.type === 'either') {
      // Alternatives differ in the kind of node they take, so the first that fits is the one meant.
      const meant = shape.of.find((each) => fits(node, each));
      if (meant === undefined) this.wrongKind(node, shape.of, name);
      else this.check(node, meant, name);
      return;
    }
    if (fits(node, shape)) this.checkContent(node, shape, name);
    else this.wrongKind(node, [shape], name);
  }

  private checkContent(node: YamlNode, shape: Shape, name: string): void {
    if (node.kind === 'scalar') {
      if (shape.type === 'text') this.checkText(node, shape, name);
      else if (shape.type === 'number' || shape.type === 'integer') this.checkNumber(node, shape, name);
    } else if (node.kind === 'seq') {
      if (shape.type !== 'list') return;
      for (const item of node.items) this.check(item, shape.items, `an item of ${name}`);
    } else if (shape.type === 'record') {
      this.checkRecord(node, shape);
    } else if (shape.type === 'map') {
      if (shape.notEmpty === true && node.entries.length === 0) {
        this.report.add('PIPE_FIELD_VALUE', node, `${name} is empty`);
      }
      for (const { key, value } of node.entries) {
        this.checkTextKey(key, name);
        this.check(value, shape.values, quoted(keyText(key)));
      }
    }
  }

  private checkRecord(node: MapNode, shape: RecordShape): void {
    const { dialect, report } = this;
    for (const { key, value } of node.entries) {
      const name = keyText(key);
      const field = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
      if (field === undefined || typeof key.value !== 'string') {
        const hint = hintFor(name, knownFields(shape, dialect));
        report.add('PIPE_FIELD_UNKNOWN', key, { message: `${quoted(name)} is not a field of ${shape.what}`, hint });
      } else if (field.ours === true && dialect === 'dvc') {
        const hint = 'rename the file to pipeline.yaml to use it';
        report.add('PIPE_FIELD_UNKNOWN', key, { message: `${quoted(name)} is not a field of a dvc.yaml`, hint });
      } else {
        this.check(value, field.shape, name);
      }
    }
    for (const name in shape.fields) {
      if (shape.fields[name]?.required !== true || node.entries.some(({ key }) => key.value === name)) continue;
      report.add('PIPE_FIELD_MISSING', firstKey(node), `${shape.what} needs ${name}`);
    }
  }

  private checkTextKey(key: ScalarNode, name: string): void {
    if (typeof key.value === 'string') return;
    const message = `a key of ${name} must be a text, found ${describe(key)}`;
    this.report.add('PIPE_FIELD_TYPE', key, { message, hint: `write "${keyText(key)}"` });
  }

  private checkText(node: ScalarNode, shape: TextShape, name: string): void {
    if (typeof node.value !== 'string' || node.value.includes('${')) return;
    if (shape.pattern !== undefined && !new RegExp(shape.pattern).test(node.value)) {
      this.report.add('PIPE_FIELD_VALUE', node, `${name} must be ${shape.what ?? shape.pattern}`);
    }
    if (shape.oneOf !== undefined && !shape.oneOf.includes(node.value)) {
      const message = `${quoted(node.value)} is not known as ${name}`;
      this.report.add('PIPE_FIELD_VALUE', node, { message, hint: hintFor(node.value, shape.oneOf) });
    }
  }

  private checkNumber(node: ScalarNode, shape: NumberShape, name: string): void {
    const value = Number(node.value);
    const { min = -Infinity, above = -Infinity } = shape;
    if (value >= min && value > above && value < Infinity) return;
    const limit = above > -Infinity ? `greater than ${String(above)}` : `at least ${String(min)}`;
    this.report.add('PIPE_FIELD_VALUE', node, `${name} must be ${limit}`);
  }

  private wrongKind(node: YamlNode, of: readonly Shape[], name: string): void {
    const wanted = [...new Set(of.map(kindOf))].join(' or ');
    const unquoted = node.kind === 'scalar' && typeof node.value !== 'string' && node.value !== null;
    const hint = unquoted && wanted.includes('text') ? 'put it in quotes' : undefined;
    const message = `${name} must be ${wanted}, found ${describe(node)}`;
    this.report.add('PIPE_FIELD_TYPE', node.kind === 'map' ? firstKey(node) : node, { message, hint });
  }
}

function fits(node: YamlNode, shape: Shape): boolean {
  switch (shape.type) {
    case 'text':
      return node.kind === 'scalar' && typeof node.value === 'string';
    case 'bool':
      return node.kind === 'scalar' && typeof node.value === 'boolean';
    case 'null':
      return node.kind === 'scalar' && node.value === null;
    case 'number':
      return node.kind === 'scalar' && (typeof node.value === 'number' || typeof node.value === 'bigint');
    case 'integer':
      return node.kind === 'scalar' && typeof node.value === 'bigint';
    case 'list':
    case 'list-of-any':
      return node.kind === 'seq';
    case 'map':
    case 'map-of-any':
    case 'record':
      return node.kind === 'map';
    case 'any':
      return true;
    case 'either':
      return shape.of.some((each) => fits(node, each));
    case 'branch':
      return fits(node, shape.then) || fits(node, shape.else);
  }
}

function knownFields({ fields }: RecordShape, dialect: Dialect): string[] {
  return Object.keys(fields).filter((name) => dialect === 'pipe' || fields[name]?.ours !== true);
}

function hintFor(name: string, known: readonly string[]): string {
  const close = nearest(name, known);
  return close === undefined ? `known are ${known.join(', ')}` : `did you mean ${close}?`;
}

/** A map is marked by its first key: underlining all of it would hide the place. */
function firstKey(node: MapNode): { start: number; end: number } {
  const [first] = node.entries;
  return first === undefined ? node : { start: first.key.start, end: first.key.end };
}

function kindOf(shape: Shape): string {
  switch (shape.type) {
    case 'text':
      return shape.what ?? 'a text';
    case 'bool':
      return 'true or false';
    case 'null':
      return 'nothing';
    case 'number':
      return 'a number';
    case 'integer':
      return 'a whole number';
    case 'list':
      return shape.items.type === 'text' ? 'a list of texts' : 'a list';
    case 'list-of-any':
      return 'a list';
    case 'either':
      return shape.of.map(kindOf).join(' or ');
    case 'any':
      return 'anything';
    default:
      return 'a map';
  }
}

/** What a node is, for a message: `the number 3`, `a list`. */
export function describe(node: YamlNode): string {
  if (node.kind === 'seq') return 'a list';
  if (node.kind === 'map') return 'a map';
  const { value } = node;
  if (value === null) return 'nothing';
  if (typeof value === 'string') return `the text ${quoted(value.length > 40 ? `${value.slice(0, 37)}…` : value)}`;
  return typeof value === 'boolean' ? String(value) : `the number ${String(value)}`;
}

function quoted(text: string): string {
  return `"${text}"`;
}
