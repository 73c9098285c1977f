import { Options } from '../options.ts';
import type { WindowShape } from '../prepare/windows.ts';
import { seededRandom } from '../random.ts';
import type { Detector, DetectorKind } from './detector.ts';
import { loadDetectorFile, saveDetectorFile } from './json-file.ts';

/** Scores drawn at random: what a detector that knows nothing reaches. Option: `seed`. */
export const randomScores: DetectorKind = {
  kind: 'random',
  tensors: false,
  create: (shape, options) => create(shape, new Options(options, 'random').integer('seed')),
  async load(folder) {
    const { shape, options } = await loadDetectorFile(folder, 'random');
    return create(shape, new Options(options, 'random').integer('seed'));
  },
};

function create(shape: WindowShape, seed: number): Detector {
  const describe = () => ({ kind: 'random', shape, options: { seed }, parameters: 0 });
  const random = seededRandom(seed);
  return {
    kind: 'random',
    fit: () => Promise.resolve({ epochs: [], bestEpoch: 0 }),
    score: ({ count }) => Promise.resolve(Float64Array.from({ length: count }, () => random.uniform())),
    save: (folder) => saveDetectorFile(folder, describe()),
    describe,
    dispose: () => undefined,
  };
}
