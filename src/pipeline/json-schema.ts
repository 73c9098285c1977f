import { PIPELINE } from './schema.ts';
import type { Field, NumberShape, RecordShape, Shape, TextShape } from './shape.ts';

/** A JSON Schema, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The JSON Schema (draft 2020-12) of pipeline.yaml: `schema/pipeline.schema.json` holds it for editors. */
export function pipelineJsonSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'pipeline.yaml',
    description: 'Stages of a pipeline: what they run, what they read and what they make. A superset of dvc.yaml.',
    anyOf: [{ type: 'null' }, jsonSchema(PIPELINE)],
  };
}

/** The JSON Schema of one shape. */
function jsonSchema(shape: Shape): JsonSchema {
  switch (shape.type) {
    case 'any':
      return {};
    case 'bool':
      return { type: 'boolean' };
    case 'null':
      return { type: 'null' };
    case 'map-of-any':
      return { type: 'object' };
    case 'list-of-any':
      return { type: 'array' };
    case 'text':
      return textSchema(shape);
    case 'number':
    case 'integer':
      return numberSchema(shape);
    case 'list':
      return { type: 'array', items: jsonSchema(shape.items) };
    case 'map':
      return {
        type: 'object',
        additionalProperties: jsonSchema(shape.values),
        ...(shape.notEmpty === true ? { minProperties: 1 } : {}),
      };
    case 'record':
      return recordSchema(shape);
    case 'either':
      return { anyOf: shape.of.map(jsonSchema) };
    case 'branch':
      return {
        if: { type: 'object', anyOf: shape.on.map((key) => ({ required: [key] })) },
        then: jsonSchema(shape.then),
        else: jsonSchema(shape.else),
      };
  }
}

/** A text with a `${…}` may stand wherever a text is wanted: what it becomes is checked after substitution. */
const TEMPLATE = { pattern: '\\$\\{' };

function textSchema({ pattern, oneOf, what }: TextShape): JsonSchema {
  const description = what === undefined ? {} : { description: what };
  if (pattern !== undefined) return { type: 'string', ...description, anyOf: [{ pattern }, TEMPLATE] };
  if (oneOf !== undefined) return { type: 'string', ...description, anyOf: [{ enum: oneOf }, TEMPLATE] };
  return { type: 'string' };
}

function numberSchema({ type, min, above }: NumberShape): JsonSchema {
  return {
    type,
    ...(min === undefined ? {} : { minimum: min }),
    ...(above === undefined ? {} : { exclusiveMinimum: above }),
  };
}

function recordSchema({ fields }: RecordShape): JsonSchema {
  const entries = Object.entries(fields);
  const required = entries.filter(([, field]) => field.required === true).map(([name]) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, field]) => [name, fieldSchema(field)])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

function fieldSchema({ shape, doc, ours }: Field): JsonSchema {
  return { description: ours === true ? `${doc} Not a field of dvc.yaml.` : doc, ...jsonSchema(shape) };
}
