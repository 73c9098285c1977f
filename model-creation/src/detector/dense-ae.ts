import { tensor2d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { initializers, layers, sequential } from '@tensorflow/tfjs-layers';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { ModelError } from '../model-error.ts';
import { Options } from '../options.ts';
import type { WindowSet, WindowShape } from '../prepare/windows.ts';
import { seededRandom } from '../random.ts';
import { fitAutoencoder } from '../training/fit-autoencoder.ts';
import type { TrainingOptions } from '../training/fit-autoencoder.ts';
import type { Detector, DetectorDescription, DetectorKind, FitReport, FitRun } from './detector.ts';
import { loadDetectorFile, saveDetectorFile } from './json-file.ts';
import { loadModel, saveModel } from './model-file.ts';
import { reconstructionErrors } from './reconstruction.ts';
import type { ScoredRows } from './reconstruction.ts';

/** Options of `dense-ae`. */
interface DenseAeOptions extends TrainingOptions {
  /** Units of the encoder's layers, the narrowest last; the decoder mirrors them. */
  readonly units: readonly number[];
  readonly activation: 'relu' | 'tanh' | 'elu';
  /** Which rows of a window its score covers. */
  readonly rows: ScoredRows;
}

/** Windows per forward pass when scoring: bounds memory, changes no score. */
const SCORE_BATCH = 2048;

/**
 * A dense autoencoder on flattened windows, `[batch, window × features]` → the same. The score is the mean squared
 * reconstruction error of the last row (or of all rows).
 */
export const denseAe: DetectorKind = {
  kind: 'dense-ae',
  tensors: true,
  create: (shape, options) => new DenseAe(shape, checkOptions(options)),
  async load(folder) {
    const { shape, options } = await loadDetectorFile(folder, 'dense-ae');
    return new DenseAe(shape, checkOptions(options), await loadModel(folder));
  },
};

class DenseAe implements Detector {
  readonly kind = 'dense-ae';
  readonly #shape: WindowShape;
  readonly #options: DenseAeOptions;
  #model: LayersModel | undefined;

  constructor(shape: WindowShape, options: DenseAeOptions, model?: LayersModel) {
    this.#shape = shape;
    this.#options = options;
    this.#model = model;
  }

  async fit(train: WindowSet, validation: WindowSet, run: FitRun): Promise<FitReport> {
    this.#model?.dispose();
    this.#model = buildModel(this.#shape, this.#options, run.seed);
    return fitAutoencoder(this.#model, { train, validation, options: this.#options, ...run });
  }

  async score(windows: WindowSet): Promise<Float64Array> {
    const model = this.#fitted();
    const width = windows.window * windows.features;
    const scores = new Float64Array(windows.count);
    for (let from = 0; from < windows.count; from += SCORE_BATCH) {
      const count = Math.min(SCORE_BATCH, windows.count - from);
      const data = windows.data.subarray(from * width, (from + count) * width);
      const output = tidy(() => model.predict(tensor2d(data, [count, width])) as Tensor);
      const rebuilt = await output.data();
      output.dispose();
      scores.set(reconstructionErrors({ ...this.#shape, data, count }, rebuilt, this.#options.rows), from);
    }
    return scores;
  }

  async save(folder: string): Promise<void> {
    await saveModel(this.#fitted(), folder);
    await saveDetectorFile(folder, this.describe());
  }

  describe(): DetectorDescription {
    const parameters = this.#model?.countParams() ?? 0;
    const served = { format: 'tfjs-layers', rows: this.#options.rows } as const;
    return { kind: this.kind, shape: this.#shape, options: { ...this.#options }, parameters, served };
  }

  dispose(): void {
    this.#model?.dispose();
    this.#model = undefined;
  }

  #fitted(): LayersModel {
    if (this.#model === undefined) throw new ModelError('this detector has not been fitted');
    return this.#model;
  }
}

/**
 * The code and the output are linear: a code of few `relu` units could die, and neither may be bounded. Layers have
 * fixed names: tfjs would number them through the whole process, and the saved bytes would differ.
 */
function buildModel({ window, features }: WindowShape, options: DenseAeOptions, seed: number): LayersModel {
  const width = window * features;
  const encoder = options.units;
  const widths = [...encoder, ...encoder.slice(0, -1).reverse(), width];
  const random = seededRandom(seed);
  const model = sequential({ name: 'dense-ae' });
  for (const [index, units] of widths.entries()) {
    model.add(
      layers.dense({
        name: index < encoder.length ? `encoder-${index + 1}` : `decoder-${index + 1 - encoder.length}`,
        units,
        activation: index === encoder.length - 1 || index === widths.length - 1 ? 'linear' : options.activation,
        kernelInitializer: initializers.glorotUniform({ seed: random.below(2 ** 31) }),
        ...(index === 0 ? { inputShape: [width] } : {}),
      }),
    );
  }
  return model;
}

function checkOptions(options: unknown): DenseAeOptions {
  const read = new Options(options, 'dense-ae');
  return {
    units: read.integers('units', 1),
    activation: read.choice('activation', ['relu', 'tanh', 'elu']),
    rows: read.choice('rows', ['last', 'all']),
    epochs: read.integer('epochs', 1),
    batchSize: read.integer('batchSize', 1),
    learningRate: read.number('learningRate', 0),
    patience: read.integer('patience', 1),
    minDelta: read.number('minDelta', 0),
  };
}
