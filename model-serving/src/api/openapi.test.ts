import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, onTestFinished, test } from 'vitest';
import { buildApp } from '../app.ts';
import { halvingModel, writeModel } from '../fixture/model.ts';
import { isRecord } from '../model/field.ts';
import { loadModel } from '../model/load.ts';

type Json = Record<string, unknown>;

async function makeDocument() {
  const app = await buildApp({ model: await loadModel(await writeModel(halvingModel())) });
  onTestFinished(() => app.close());
  const document = (await app.inject('/openapi.json')).json<Json>();
  return { app, document };
}

function get(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((each, key) => (isRecord(each) ? each[key] : undefined), value);
}

/** `[method path, operation]` of every operation. */
function operations(document: Json): [string, Json][] {
  return Object.entries(document['paths'] as Json).flatMap(([path, item]) =>
    Object.entries(item as Json).map(([method, operation]): [string, Json] => [`${method} ${path}`, operation as Json]),
  );
}

function* walk(value: unknown): Generator<Json> {
  if (Array.isArray(value)) for (const each of value) yield* walk(each);
  if (!isRecord(value)) return;
  yield value;
  for (const each of Object.values(value)) yield* walk(each);
}

test('the document lists the routes of the service, and not its redirect and assets', async () => {
  const { document } = await makeDocument();
  expect(document['openapi']).toMatch(/^3\.1\./);
  expect(document['info']).toMatchObject({ title: 'Anomaly detection', version: '1.0.0' });
  expect(operations(document).map(([name]) => name)).toEqual(['get /status', 'get /v1/model', 'post /v1/score']);
});

test('every operation has a tag, a summary, a unique id and described responses', async () => {
  const { document } = await makeDocument();
  const tags = (document['tags'] as { name: string }[]).map(({ name }) => name);
  const ids = new Set<unknown>();
  for (const [, operation] of operations(document)) {
    expect(operation['summary']).toEqual(expect.any(String));
    expect(tags).toEqual(expect.arrayContaining(operation['tags'] as string[]));
    ids.add(operation['operationId']);
    for (const [status, response] of Object.entries(operation['responses'] as Json)) {
      expect(status).toMatch(/^[1-5]\d\d$/);
      expect(get(response, 'description')).toMatch(/./);
      expect(get(response, 'content', 'application/json', 'schema')).toBeDefined();
    }
  }
  expect(ids.size).toBe(operations(document).length);
});

test('every reference leads somewhere, and every schema is a valid JSON Schema', async () => {
  const { document } = await makeDocument();
  const ajv = new Ajv2020({ strict: false });
  for (const each of walk(document)) {
    const reference = each['$ref'];
    if (typeof reference === 'string') expect(get(document, ...reference.slice(2).split('/'))).toBeDefined();
    if (isRecord(each['schema'])) expect(ajv.validateSchema(each['schema'])).toBe(true);
  }
  expect(ajv.validateSchema(get(document, 'components', 'schemas', 'Error') as Json)).toBe(true);
});

test('every example is valid, and the example request gets the example answer', async () => {
  const { app, document } = await makeDocument();
  const ajv = new Ajv2020({ strict: false });
  let examples = 0;
  for (const { schema, example } of walk(document)) {
    if (!isRecord(schema) || example === undefined) continue;
    examples += 1;
    expect(ajv.validate(schema, example), ajv.errorsText()).toBe(true);
  }
  expect(examples).toBe(4);

  const operation = get(document, 'paths', '/v1/score', 'post');
  const request = get(operation, 'requestBody', 'content', 'application/json', 'example') as Json;
  const response = await app.inject({ method: 'POST', url: '/v1/score', payload: request });
  expect(response.json()).toEqual(get(operation, 'responses', '200', 'content', 'application/json', 'example'));
});

test('failures of scoring are described by the error schema', async () => {
  const { document } = await makeDocument();
  const responses = get(document, 'paths', '/v1/score', 'post', 'responses') as Json;
  for (const status of ['400', '413', '415', '422', '500']) {
    expect(get(responses[status], 'content', 'application/json', 'schema')).toEqual({
      $ref: '#/components/schemas/Error',
    });
  }
});
