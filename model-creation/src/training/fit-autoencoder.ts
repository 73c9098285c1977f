import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { ModelError } from '../model-error.ts';
import type { WindowSet } from '../prepare/windows.ts';
import type { Progress } from '../progress.ts';
import { seededRandom } from '../random.ts';
import { earlyStopping } from './early-stopping.ts';
import type { EarlyStoppingOptions } from './early-stopping.ts';

/** How to train. */
export interface TrainingOptions extends EarlyStoppingOptions {
  readonly epochs: number;
  readonly batchSize: number;
  /** Step size of Adam. */
  readonly learningRate: number;
}

/** Mean squared errors of one epoch, on the scaled windows. */
export interface EpochLoss {
  /** Counted from 1. */
  readonly epoch: number;
  /** Mean over the epoch's batches, measured while the weights moved. */
  readonly loss: number;
  /** After the epoch. */
  readonly validation: number;
}

/** One training run. */
export interface TrainingRun {
  readonly train: WindowSet;
  readonly validation: WindowSet;
  readonly options: TrainingOptions;
  readonly seed: number;
  readonly progress: Progress;
}

/**
 * Trains a model to rebuild its input, `[batch, window × features]` → the same, by Adam on the mean squared error.
 * Batches are drawn in an order that the seed decides. Stops early, and leaves the weights of the best epoch in the
 * model. Throws `ModelError` when no epoch has a finite validation loss.
 */
export async function fitAutoencoder(
  model: LayersModel,
  { train, validation, options, seed, progress }: TrainingRun,
): Promise<{ readonly epochs: EpochLoss[]; readonly bestEpoch: number }> {
  const optimizer = tf.train.adam(options.learningRate);
  const stopping = earlyStopping(options);
  const random = seededRandom(seed);
  const order = Uint32Array.from({ length: train.count }, (_, at) => at);
  const epochs: EpochLoss[] = [];
  let best: { readonly epoch: number; readonly weights: readonly Float32Array[] } | undefined;
  for (let epoch = 1; epoch <= options.epochs; epoch++) {
    const loss = runEpoch(model, optimizer, { train, order: random.shuffle(order), batchSize: options.batchSize });
    const valid = evaluateLoss(model, validation);
    epochs.push({ epoch, loss, validation: valid });
    const counts = `epoch ${epoch}/${options.epochs}`;
    progress.step(epoch / options.epochs, `${counts} loss ${loss.toFixed(5)} val ${valid.toFixed(5)}`);
    const verdict = stopping.observe(valid);
    if (verdict === 'improved') best = { epoch, weights: copyWeights(model) };
    if (verdict === 'stop') break;
    // Lets signals and output through between epochs: an epoch runs without giving way.
    await new Promise(setImmediate);
  }
  optimizer.dispose();
  if (best === undefined) throw new ModelError('training diverged: no epoch has a finite loss; lower learningRate');
  restoreWeights(model, best.weights);
  return { epochs, bestEpoch: best.epoch };
}

function runEpoch(
  model: LayersModel,
  optimizer: tf.Optimizer,
  { train, order, batchSize }: { readonly train: WindowSet; readonly order: Uint32Array; readonly batchSize: number },
): number {
  const width = train.window * train.features;
  const weights = model.trainableWeights.map((weight) => weight.read()).filter((one) => one instanceof tf.Variable);
  let sum = 0;
  for (let from = 0; from < order.length; from += batchSize) {
    const picked = order.subarray(from, from + batchSize);
    const data = new Float32Array(picked.length * width);
    for (const [to, at] of picked.entries()) data.set(train.data.subarray(at * width, (at + 1) * width), to * width);
    const batch = tf.tensor2d(data, [picked.length, width]);
    const loss = optimizer.minimize(() => squaredError(model, batch, true), true, weights);
    sum += (loss?.dataSync()[0] ?? Number.NaN) * picked.length;
    loss?.dispose();
    batch.dispose();
  }
  return sum / order.length;
}

function evaluateLoss(model: LayersModel, windows: WindowSet): number {
  return tf.tidy(() => {
    const input = tf.tensor2d(windows.data, [windows.count, windows.window * windows.features]);
    return squaredError(model, input, false).dataSync()[0] ?? Number.NaN;
  });
}

function squaredError(model: LayersModel, input: tf.Tensor2D, training: boolean): tf.Scalar {
  return tf.losses.meanSquaredError(input, model.apply(input, { training }) as tf.Tensor2D);
}

function copyWeights(model: LayersModel): Float32Array[] {
  return model.getWeights().map((weight) => Float32Array.from(weight.dataSync()));
}

function restoreWeights(model: LayersModel, weights: readonly Float32Array[]): void {
  tf.tidy(() => {
    model.setWeights(model.getWeights().map((weight, at) => tf.tensor(weights[at] ?? [], weight.shape)));
  });
}
