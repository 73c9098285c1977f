import type { Detector, DetectorOptions } from '../detector/detector.ts';
import { detectorKind } from '../detector/registry.ts';
import { measure, round } from '../metric/measure.ts';
import type { Measures } from '../metric/measure.ts';
import { quantile } from '../metric/quantile.ts';
import { silent } from '../progress.ts';
import type { WindowSet } from '../prepare/windows.ts';
import type { Trained } from '../training/trained.ts';

/** Rows of one evaluation: the detector, its spread over seeds, and what simpler means reach on the same rows. */
export interface Evaluation {
  readonly detector: Measures;
  readonly seeds: Spread;
  readonly baselines: Readonly<Record<string, Measures>>;
  readonly test: TestPart;
  /** `[test rows]` of the first seed's detector. */
  readonly scores: Float64Array;
}

/** AUC-PR over several seeds. */
export interface Spread {
  readonly count: number;
  readonly aucPrMean: number;
  readonly aucPrMin: number;
  readonly aucPrMax: number;
}

/** What was tested on. */
export interface TestPart {
  readonly rows: number;
  readonly positives: number;
  /** Share of positive rows: the AUC-PR of scores that know nothing. */
  readonly prevalence: number;
  /** Length of the test rows in days of one sensor. */
  readonly sensorDays: number;
}

/** What to evaluate. */
export interface EvaluateInput {
  readonly train: WindowSet;
  readonly validation: WindowSet;
  readonly test: WindowSet;
  readonly stepSeconds: number;
  /** The published seed first. */
  readonly trained: readonly [Trained, ...Trained[]];
  /** Baselines by kind, with their options. */
  readonly baselines: ReadonlyMap<string, DetectorOptions>;
}

/**
 * Scores the test windows with every trained detector and every baseline. Baselines are fitted on the same train
 * windows and take their thresholds from the same validation windows by the same rule. Throws `ModelError` when the
 * test part has no positive row.
 */
export async function evaluate(input: EvaluateInput): Promise<Evaluation> {
  const { test, stepSeconds, trained } = input;
  const [published] = trained;
  const scores = await published.detector.score(test);
  const detector = measure({ windows: test, scores, threshold: published.training.threshold, stepSeconds });
  const areas = [detector.aucPr];
  for (const { detector: other, training } of trained.slice(1)) {
    const others = await other.score(test);
    areas.push(measure({ windows: test, scores: others, threshold: training.threshold, stepSeconds }).aucPr);
  }
  const positives = test.label.reduce((sum, one) => sum + one, 0);
  return {
    detector,
    seeds: spread(areas),
    baselines: await measureBaselines(input, published.training.thresholdRule.quantile),
    test: {
      rows: test.count,
      positives,
      prevalence: round(positives / test.count),
      sensorDays: round((test.count * stepSeconds) / 86_400),
    },
    scores,
  };
}

async function measureBaselines(input: EvaluateInput, share: number): Promise<Record<string, Measures>> {
  const { train, validation, test, stepSeconds } = input;
  const rows: [string, Measures][] = [
    ['all-ones', measure({ windows: test, scores: new Uint8Array(test.count).fill(1), threshold: 0, stepSeconds })],
  ];
  for (const [name, options] of input.baselines) {
    const kind = await detectorKind(name);
    const detector: Detector = kind.create({ window: train.window, features: train.features }, options);
    await detector.fit(train, validation, { seed: 0, progress: silent });
    const threshold = quantile(await detector.score(validation), share);
    rows.push([name, measure({ windows: test, scores: await detector.score(test), threshold, stepSeconds })]);
    detector.dispose();
  }
  return Object.fromEntries(rows);
}

function spread(values: readonly number[]): Spread {
  return {
    count: values.length,
    aucPrMean: round(values.reduce((sum, one) => sum + one, 0) / values.length),
    aucPrMin: Math.min(...values),
    aucPrMax: Math.max(...values),
  };
}
