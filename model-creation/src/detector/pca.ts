import { symmetricEigen } from './eigen.ts';
import type { Detector, DetectorKind } from './detector.ts';
import { loadDetectorFile, saveDetectorFile } from './json-file.ts';
import { ModelError } from '../model-error.ts';
import { Options } from '../options.ts';
import type { WindowSet, WindowShape } from '../prepare/windows.ts';
import { reconstructionErrors } from './reconstruction.ts';
import type { ScoredRows } from './reconstruction.ts';

/** Mean window and the directions kept, one array of `window × features` each. */
interface Components {
  readonly mean: readonly number[];
  readonly directions: readonly (readonly number[])[];
}

interface PcaOptions {
  /** Share of the variance that the kept directions explain, 0 to 1. */
  readonly variance: number;
  readonly rows: ScoredRows;
}

/**
 * Principal components of whole windows; the score is the error of a window rebuilt from those that explain the share
 * `variance` of the training variance. Options: `variance`, `rows` (`last` or `all`).
 */
export const pca: DetectorKind = {
  kind: 'pca',
  tensors: false,
  create: (shape, options) => new Pca(shape, checkOptions(options)),
  async load(folder) {
    const { shape, options, state } = await loadDetectorFile(folder, 'pca');
    return new Pca(shape, checkOptions(options), state.raw() as unknown as Components);
  },
};

class Pca implements Detector {
  readonly kind = 'pca';
  readonly #shape: WindowShape;
  readonly #options: PcaOptions;
  #fitted: Components | undefined;

  constructor(shape: WindowShape, options: PcaOptions, fitted?: Components) {
    this.#shape = shape;
    this.#options = options;
    this.#fitted = fitted;
  }

  fit(train: WindowSet) {
    this.#fitted = principalComponents(train, this.#options.variance);
    return Promise.resolve({ epochs: [], bestEpoch: 0 });
  }

  score(windows: WindowSet) {
    return Promise.resolve(reconstructionErrors(windows, rebuild(windows, this.#components()), this.#options.rows));
  }

  save(folder: string) {
    return saveDetectorFile(folder, this.describe(), { ...this.#components() });
  }

  describe() {
    const { directions, mean } = this.#fitted ?? { directions: [], mean: [] };
    const parameters = mean.length * (directions.length + 1);
    return { kind: this.kind, shape: this.#shape, options: { ...this.#options }, parameters };
  }

  dispose(): void {
    this.#fitted = undefined;
  }

  #components(): Components {
    if (this.#fitted === undefined) throw new ModelError('this detector has not been fitted');
    return this.#fitted;
  }
}

function checkOptions(options: unknown): PcaOptions {
  const read = new Options(options, 'pca');
  return { variance: read.number('variance', 0), rows: read.choice('rows', ['last', 'all']) };
}

function principalComponents({ data, count, window, features }: WindowSet, share: number): Components {
  const width = window * features;
  const mean = new Array<number>(width).fill(0);
  for (let cell = 0; cell < data.length; cell++)
    mean[cell % width] = (mean[cell % width] ?? 0) + (data[cell] ?? 0) / count;
  const covariance = Array.from({ length: width }, () => new Float64Array(width));
  for (let at = 0; at < count; at++) {
    const centred = mean.map((middle, cell) => (data[at * width + cell] ?? 0) - middle);
    for (const [row, left] of centred.entries()) {
      const target = covariance[row];
      if (target === undefined) continue;
      for (const [column, right] of centred.entries()) target[column] = (target[column] ?? 0) + (left * right) / count;
    }
  }
  const eigen = symmetricEigen(covariance);
  const total = eigen.reduce((sum, { value }) => sum + Math.max(0, value), 0);
  const directions: (readonly number[])[] = [];
  let explained = 0;
  for (const { value, vector } of eigen) {
    if (explained >= share * total) break;
    explained += value;
    directions.push(vector);
  }
  return { mean, directions };
}

function rebuild({ data, count, window, features }: WindowSet, { mean, directions }: Components): Float64Array {
  const width = window * features;
  const rebuilt = new Float64Array(count * width);
  for (let at = 0; at < count; at++) {
    const centred = mean.map((middle, cell) => (data[at * width + cell] ?? 0) - middle);
    rebuilt.set(mean, at * width);
    for (const direction of directions) {
      const share = direction.reduce((sum, part, cell) => sum + part * (centred[cell] ?? 0), 0);
      for (const [cell, part] of direction.entries()) {
        rebuilt[at * width + cell] = (rebuilt[at * width + cell] ?? 0) + share * part;
      }
    }
  }
  return rebuilt;
}
