import { mkdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  dense,
  exampleRows,
  halvingModel,
  makeFolder,
  sequential,
  writeModel,
  type FixtureModel,
} from '../fixture/model.ts';
import { ServeError } from '../problem.ts';
import { loadModel } from './load.ts';

/** The problems of a model folder, as `CODE message`, without the folder's path. */
async function problems(folder: string): Promise<string[]> {
  const error: unknown = await loadModel(folder).catch((reason: unknown) => reason);
  if (!(error instanceof ServeError)) throw new Error('the model was loaded', { cause: error });
  expect(error.problems.every(({ hint }) => hint !== undefined)).toBe(true);
  return error.problems.map(({ code, message }) => `${code} ${message.replaceAll(`${folder}/`, '')}`);
}

async function problemsOf(change: (fixture: FixtureModel) => void): Promise<string[]> {
  const fixture = halvingModel();
  change(fixture);
  return problems(await writeModel(fixture));
}

function setIn(value: unknown, path: string, to: unknown): void {
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  const parent = keys.reduce((each, key) => (each as Record<string, unknown>)[key], value) as Record<string, unknown>;
  if (to === undefined) Reflect.deleteProperty(parent, last);
  else parent[last] = to;
}

test('a published model is loaded and scores its example', async () => {
  const model = await loadModel(await writeModel(halvingModel()));
  const rows = { values: Float64Array.from(exampleRows.flat()), count: exampleRows.length };
  expect([...model.score(rows, '1')]).toEqual([0.5, 4]);
});

test('a model folder of symbolic links is loaded', async () => {
  const folder = await writeModel(halvingModel());
  const links = await makeFolder();
  for (const file of ['signature.json', 'model.json', 'weights.bin'])
    await symlink(join(folder, file), join(links, file));
  expect((await loadModel(links)).signature.name).toBe('halving');
});

test('a missing model is one problem that says how to get one', async () => {
  const folder = await makeFolder();
  await expect(loadModel(folder)).rejects.toMatchObject({
    problems: [{ code: 'SERVE_MODEL_MISSING', hint: 'run `npx pipe repro` first' }],
  });
  const published = await writeModel(halvingModel());
  await rm(join(published, 'weights.bin'));
  expect(await problems(published)).toEqual(['SERVE_MODEL_MISSING no published model: weights.bin is not there']);
});

test.each(['model.json', 'weights.bin'])('a changed byte in %s is found', async (file) => {
  const folder = await writeModel(halvingModel());
  const bytes = await readFile(join(folder, file));
  bytes[bytes.length - 2] = (bytes.at(-2) ?? 0) ^ 1;
  await writeFile(join(folder, file), bytes);
  const [problem] = await problems(folder);
  expect(problem).toContain(`SERVE_MODEL_DAMAGED ${file} is not the file that was published`);
});

test('a file that is no file, no JSON or far too large is refused before it is read', async () => {
  const folder = await writeModel(halvingModel());
  await truncate(join(folder, 'weights.bin'), 10 ** 9);
  expect(await problems(folder)).toEqual(['SERVE_MODEL_INVALID weights.bin has 1000000000 bytes, more than 67108864']);
  await rm(join(folder, 'model.json'));
  await symlink('/dev/zero', join(folder, 'model.json'));
  expect(await problems(folder)).toEqual(['SERVE_MODEL_INVALID model.json is not a file']);
  await writeFile(join(folder, 'signature.json'), '{');
  expect((await problems(folder))[0]).toContain('SERVE_MODEL_INVALID signature.json: is not JSON');
  await rm(join(folder, 'signature.json'));
  await mkdir(join(folder, 'signature.json'));
  expect(await problems(folder)).toEqual(['SERVE_MODEL_INVALID signature.json is not a file']);
});

test('all that is wrong with a signature is told at once', async () => {
  const found = await problemsOf(({ signature }) => {
    setIn(signature, 'threshold', null);
    setIn(signature, 'version', 'v1');
    setIn(signature, 'scaling.series.1.scale', [1, 0]);
    setIn(signature, 'scaling.default.mean', [1]);
    setIn(signature, 'score.rows', 'first');
    setIn(signature, 'name', undefined);
  });
  expect(found).toMatchInlineSnapshot(`
    [
      "SERVE_MODEL_INVALID signature.json: signature.name is missing: it must be a text",
      "SERVE_MODEL_INVALID signature.json: signature.version must be 12 hex digits",
      "SERVE_MODEL_INVALID signature.json: signature.scaling.series.1.scale[1] must be above 0",
      "SERVE_MODEL_INVALID signature.json: signature.scaling.default.mean must hold 2 values, it holds 1",
      "SERVE_MODEL_INVALID signature.json: signature.score.rows must be "last" or "all"",
      "SERVE_MODEL_INVALID signature.json: signature.threshold must be a number",
    ]
  `);
});

test.each([
  ['schema', 'pipe.signature/2', 'signature.schema must be "pipe.signature/1"'],
  ['name', '\u001b[2J', 'signature.name must not hold control characters'],
  ['name', 'x'.repeat(201), 'signature.name is longer than 200 characters'],
  ['input.features', ['a', '__proto__'], 'signature.input.features[1] must not be __proto__'],
  ['threshold', -1, 'signature.threshold must be at least 0'],
  ['threshold', 'NaN', 'signature.threshold must be a number'],
  ['input.window', 2.5, 'signature.input.window must be a whole number'],
  ['input.window', 10 ** 9, 'signature.input.window must be at most 10000'],
  ['input.features', ['a', 'a'], 'signature.input.features names a feature twice'],
  ['input.features', [], 'signature.input.features must hold 1 to 1000 values, it holds 0'],
  ['input.series', ['1', '2', '3'], 'signature.scaling.series lacks "3", which signature.input.series names'],
  ['input.series', ['1'], 'signature.scaling.series.2 is not one of signature.input.series'],
  ['scaling.kind', 'robust', 'signature.scaling.kind must be "standard"'],
  ['example.series', '7', 'signature.example.series is not a known series'],
  ['example.scores', [1], 'signature.example.scores must hold 2 values, it holds 1'],
  ['example.rows', [[1, 2]], 'signature.example.rows must hold 3 to 20000 values, it holds 1'],
  ['model', { format: 'tfjs-layers', file: '../model.json' }, 'signature.model.file must be "model.json"'],
  [
    'provenance',
    JSON.parse('[{"a":'.repeat(9) + '1' + '}]'.repeat(9)) as unknown,
    'signature.provenance must be an object',
  ],
  [
    'metrics',
    JSON.parse('{"a":'.repeat(99) + '1' + '}'.repeat(99)) as unknown,
    'signature.metrics is nested deeper than 16',
  ],
])('a signature whose %s is %j is refused', async (path, value, message) => {
  const found = await problemsOf(({ signature }) => {
    setIn(signature, path, value);
  });
  expect(found).toContain(`SERVE_MODEL_INVALID signature.json: ${message}`);
});

test('weights are found by name, whatever their order', async () => {
  const fixture = halvingModel();
  fixture.weights.reverse();
  await expect(loadModel(await writeModel(fixture))).resolves.toBeDefined();
});

test.each<[string, (fixture: FixtureModel) => void, string]>([
  [
    'a weight is missing',
    ({ weights }) => weights.pop(),
    'model.modelTopology.config.layers[0].config has no weight "half/bias"',
  ],
  [
    'a weight is left over',
    ({ weights }) => weights.push({ name: 'other/bias', shape: [1], values: [1] }),
    'model.modelTopology has no layer for the weight "other/bias"',
  ],
  [
    'a weight has another shape',
    ({ weights }) => (weights[0] = { name: 'half/kernel', shape: [4, 9], values: Array<number>(36).fill(0) }),
    'model.modelTopology.config.layers[0].config needs "half/kernel" of shape [6, 6], it is [4, 9]',
  ],
  [
    'the weights end early',
    ({ weights }) => (weights[1] = { name: 'half/bias', shape: [6], values: [0] }),
    'model.weightsManifest[0].weights[1] reaches past the end of weights.bin',
  ],
  [
    'weights.bin is too long',
    ({ weights }) => (weights[1] = { name: 'half/bias', shape: [6], values: Array<number>(8).fill(0) }),
    'model.weightsManifest leaves 8 bytes of weights.bin over',
  ],
  [
    'a weight is not a number',
    ({ weights }) => (weights[1] = { name: 'half/bias', shape: [6], values: Array<number>(6).fill(NaN) }),
    'model.weightsManifest[0].weights[1] holds a value that is not a finite number',
  ],
  [
    'a shape is absurd',
    ({ weights }) => (weights[1] = { name: 'half/bias', shape: [2 ** 24, 2 ** 24], values: [] }),
    'model.weightsManifest[0].weights[1] reaches past the end of weights.bin',
  ],
  [
    'the input is of another width',
    (fixture) => (fixture.topology = sequential([dense('half', 6, { batch_input_shape: [null, 8] })])),
    'model.modelTopology.config.layers[0].config.batch_input_shape says 8 values, it gets 6 (a window of all features)',
  ],
  [
    'the output is of another width',
    (fixture) => {
      fixture.topology = sequential([dense('half', 2, { use_bias: false })]);
      fixture.weights = [{ name: 'half/kernel', shape: [6, 2], values: Array<number>(12).fill(0) }];
    },
    'model gives 2 values for a window of 6',
  ],
  [
    'a layer is of an unknown type',
    (fixture) => (fixture.topology = sequential([{ class_name: 'LSTM', config: { name: 'lstm' } }])),
    'model.modelTopology.config.layers[0] is of type "LSTM"; this service runs Activation, AlphaDropout, ' +
      'BatchNormalization, Dense, Dropout, GaussianDropout, GaussianNoise, InputLayer',
  ],
  [
    'an activation is unknown',
    (fixture) => (fixture.topology = sequential([dense('half', 6, { activation: 'constructor' })])),
    'model.modelTopology.config.layers[0].config.activation is "constructor"; this service runs elu, gelu, gelu_new, ' +
      'linear, relu, selu, sigmoid, softplus, swish, tanh',
  ],
  [
    'the topology is not sequential',
    (fixture) => (fixture.topology = { class_name: 'Functional', config: {} }),
    'model.modelTopology.class_name must be "Sequential"',
  ],
])('a model is refused when %s', async (_name, change, message) => {
  expect(await problemsOf(change)).toContain(`SERVE_MODEL_INVALID model.json: ${message}`);
});

test('a model that does not give the scores of its example is refused', async () => {
  const found = await problemsOf(({ signature }) => {
    setIn(signature, 'example.scores', [0.5, 4.001]);
  });
  expect(found).toEqual([
    'SERVE_SELF_TEST_FAILED signature.json: row 3 of its example should score 4.001, the model gives 4',
  ]);
});

test('a float32 rounding in the scores of the example is no difference', async () => {
  const fixture = halvingModel();
  setIn(fixture.signature, 'example.scores', [0.5 + 2e-5, 4 - 2e-4]);
  await expect(loadModel(await writeModel(fixture))).resolves.toBeDefined();
});
