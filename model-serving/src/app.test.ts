import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { onTestFinished, expect, test } from 'vitest';
import { buildApp } from './app.ts';
import type { ErrorBody } from './api/error.ts';
import { exampleRows, halvingModel, writeModel } from './fixture/model.ts';
import { loadModel } from './model/load.ts';

async function makeApp(change: (signature: Record<string, unknown>) => void = () => undefined) {
  const fixture = halvingModel();
  change(fixture.signature);
  const app = await buildApp({ model: await loadModel(await writeModel(fixture)) });
  onTestFinished(() => app.close());
  return app;
}

function score(app: FastifyInstance, body: unknown) {
  const payload = typeof body === 'string' ? body : JSON.stringify(body);
  return app.inject({ method: 'POST', url: '/v1/score', payload, headers: { 'content-type': 'application/json' } });
}

async function messages(app: FastifyInstance, body: unknown): Promise<string[]> {
  const response = await score(app, body);
  expect(response.statusCode).toBe(422);
  const { code, details } = response.json<ErrorBody>();
  expect(code).toBe('REQUEST_INVALID');
  return details.map(({ path, message }) => `${path} ${message}`);
}

test('GET /status says that the service is available, and with which model', async () => {
  const response = await (await makeApp()).inject('/status');
  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual({
    status: 'Service is available',
    model: { name: 'halving', version: '0123456789ab' },
  });
});

test('GET / leads to the documentation', async () => {
  const response = await (await makeApp()).inject('/');
  expect(response.statusCode).toBe(301);
  expect(response.headers.location).toBe('/docs');
});

test('GET /docs is a page whose scripts and styles all come from the service', async () => {
  const app = await makeApp();
  const page = await app.inject('/docs');
  expect(page.statusCode).toBe(200);
  expect(page.headers['content-security-policy']).toContain("default-src 'self'");
  const assets = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '');
  expect(assets.length).toBeGreaterThan(4);
  for (const path of assets) {
    expect(path).toMatch(/^\/docs\/static\//);
    expect((await app.inject(path)).statusCode).toBe(200);
  }
  expect((await app.inject('/docs/json')).json()).toEqual((await app.inject('/openapi.json')).json());
});

test('GET /v1/model tells the public part of the signature and the limits', async () => {
  const body = (await (await makeApp()).inject('/v1/model')).json<Record<string, unknown>>();
  expect(body).toMatchObject({
    name: 'halving',
    input: { features: ['humidity', 'temperature'], window: 3, series: ['1', '2'], units: { humidity: '%' } },
    threshold: 1,
    thresholdRule: { kind: 'quantile' },
    limits: { minRows: 3, maxRows: 10_000 },
    provenance: { source: 'made by hand' },
  });
  expect(body).not.toHaveProperty('scaling');
});

test('every row that ends a full window is scored, and flagged above the threshold', async () => {
  const response = await score(await makeApp(), { rows: exampleRows, series: '1' });
  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual({
    model: { name: 'halving', version: '0123456789ab' },
    series: '1',
    threshold: 1,
    flagged: 1,
    rows: [
      { index: 2, score: 0.5, flag: false },
      { index: 3, score: 4, flag: true },
    ],
  });
});

test('a score equal to the threshold is no anomaly', async () => {
  const app = await makeApp((signature) => (signature['threshold'] = 0.5));
  expect((await score(app, { rows: exampleRows.slice(0, 3), series: '1' })).json()).toMatchObject({ flagged: 0 });
});

test('rows by feature name, in any order of keys, score as rows in order', async () => {
  const app = await makeApp();
  const rows = exampleRows.map(([humidity, temperature]) => ({ temperature, humidity }));
  expect((await score(app, { rows, series: '1' })).json()).toEqual(
    (await score(app, { rows: exampleRows, series: '1' })).json(),
  );
});

test('series picks the scaling, and without it the default scaling is used', async () => {
  const app = await makeApp();
  const rows = [...exampleRows.slice(0, 2), [55, 25]];
  const scores = async (series?: string) => (await score(app, { rows, series })).json<object>();
  expect(await scores('1')).toMatchObject({ series: '1', rows: [{ score: (0.5 ** 2 + 1) / 8 }] });
  expect(await scores('2')).toMatchObject({ series: '2', rows: [{ score: (3 ** 2 + 3 ** 2) / 8 }] });
  expect(await scores()).toMatchObject({ series: null, rows: [{ score: 2 / 8 }] });
});

test('the score is over the whole window when the signature says so', async () => {
  const fixture = halvingModel();
  fixture.signature['score'] = { kind: 'reconstruction-error', rows: 'all', reduce: 'mse' };
  fixture.signature['example'] = { rows: exampleRows, series: '1', scores: [5 / 24, 37 / 24] };
  const model = await loadModel(await writeModel(fixture));
  expect(model.score({ values: Float64Array.from(exampleRows.flat()), count: 4 }, '1')[0]).toBeCloseTo(5 / 24, 12);
});

test('an unknown series is refused with the names of the known ones', async () => {
  expect(await messages(await makeApp(), { rows: exampleRows, series: '9' })).toEqual([
    '/series is the text "9"; known are "1", "2"; leave it out for the default scaling',
  ]);
});

test('all that is wrong with a request is told at once, with its place', async () => {
  const rows = [[1, 2], [1], [1, '2'], [null, true], { humidity: 1, 'a/b': 2 }, 7, [[1], {}]];
  expect(await messages(await makeApp(), { rows, serie: '1', series: 1 })).toMatchInlineSnapshot(`
    [
      "/serie is not known; known are "rows" and "series"",
      "/series is 1; known are "1", "2"; leave it out for the default scaling",
      "/rows/1 must hold 2 numbers (humidity, temperature), it holds 1",
      "/rows/2/1 must be a finite number, it is the text "2"",
      "/rows/3/0 must be a finite number, it is null",
      "/rows/3/1 must be a finite number, it is true",
      "/rows/4/a~1b is not a feature; features are humidity, temperature",
      "/rows/4 lacks "temperature"",
      "/rows/5 must be a list of numbers or an object by feature name, it is 7",
      "/rows/6/0 must be a finite number, it is a list",
      "/rows/6/1 must be a finite number, it is an object",
    ]
  `);
});

test('a request of the wrong form or size is refused', async () => {
  const app = await makeApp();
  expect(await messages(app, [])).toEqual([' must be an object with "rows", it is a list']);
  expect(await messages(app, {})).toEqual(['/rows is missing: a list of rows']);
  expect(await messages(app, { rows: 'x' })).toEqual(['/rows must be a list, it is the text "x"']);
  expect(await messages(app, { rows: exampleRows.slice(0, 2) })).toEqual([
    '/rows must hold at least 3 rows (one window), it holds 2',
  ]);
  expect(await messages(app, { rows: Array(10_001).fill([1, 2]) })).toEqual([
    '/rows must hold at most 10000 rows, it holds 10001',
  ]);
  expect(await messages(app, { rows: Array(9_000).fill(['x', 2]) })).toHaveLength(20);
});

test('numbers that are not finite, or too large to score, are refused', async () => {
  const app = await makeApp();
  expect(await messages(app, '{"rows":[[1,2],[1,2],[1,1e999]]}')).toEqual([
    '/rows/2/1 must be a finite number, it is Infinity',
  ]);
  expect(
    await messages(app, {
      rows: [
        [1, 2],
        [1, 2],
        [1, 1e300],
      ],
    }),
  ).toEqual(['/rows/2 ends a window with values too large to score']);
  expect((await score(app, '{"rows":[[1,2],[1,2],[1,NaN]]}')).json()).toMatchObject({ code: 'REQUEST_MALFORMED' });
});

test.each([
  { what: 'broken JSON', body: '{"rows":', status: 400, code: 'REQUEST_MALFORMED' },
  { what: 'an empty body', body: '', status: 400, code: 'REQUEST_MALFORMED' },
  { what: 'a polluting key', body: '{"rows":[],"__proto__":{"series":"1"}}', status: 400, code: 'REQUEST_MALFORMED' },
  { what: 'a huge body', body: `{"rows":[${' '.repeat(5_000_000)}]}`, status: 413, code: 'BODY_TOO_LARGE' },
])('$what gets a JSON error', async ({ body, status, code }) => {
  const response = await score(await makeApp(), body);
  expect(response.statusCode).toBe(status);
  expect(response.headers['content-type']).toContain('application/json');
  const { message, hint, ...rest } = response.json<ErrorBody>();
  expect(rest).toEqual({ code, details: [] });
  expect(message).toMatch(/./);
  expect(hint).toMatch(/./);
});

test('unknown routes, methods and media types get a JSON error', async () => {
  const app = await makeApp();
  const unknown = await app.inject('/v2/score?x=1');
  expect([unknown.statusCode, unknown.json()]).toMatchObject([404, { code: 'ROUTE_UNKNOWN' }]);
  const method = await app.inject('/v1/score');
  expect([method.statusCode, method.headers.allow, method.json()]).toMatchObject([
    405,
    'POST',
    { code: 'METHOD_NOT_ALLOWED', message: '/v1/score does not take GET' },
  ]);
  const media = await app.inject({
    method: 'POST',
    url: '/v1/score',
    payload: 'a,b',
    headers: { 'content-type': 'text/csv' },
  });
  expect([media.statusCode, media.json()]).toMatchObject([415, { code: 'MEDIA_TYPE_UNSUPPORTED' }]);
  const url = await app.inject('/%c0');
  expect([url.statusCode, url.json()]).toMatchObject([400, { code: 'REQUEST_MALFORMED' }]);
});

test('the published schema of a request accepts what the service accepts, and nothing else', async () => {
  const app = await makeApp();
  const document = app.swagger() as unknown as {
    paths: Record<string, { post: { requestBody: { content: Record<string, { schema: object }> } } }>;
  };
  const schema = document.paths['/v1/score']?.post.requestBody.content['application/json']?.schema ?? {};
  const valid = new Ajv2020({ strict: false }).compile(schema);
  const value = fc.oneof(
    { weight: 9, arbitrary: fc.double({ min: -1e6, max: 1e6, noNaN: true }) },
    fc.constantFrom(null, '1', true, []),
  );
  const row = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(value, value) },
    { weight: 4, arbitrary: fc.record({ humidity: value, temperature: value }) },
    { weight: 1, arbitrary: fc.array(value, { maxLength: 3 }) },
    { weight: 1, arbitrary: fc.record({ humidity: value, pressure: value }, { requiredKeys: [] }) },
  );
  const body = fc.record(
    { rows: fc.array(row, { minLength: 2, maxLength: 5 }), series: fc.constantFrom('1', '2', '3', null), more: value },
    { requiredKeys: ['rows'] },
  );
  const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  const sound = fc.record({ rows: fc.array(fc.tuple(number, number), { minLength: 2, maxLength: 5 }) });
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(fc.oneof(body, sound), async (each) => {
      const { statusCode } = await score(app, each);
      seen.add(statusCode);
      expect(statusCode).toBe(valid(each) ? 200 : 422);
    }),
  );
  expect([...seen].sort()).toEqual([200, 422]);
});
