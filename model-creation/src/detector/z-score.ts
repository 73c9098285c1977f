import type { WindowShape } from '../prepare/windows.ts';
import type { Detector, DetectorKind } from './detector.ts';
import { loadDetectorFile, saveDetectorFile } from './json-file.ts';

/** The mean |z| of the last row's features: windows are standardised already, so nothing is left to learn. */
export const zScore: DetectorKind = {
  kind: 'z-score',
  tensors: false,
  create: (shape) => create(shape),
  load: async (folder) => create((await loadDetectorFile(folder, 'z-score')).shape),
};

function create(shape: WindowShape): Detector {
  const describe = () => ({ kind: 'z-score', shape, options: {}, parameters: 0 });
  return {
    kind: 'z-score',
    fit: () => Promise.resolve({ epochs: [], bestEpoch: 0 }),
    score({ data, count }) {
      const width = shape.window * shape.features;
      const scores = Float64Array.from({ length: count }, (_, at) => {
        const row = data.subarray((at + 1) * width - shape.features, (at + 1) * width);
        return row.reduce((sum, z) => sum + Math.abs(z), 0) / shape.features;
      });
      return Promise.resolve(scores);
    },
    save: (folder) => saveDetectorFile(folder, describe()),
    describe,
    dispose: () => undefined,
  };
}
