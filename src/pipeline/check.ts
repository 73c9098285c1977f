import type { MapNode, ScalarNode, YamlNode } from '../kit/format/yaml/node.ts';
import { keyText } from '../kit/format/yaml/node.ts';
import { nearest } from '../kit/nearest.ts';
import type { Report } from './report.ts';
import type { NumberShape, RecordShape, Shape, TextShape } from './shape.ts';

type Dialect = 'pipe' | 'dvc';

/** Reports every place where a tree differs from its shape. `name` is what messages call the node. */
export function checkShape(node: YamlNode, shape: Shape, name: string, dialect: Dialect, report: Report): void {
  switch (shape.type) {
    case 'any':
      return;
    case 'either':
      return checkEither(node, shape.of, name, dialect, report);
    case 'branch': {
      const taken = node.kind === 'map' && node.entries.some(({ key }) => shape.on.includes(keyText(key)));
      return checkShape(node, taken ? shape.then : shape.else, name, dialect, report);
    }
    default:
  }
  if (!fits(node, shape)) return wrongKind(node, [shape], name, report);
  if (shape.type === 'text') checkText(node, shape, name, report);
  else if (shape.type === 'number' || shape.type === 'integer') checkNumber(node, shape, name, report);
  else if (shape.type === 'list' && node.kind === 'seq') {
    for (const item of node.items) checkShape(item, shape.items, `an item of ${name}`, dialect, report);
  } else if (shape.type === 'map' && node.kind === 'map') {
    if (shape.notEmpty === true && node.entries.length === 0) report.add('PIPE_FIELD_VALUE', `${name} is empty`, node);
    for (const { key, value } of node.entries) {
      checkTextKey(key, name, report);
      checkShape(value, shape.values, quoted(keyText(key)), dialect, report);
    }
  } else if (shape.type === 'record' && node.kind === 'map') checkRecord(node, shape, dialect, report);
}

/** The alternative that fits the node's kind is the one meant; within a kind the first that has nothing to report. */
function checkEither(node: YamlNode, of: readonly Shape[], name: string, dialect: Dialect, report: Report): void {
  const candidates = of.filter((shape) => fits(node, shape));
  const [first] = candidates;
  if (first === undefined) return wrongKind(node, of, name, report);
  return checkShape(node, first, name, dialect, report);
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

function checkRecord(node: MapNode, shape: RecordShape, dialect: Dialect, report: Report): void {
  for (const { key, value } of node.entries) {
    const name = keyText(key);
    const field = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
    if (field === undefined || typeof key.value !== 'string') {
      const message = `${quoted(name)} is not a field of ${shape.what}`;
      report.add('PIPE_FIELD_UNKNOWN', message, key, hintFor(name, knownFields(shape, dialect)));
    } else if (field.ours === true && dialect === 'dvc') {
      const hint = 'rename the file to pipeline.yaml to use it';
      report.add('PIPE_FIELD_UNKNOWN', `${quoted(name)} is not a field of a dvc.yaml`, key, hint);
    } else {
      checkShape(value, field.shape, name, dialect, report);
    }
  }
  for (const name in shape.fields) {
    if (shape.fields[name]?.required !== true || node.entries.some(({ key }) => key.value === name)) continue;
    report.add('PIPE_FIELD_MISSING', `${shape.what} needs ${name}`, firstLine(node));
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
function firstLine(node: MapNode): { start: number; end: number } {
  const [first] = node.entries;
  return first === undefined ? node : { start: first.key.start, end: first.key.end };
}

function checkTextKey(key: ScalarNode, name: string, report: Report): void {
  if (typeof key.value === 'string') return;
  report.add(
    'PIPE_FIELD_TYPE',
    `a key of ${name} must be a text, found ${describe(key)}`,
    key,
    `write "${keyText(key)}"`,
  );
}

function checkText(node: YamlNode, shape: TextShape, name: string, report: Report): void {
  if (node.kind !== 'scalar' || typeof node.value !== 'string' || node.value.includes('${')) return;
  if (shape.pattern !== undefined && !new RegExp(shape.pattern).test(node.value)) {
    report.add('PIPE_FIELD_VALUE', `${name} must be ${shape.what ?? shape.pattern}`, node);
  }
  if (shape.oneOf !== undefined && !shape.oneOf.includes(node.value)) {
    const message = `${quoted(node.value)} is not known as ${name}`;
    report.add('PIPE_FIELD_VALUE', message, node, hintFor(node.value, shape.oneOf));
  }
}

function checkNumber(node: YamlNode, shape: NumberShape, name: string, report: Report): void {
  if (node.kind !== 'scalar') return;
  const value = Number(node.value);
  const { min = -Infinity, above = -Infinity } = shape;
  if (value >= min && value > above && value < Infinity) return;
  const limit = above > -Infinity ? `greater than ${String(above)}` : `at least ${String(min)}`;
  report.add('PIPE_FIELD_VALUE', `${name} must be ${limit}`, node);
}

function wrongKind(node: YamlNode, of: readonly Shape[], name: string, report: Report): void {
  const wanted = [...new Set(of.map(kindOf))].join(' or ');
  const hint =
    node.kind === 'scalar' && typeof node.value !== 'string' && node.value !== null && wanted.includes('text')
      ? 'put it in quotes'
      : undefined;
  report.add(
    'PIPE_FIELD_TYPE',
    `${name} must be ${wanted}, found ${describe(node)}`,
    node.kind === 'map' ? firstLine(node) : node,
    hint,
  );
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
