import '@tensorflow/tfjs-backend-cpu';
import { setBackend, tensor2d, type io } from '@tensorflow/tfjs-core';
import { initializers, layers, sequential, type Sequential } from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { activationNames } from './activation.ts';
import { Field } from './field.ts';
import { buildNetwork } from './network.ts';
import { readTopology } from './topology.ts';
import { readWeights } from './weights.ts';

const WIDTH = 8;

/** Our network, made of what tfjs saves of a model. */
async function networkOf(model: Sequential) {
  let saved: io.ModelArtifacts = {};
  await model.save({
    save: (artifacts) => {
      saved = artifacts;
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
    },
  });
  const manifest = [{ paths: ['weights.bin'], weights: saved.weightSpecs }];
  const root = new Field({ manifest, topology: saved.modelTopology }, 'model');
  const weights = readWeights(root.at('manifest'), new Uint8Array(saved.weightData as ArrayBuffer));
  const network = buildNetwork(WIDTH, readTopology(root.at('topology'), weights, WIDTH));
  expect(root.problems).toEqual([]);
  return network;
}

/** Compares on windows of zeros, of usual values and of extreme ones. */
async function expectSame(model: Sequential): Promise<void> {
  await setBackend('cpu');
  const network = await networkOf(model);
  const windows = [0, 1, 3, 30].map((size) => Array.from({ length: WIDTH }, (_, i) => size * Math.sin(size + 7 * i)));
  const theirs = (model.predict(tensor2d(windows)) as ReturnType<typeof tensor2d>).arraySync();
  for (const [i, window] of windows.entries()) {
    const ours = network.forward(Float64Array.from(window));
    for (const [j, expected] of (theirs[i] ?? []).entries()) {
      expect(Math.abs((ours[j] ?? Number.NaN) - expected)).toBeLessThan(1e-5 * (1 + Math.abs(expected)));
    }
  }
}

const random = (seed: number) => initializers.randomNormal({ mean: 0.1, stddev: 0.7, seed });
const dense = (units: number, activation: string, seed: number) =>
  layers.dense({
    units,
    activation: activation as 'relu',
    kernelInitializer: random(seed),
    biasInitializer: random(seed + 1),
    ...(seed === 1 && { inputShape: [WIDTH] }),
  });

test.each(activationNames)('a dense layer with %s gives what tfjs gives', async (name) => {
  await expectSame(sequential({ layers: [dense(16, name, 1), dense(WIDTH, 'linear', 3)] }));
});

test('an autoencoder with every kind of layer gives what tfjs gives', async () => {
  await expectSame(
    sequential({
      layers: [
        layers.inputLayer({ inputShape: [WIDTH] }),
        layers.gaussianNoise({ stddev: 0.5 }),
        dense(12, 'tanh', 3),
        layers.batchNormalization({
          betaInitializer: random(5),
          gammaInitializer: random(6),
          movingMeanInitializer: random(7),
          movingVarianceInitializer: initializers.randomUniform({ minval: 0.2, maxval: 3, seed: 8 }),
        }),
        layers.dropout({ rate: 0.5 }),
        layers.dense({ units: 3, useBias: false, kernelInitializer: random(9) }),
        layers.activation({ activation: 'elu' }),
        layers.batchNormalization({ scale: false, center: false, movingMeanInitializer: random(10) }),
        dense(WIDTH, 'linear', 11),
      ],
    }),
  );
});
