import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { chooseBackend } from '../src/backend/backend.ts';
import { prepare } from '../src/prepare/prepare.ts';
import { silent } from '../src/progress.ts';
import { publish, publishedMetrics } from '../src/publish/publish.ts';
import type { Signature } from '../src/publish/signature.ts';
import { saveTrained, trainDetector } from '../src/training/trained.ts';
import { sineDataset } from './sine.ts';

const metrics = Object.fromEntries(publishedMetrics.map((name, at) => [name, at / 10]));
const prepared = prepare(sineDataset({ rows: [400, 500] }), {
  train: 0.35,
  validation: 0.1,
  window: 12,
  stepSeconds: 5,
});
let folder = '';

beforeAll(async () => {
  await chooseBackend();
  folder = await mkdtemp(path.join(tmpdir(), 'published-'));
});

afterAll(() => rm(folder, { recursive: true }));

async function publishKind(kind: string, options: Record<string, unknown>) {
  const from = path.join(folder, kind);
  const { train, validation } = prepared;
  const common = { kind, options, seed: 1, quantile: 0.999, backend: 'wasm', progress: silent };
  await saveTrained(from, await trainDetector({ ...common, train, validation }));
  const to = path.join(folder, `${kind}-served`);
  await publish({ from, to, name: 'waves', units: { humidity: '%' }, manifest: prepared.manifest, metrics });
  return to;
}

const dense = {
  units: [8, 3],
  activation: 'relu',
  rows: 'last',
  epochs: 5,
  batchSize: 32,
  learningRate: 0.01,
  patience: 4,
  minDelta: 0,
};

interface ModelJson {
  readonly modelTopology: {
    readonly config: { readonly layers: { readonly config: { readonly activation?: string } }[] };
  };
  readonly weightsManifest: { readonly weights: { readonly shape: number[]; readonly dtype: string }[] }[];
}

it('a reader that knows the documented format alone reproduces the example score', async () => {
  const to = await publishKind('dense-ae', dense);
  const signature = JSON.parse(await readFile(path.join(to, 'signature.json'), 'utf8')) as Signature;
  const model = JSON.parse(await readFile(path.join(to, signature.model.file), 'utf8')) as ModelJson;
  const bytes = await readFile(path.join(to, signature.model.weights));
  const floats = Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
  const { mean, scale } = signature.scaling.series[signature.example.series] ?? signature.scaling.default;
  const input = signature.example.rows.flatMap((row) =>
    row.map((value, at) => (value - (mean[at] ?? 0)) / (scale[at] ?? 1)),
  );
  const activations = model.modelTopology.config.layers.flatMap(({ config }) => config.activation ?? []);
  let values = input;
  for (const activation of activations) {
    const units = nextShape(model)[1] ?? 0;
    const kernel = floats.splice(0, values.length * units);
    const bias = floats.splice(0, units);
    const sums = bias.map((start, unit) =>
      values.reduce((sum, one, at) => sum + one * (kernel[at * units + unit] ?? 0), start),
    );
    values = activation === 'relu' ? sums.map((one) => Math.max(0, one)) : sums;
  }
  const last = signature.input.features.length;
  const errors = values.map((one, at) => (one - (input[at] ?? 0)) ** 2).slice(-last);
  const score = errors.reduce((sum, one) => sum + one, 0) / last;
  expect(score / (signature.example.scores[0] ?? 0)).toBeCloseTo(1, 4);
  expect(floats).toHaveLength(0);
});

/** Takes the next kernel's shape off the manifest, with the bias that follows it. */
function nextShape(model: ModelJson): number[] {
  const [kernel] = model.weightsManifest[0]?.weights.splice(0, 2) ?? [];
  return kernel?.shape ?? [];
}

it('the version is a digest of the model’s two files, and publishing again changes no byte', async () => {
  const to = await publishKind('dense-ae', dense);
  const files = await Promise.all(
    ['model.json', 'weights.bin', 'signature.json'].map((file) => readFile(path.join(to, file))),
  );
  const signature = JSON.parse(String(files[2])) as Signature;
  const hash = createHash('sha256')
    .update(files[0] ?? '')
    .update(files[1] ?? '');
  expect(signature.version).toBe(hash.digest('hex').slice(0, 12));
  expect(signature.metrics).toEqual(metrics);
  await publishKind('dense-ae', dense);
  expect(await readFile(path.join(to, 'signature.json'))).toEqual(files[2]);
});

it('a detector that is no layers model is not published', async () => {
  await expect(publishKind('pca', { variance: 0.9, rows: 'all' })).rejects.toThrow('cannot be published');
});
