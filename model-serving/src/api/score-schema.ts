import type { Model } from '../model/model.ts';

/** The JSON Schema of `POST /v1/score`, made from the model: its features, window, series and limits. */
export function scoreBodySchema({ signature, maxRows }: Model) {
  const { features, window, series, units } = signature.input;
  const feature = (name: string) => {
    const unit = Object.hasOwn(units, name) ? units[name] : undefined;
    return { type: 'number', ...(typeof unit === 'string' && { description: `In ${unit}.` }) };
  };
  return {
    type: 'object',
    additionalProperties: false,
    required: ['rows'],
    properties: {
      rows: {
        type: 'array',
        description: `Rows in time order, without gaps. A row is scored when it ends a full window of ${String(window)}.`,
        minItems: window,
        maxItems: maxRows,
        items: {
          anyOf: [
            {
              title: 'in order',
              type: 'array',
              description: `The values of ${features.join(', ')}, in this order.`,
              minItems: features.length,
              maxItems: features.length,
              items: { type: 'number' },
            },
            {
              title: 'by name',
              type: 'object',
              additionalProperties: false,
              required: [...features],
              properties: Object.fromEntries(features.map((name) => [name, feature(name)])),
            },
          ],
        },
      },
      ...(series.length > 0 && {
        series: {
          type: 'string',
          description: 'Whose scaling to use; without it, the default scaling of the model.',
          enum: [...series],
        },
      }),
    },
    examples: [exampleRequest(signature.example)],
  };
}

/** The JSON Schema of the answer. */
export const scoreResultSchema = {
  type: 'object',
  required: ['model', 'series', 'threshold', 'flagged', 'rows'],
  properties: {
    model: {
      type: 'object',
      required: ['name', 'version'],
      properties: { name: { type: 'string' }, version: { type: 'string' } },
    },
    series: { type: ['string', 'null'], description: 'Whose scaling was used; null for the default scaling.' },
    threshold: { type: 'number', description: 'A row is flagged when its score is above this.' },
    flagged: { type: 'integer', description: 'How many rows are flagged.' },
    rows: {
      type: 'array',
      description: 'One entry per scored row, in the order of the request.',
      items: {
        type: 'object',
        required: ['index', 'score', 'flag'],
        properties: {
          index: { type: 'integer', description: 'Position in the rows of the request, from 0.' },
          score: { type: 'number', description: 'Mean squared error of the reconstruction, in scaled units.' },
          flag: { type: 'boolean', description: 'Whether the row is an anomaly.' },
        },
      },
    },
  },
} as const;

/** The signature's example in the form of a request. */
function exampleRequest({ rows, series }: Model['signature']['example']) {
  return { rows, ...(series !== undefined && { series }) };
}
