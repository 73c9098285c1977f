import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { memory, ready } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseBackend } from '../src/backend/backend.ts';
import { denseAe } from '../src/detector/dense-ae.ts';
import { detectorKind, detectorNames } from '../src/detector/registry.ts';
import { evaluate } from '../src/evaluate/evaluate.ts';
import { prepare } from '../src/prepare/prepare.ts';
import { silent } from '../src/progress.ts';
import { earlyStopping } from '../src/training/early-stopping.ts';
import { loadTrained, saveTrained, trainDetector } from '../src/training/trained.ts';
import { sineDataset } from './sine.ts';

const options = {
  units: [8, 3],
  activation: 'relu',
  rows: 'all',
  epochs: 12,
  batchSize: 32,
  learningRate: 0.01,
  patience: 4,
  minDelta: 0,
};
const cut = { train: 0.35, validation: 0.1, window: 12, stepSeconds: 5 };
const prepared = prepare(sineDataset({ rows: [400, 500] }), cut);
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'trained-'));
  await chooseBackend({ wanted: 'wasm' });
  await ready();
});

afterAll(() => rm(folder, { recursive: true }));

async function trainInto(name: string, changes: { readonly seed?: number; readonly data?: typeof prepared }) {
  const { train, validation } = changes.data ?? prepared;
  const seed = changes.seed ?? 1;
  const trained = await trainDetector({
    kind: 'dense-ae',
    options,
    seed,
    quantile: 0.999,
    backend: 'wasm',
    train,
    validation,
    progress: silent,
  });
  await saveTrained(path.join(folder, name), trained);
  const files = ['model.json', 'weights.bin', 'detector.json', 'training.json'];
  return { trained, bytes: await Promise.all(files.map((file) => readFile(path.join(folder, name, file)))) };
}

describe('training', () => {
  it('the same seed gives the same bytes, another seed other weights', async () => {
    const [first, again, other] = [
      await trainInto('a', { seed: 1 }),
      await trainInto('b', { seed: 1 }),
      await trainInto('c', { seed: 2 }),
    ];
    expect(again.bytes).toEqual(first.bytes);
    expect(other.bytes[1]).not.toEqual(first.bytes[1]);
  });

  it('changing test rows changes neither weights nor threshold', async () => {
    const clean = await trainInto('clean', {});
    const spoiled = await trainInto('spoiled', {
      data: prepare(sineDataset({ rows: [400, 500], spoilFrom: 0.46 }), cut),
    });
    expect(spoiled.bytes).toEqual(clean.bytes);
  });

  it('leaves the weights of the best epoch, not of the last', async () => {
    // A step size this large makes the loss jump, so that the last epoch is not the best one.
    const detector = denseAe.create(
      { window: 12, features: 2 },
      { ...options, rows: 'all', learningRate: 0.3, epochs: 20 },
    );
    const report = await detector.fit(prepared.train, prepared.validation, { seed: 3, progress: silent });
    const losses = report.epochs.map(({ validation }) => validation);
    expect(report.bestEpoch).toBe(losses.indexOf(Math.min(...losses)) + 1);
    expect(report.bestEpoch).toBeLessThan(report.epochs.length);
    const scores = await detector.score(prepared.validation);
    const mean = scores.reduce((sum, one) => sum + one, 0) / scores.length;
    expect(mean / Math.min(...losses)).toBeCloseTo(1, 4);
    detector.dispose();
  });

  it('leaks no tensor over fit, score and dispose', async () => {
    const before = memory().numTensors;
    const { trained } = await trainInto('leak', {});
    await trained.detector.score(prepared.test);
    trained.detector.dispose();
    const after = memory().numTensors;
    const again = await trainInto('leak', {});
    again.trained.detector.dispose();
    expect(memory().numTensors).toBe(after);
    expect(after).toBe(before);
  });

  it('finds the incident, and fails when the test part has none', async () => {
    const { trained } = await trainInto('measured', {});
    const input = { ...prepared, stepSeconds: 5, trained: [trained] as const, baselines: new Map() };
    const { detector } = await evaluate({ ...input, trained: [trained] });
    expect(detector.eventsFound).toBe(2);
    const empty = { ...prepared.test, label: new Uint8Array(prepared.test.count) };
    await expect(evaluate({ ...input, trained: [trained], test: empty })).rejects.toThrow('no positive row');
  });

  it('a diverging run says what to change', async () => {
    const detector = denseAe.create({ window: 12, features: 2 }, { ...options, epochs: 2, learningRate: 1e30 });
    const fit = detector.fit(prepared.train, prepared.validation, { seed: 1, progress: silent });
    await expect(fit).rejects.toThrow('lower learningRate');
  });
});

describe('early stopping', () => {
  it('stops after as many epochs without improvement as patience says', () => {
    const stopping = earlyStopping({ patience: 2, minDelta: 0.1 });
    expect([1, 0.95, 0.5, 0.6, Number.NaN].map((loss) => stopping.observe(loss))).toEqual([
      'improved',
      'waiting',
      'improved',
      'waiting',
      'stop',
    ]);
  });
});

describe('every detector', () => {
  const kindOptions = new Map<string, Record<string, unknown>>([
    ['dense-ae', options],
    ['pca', { variance: 0.9, rows: 'all' }],
    ['z-score', {}],
    ['random', { seed: 4 }],
  ]);

  it.each(detectorNames())('%s scores the same after save and load', async (name) => {
    const kind = await detectorKind(name);
    const detector = kind.create({ window: 12, features: 2 }, kindOptions.get(name) ?? {});
    await detector.fit(prepared.train, prepared.validation, { seed: 1, progress: silent });
    const target = path.join(folder, `kind-${name}`);
    await saveTrained(target, {
      detector,
      training: { ...(await trainInto('any', {})).trained.training, detector: name },
    });
    const loaded = (await loadTrained(target)).detector;
    expect(await loaded.score(prepared.test)).toEqual(await detector.score(prepared.test));
    expect(loaded.describe()).toEqual(detector.describe());
  });

  it('an unknown one is refused with the names that exist', async () => {
    await expect(detectorKind('wizard')).rejects.toThrow('known: dense-ae');
  });

  it('a wrong option is refused by name', () => {
    expect(() => denseAe.create({ window: 12, features: 2 }, { ...options, epochs: 0 })).toThrow(
      'dense-ae.epochs must be an integer of at least 1; it is 0',
    );
  });
});
