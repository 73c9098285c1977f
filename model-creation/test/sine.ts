import type { Dataset } from '../src/data/series.ts';
import { seededRandom } from '../src/random.ts';

/** A small data set of two features: waves of different phase, with seeded noise and an incident at 60 % of each series. */
export function sineDataset({
  rows,
  spoilFrom,
}: {
  readonly rows: readonly number[];
  readonly spoilFrom?: number;
}): Dataset {
  const random = seededRandom(7);
  // Its own generator, so that spoiling some rows leaves the noise of all others as it is.
  const spoiler = seededRandom(8);
  return {
    features: ['humidity', 'temperature'],
    origin: { package: 'waves', version: '1.0.0' },
    series: rows.map((count, index) => {
      const values = new Float64Array(count * 2);
      const labels = new Uint8Array(count);
      for (let row = 0; row < count; row++) {
        const incident = row >= count * 0.6 && row < count * 0.65;
        const wave = Math.sin(row / 9 + index);
        labels[row] = incident ? 1 : 0;
        values[row * 2] = 40 + 3 * wave + 0.2 * random.uniform() + (incident ? 12 : 0);
        values[row * 2 + 1] = 25 - wave + 0.1 * random.uniform() - (incident ? 4 : 0);
        if (spoilFrom !== undefined && row >= count * spoilFrom) values[row * 2] = 1000 * spoiler.uniform();
      }
      return { id: String(index + 1), values, labels, rows: count };
    }),
  };
}
