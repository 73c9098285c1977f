import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { pca } from '../src/detector/pca.ts';
import { averagePrecision, recallSteps, rocArea, scoreCurve } from '../src/metric/curve.ts';
import { measure } from '../src/metric/measure.ts';
import { quantile } from '../src/metric/quantile.ts';
import { silent } from '../src/progress.ts';

interface Golden {
  readonly cases: readonly {
    readonly name: string;
    readonly labels: number[];
    readonly scores: number[];
    readonly threshold: number;
    readonly aucPr: number;
    readonly aucRoc: number;
    readonly precision: number;
    readonly recall: number;
    readonly f1: number;
  }[];
  readonly quantile: { readonly values: number[]; readonly expected: { readonly q: number; readonly value: number }[] };
  readonly pca: {
    readonly rows: number[][];
    readonly expected: {
      readonly variance: number;
      readonly count: number;
      readonly all: number[];
      readonly last: number[];
    }[];
  };
}

const file = path.join(import.meta.dirname, '..', 'golden', 'metrics.json');
const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden;

function windowsOf(rows: readonly (readonly number[])[], labels: ArrayLike<number> = rows.map(() => 0)) {
  return {
    window: 2,
    features: 2,
    count: rows.length,
    data: Float32Array.from(rows.flat()),
    series: rows.map(() => '1'),
    row: Uint32Array.from(rows, (_, at) => at),
    label: Uint8Array.from(labels),
  };
}

describe('metrics equal those of scikit-learn', () => {
  it.each(golden.cases)('$name', ({ labels, scores, threshold, ...expected }) => {
    const curve = scoreCurve({ scores, labels });
    expect(averagePrecision(curve)).toBeCloseTo(expected.aucPr, 12);
    expect(rocArea(curve)).toBeCloseTo(expected.aucRoc, 12);
    const windows = windowsOf(
      labels.map(() => [0, 0, 0, 0]),
      labels,
    );
    const found = measure({ windows, scores, threshold, stepSeconds: 5 });
    expect(found.precision).toBeCloseTo(expected.precision, 6);
    expect(found.recall).toBeCloseTo(expected.recall, 6);
    expect(found.f1).toBeCloseTo(expected.f1, 6);
  });

  it('quantiles equal NumPy’s default', () => {
    for (const { q, value } of golden.quantile.expected) {
      expect(quantile(golden.quantile.values, q)).toBeCloseTo(value, 12);
    }
  });

  it.each(golden.pca.expected)('PCA at $variance of the variance keeps the same components', async (expected) => {
    const windows = windowsOf(golden.pca.rows);
    for (const rows of ['all', 'last'] as const) {
      const detector = pca.create({ window: 2, features: 2 }, { variance: expected.variance, rows });
      await detector.fit(windows, windows, { seed: 0, progress: silent });
      expect(detector.describe().parameters).toBe(4 * (expected.count + 1));
      for (const [at, score] of (await detector.score(windows)).entries()) {
        expect(score).toBeCloseTo(expected[rows][at] ?? Number.NaN, 9);
      }
    }
  });
});

describe('what cannot be measured is refused', () => {
  it('a test part without a positive row fails', () => {
    expect(() => scoreCurve({ scores: [1, 2, 3], labels: [0, 0, 0] })).toThrow('no positive row');
  });
  it('a test part without a negative row fails', () => {
    expect(() => scoreCurve({ scores: [1, 2], labels: [1, 1] })).toThrow('no negative row');
  });
  it('a score that is not a number fails', () => {
    expect(() => scoreCurve({ scores: [1, Number.NaN], labels: [1, 0] })).toThrow('not a number');
  });
});

it('average precision is the area under the steps that the plot shows', () => {
  for (const { labels, scores } of golden.cases) {
    const curve = scoreCurve({ scores, labels });
    let before = 0;
    const area = recallSteps(curve).reduce((sum, { recall, precision }) => {
      const step = (recall - before) * precision;
      before = recall;
      return sum + step;
    }, 0);
    expect(area).toBeCloseTo(averagePrecision(curve), 12);
  }
});
