import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';
import { readYaml } from '../kit/format/yaml/read.ts';
import { checkShape } from './check.ts';
import { pipelineJsonSchema } from './json-schema.ts';
import { Report } from './report.ts';
import { PIPELINE } from './schema.ts';
import type { Fields, Shape } from './shape.ts';

const FILE = join(import.meta.dirname, '../../schema/pipeline.schema.json');

const validate = new Ajv2020({ strict: false, allErrors: true }).compile(pipelineJsonSchema());

/** Whether the parser's checker accepts a document: JSON is YAML too. */
function accepts(document: unknown): boolean {
  const text = JSON.stringify(document);
  const report = new Report({ file: 'pipeline.yaml', text });
  const { root, problems } = readYaml(report.source);
  expect(problems).toEqual([]);
  if (root !== undefined && document !== null) checkShape(root, PIPELINE, { dialect: 'pipe', report });
  return report.problems.length === 0;
}

test('schema/pipeline.schema.json is what the table of fields says', async () => {
  const text = await format(JSON.stringify(pipelineJsonSchema()), { ...(await resolveConfig(FILE)), filepath: FILE });
  expect(await readFile(FILE, 'utf8')).toBe(text);
});

test('a document that fits the table is accepted by the JSON Schema and by the parser', () => {
  fc.assert(
    fc.property(fitting(PIPELINE, 0), (document) => {
      expect(validate(document), JSON.stringify(validate.errors)).toBe(true);
      expect(accepts(document)).toBe(true);
    }),
    { numRuns: 400 },
  );
});

test('of a document with a fault the JSON Schema and the parser think the same', () => {
  let refused = 0;
  fc.assert(
    fc.property(fitting(PIPELINE, 0), fc.nat(), fc.nat(), (document, where, how) => {
      const broken = breakOne(document, where, how);
      const verdict = validate(broken);
      if (!verdict) refused++;
      expect(accepts(broken)).toBe(verdict);
    }),
    { numRuns: 1500 },
  );
  expect(refused).toBeGreaterThan(300);
});

/** Documents that fit a shape. Keys that editors would offer come often, so that every field is met. */
function fitting(shape: Shape, depth: number): fc.Arbitrary<unknown> {
  switch (shape.type) {
    case 'any':
      return fc.constantFrom<unknown>(null, 1, 'x', [1], { a: true });
    case 'bool':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'map-of-any':
      return fc.dictionary(word, fc.constantFrom<unknown>(1, 'v', [2]), { maxKeys: 2 });
    case 'list-of-any':
      return fc.array(fc.constantFrom<unknown>(1, 'v', { a: 1 }), { maxLength: 3 });
    case 'text':
      return fittingText(shape);
    case 'number':
      return fc.double({ min: (shape.above ?? shape.min ?? 0) + 0.5, max: 1e6, noNaN: true });
    case 'integer':
      return fc.integer({ min: shape.min ?? 0, max: 1000 });
    case 'list':
      return fc.array(fitting(shape.items, depth + 1), { maxLength: 2 });
    case 'map':
      return fc.dictionary(word, fitting(shape.values, depth + 1), { minKeys: shape.notEmpty ? 1 : 0, maxKeys: 2 });
    case 'record':
      return fittingRecord(shape.fields, depth);
    case 'either':
      return fc.oneof(...shape.of.map((each) => fitting(each, depth)));
    case 'branch':
      return fc.oneof(fitting(shape.then, depth), fitting(shape.else, depth));
  }
}

const word = fc.constantFrom('a', 'b', 'train', 'file.json', 'A_B', '__proto__x', 'do it');

function fittingText(shape: Extract<Shape, { type: 'text' }>): fc.Arbitrary<string> {
  const samples = ['a.b', '${x}', '90s', '1h30m', '4GB', '512 MiB', 'NAME', '_x1', 'local', '', 'ü 😀', '12', '1.5'];
  const { pattern, oneOf } = shape;
  const fits = (text: string): boolean =>
    text.includes('${') ||
    ((pattern === undefined || new RegExp(pattern).test(text)) && (oneOf?.includes(text) ?? true));
  return fc.constantFrom(...samples.filter(fits));
}

function fittingRecord(fields: Fields, depth: number): fc.Arbitrary<unknown> {
  const requiredKeys = Object.keys(fields).filter((name) => fields[name]?.required === true);
  const model = Object.fromEntries(
    Object.entries(fields).map(([name, { shape }]) => [name, fitting(shape, depth + 1)]),
  );
  return fc.record(model, { requiredKeys });
}

const STRANGE: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  '',
  'text',
  '90 parsecs',
  '1 NAME',
  [],
  ['x'],
  [1],
  {},
  { zz: 1 },
  { path: 'p' },
  [[]],
];

/** Replaces, adds or removes one thing somewhere in a document. */
function breakOne(document: unknown, where: number, how: number): unknown {
  const copy = structuredClone({ root: document });
  const places: { readonly parent: Record<string, unknown>; readonly key: string }[] = [];
  const collect = (parent: unknown): void => {
    if (typeof parent !== 'object' || parent === null) return;
    for (const key of Object.keys(parent)) {
      places.push({ parent: parent as Record<string, unknown>, key });
      collect((parent as Record<string, unknown>)[key]);
    }
  };
  collect(copy);
  const place = places[where % places.length];
  if (place === undefined) return copy.root;
  const { parent, key } = place;
  const action = how % (STRANGE.length + 2);
  if (action < STRANGE.length) parent[key] = STRANGE[action];
  else if (Array.isArray(parent) || parent === copy) parent[key] = { unknown: 1 };
  else if (action === STRANGE.length) Reflect.deleteProperty(parent, key);
  else parent[`${key}x`] = parent[key];
  return copy.root;
}
