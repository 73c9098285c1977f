import type { Model } from '../model/model.ts';

/** What `GET /v1/model` tells: the signature without scaling constants and file digests, and the service's limits. */
export function describeModel({ signature, maxRows }: Model) {
  const { name, detector, version, input, scoredRows, threshold, thresholdRule, metrics, provenance } = signature;
  return {
    name,
    detector,
    version,
    input,
    score: { kind: 'reconstruction-error', rows: scoredRows, reduce: 'mse' },
    threshold,
    thresholdRule,
    limits: { minRows: input.window, maxRows },
    metrics,
    provenance,
  };
}

/** The JSON Schema of `describeModel`. */
export const modelSchema = {
  type: 'object',
  required: [
    'name',
    'detector',
    'version',
    'input',
    'score',
    'threshold',
    'thresholdRule',
    'limits',
    'metrics',
    'provenance',
  ],
  properties: {
    name: { type: 'string' },
    detector: { type: 'string', description: 'The kind of detector.' },
    version: { type: 'string', description: 'The first 12 hex digits of a SHA-256 over the published model.' },
    input: {
      type: 'object',
      required: ['features', 'units', 'window', 'series'],
      properties: {
        features: { type: 'array', items: { type: 'string' }, description: 'The values of a row, in order.' },
        units: { type: 'object', additionalProperties: true },
        window: { type: 'integer', description: 'Rows that the model looks at to score one.' },
        series: { type: 'array', items: { type: 'string' }, description: 'Series with a scaling of their own.' },
      },
    },
    score: {
      type: 'object',
      required: ['kind', 'rows', 'reduce'],
      properties: {
        kind: { type: 'string' },
        rows: { type: 'string', enum: ['last', 'all'] },
        reduce: { type: 'string' },
      },
    },
    threshold: { type: 'number' },
    thresholdRule: { type: 'object', additionalProperties: true, description: 'How the threshold was chosen.' },
    limits: {
      type: 'object',
      required: ['minRows', 'maxRows'],
      properties: { minRows: { type: 'integer' }, maxRows: { type: 'integer' } },
    },
    metrics: { type: 'object', additionalProperties: true, description: 'As measured when the model was evaluated.' },
    provenance: {
      type: 'object',
      additionalProperties: true,
      description: 'Data, code and settings behind the model.',
    },
  },
} as const;
