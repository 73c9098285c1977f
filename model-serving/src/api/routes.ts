import type { FastifyInstance } from 'fastify';
import { toRows, type Model } from '../model/model.ts';
import { describeModel, modelSchema } from './describe.ts';
import { scoreRows } from './score.ts';
import { readScoreRequest } from './score-request.ts';
import { scoreBodySchema, scoreResultSchema } from './score-schema.ts';

const failure = (description: string) => ({ description, $ref: 'Error#' });

/** Adds the routes that work on the model, and `GET /status`. */
export function addRoutes(app: FastifyInstance, model: Model): void {
  const { name, version, example } = model.signature;

  const status = { status: 'Service is available', model: { name, version } };
  app.get('/status', { schema: statusSchema(status) }, () => status);

  const description = describeModel(model);
  app.get('/v1/model', { schema: describeSchema(description) }, () => description);

  const result = scoreRows(model, { rows: toRows(example.rows), series: example.series });
  app.post(
    '/v1/score',
    {
      schema: scoreSchema(model, result),
      // The schema is for readers; `readScoreRequest` checks the same and says it better.
      validatorCompiler: () => () => true,
    },
    (request) => scoreRows(model, readScoreRequest(request.body, model)),
  );
}

function statusSchema(example: object) {
  return {
    tags: ['Service'],
    operationId: 'getStatus',
    summary: 'Whether the service is available',
    response: {
      200: {
        description: 'It is.',
        type: 'object',
        required: ['status', 'model'],
        properties: {
          status: { type: 'string', enum: ['Service is available'] },
          model: {
            type: 'object',
            required: ['name', 'version'],
            properties: { name: { type: 'string' }, version: { type: 'string' } },
          },
        },
        examples: [example],
      },
    },
  };
}

function describeSchema(example: object) {
  return {
    tags: ['Model'],
    operationId: 'getModel',
    summary: 'What the published model takes, how it scores, and where it comes from',
    response: { 200: { description: 'The public part of its signature.', ...modelSchema, examples: [example] } },
  };
}

function scoreSchema(model: Model, example: object) {
  return {
    tags: ['Model'],
    operationId: 'scoreRows',
    summary: 'Score rows and flag anomalies',
    description: 'Nothing is stored. For a stream, begin each request with the last rows of the one before.',
    body: scoreBodySchema(model),
    response: {
      200: { description: 'The scores.', ...scoreResultSchema, examples: [example] },
      400: failure('The body is not JSON.'),
      413: failure('The body is too large.'),
      415: failure('The body is of another media type.'),
      422: failure('The body is JSON, but not rows that this model takes.'),
      500: failure('A bug of the service.'),
    },
  };
}
