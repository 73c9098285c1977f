/** Which detectors one training stage makes, and where each lies under its output folder. */
export interface PlannedModel {
  readonly folder: string;
  readonly seed: number;
  /** Series to learn from; absent: all. */
  readonly series?: readonly string[];
}

/** Seeds and the second evaluation's series. */
export interface PlanOptions {
  readonly seed: number;
  readonly repeats: readonly number[];
  readonly crossTrain: readonly string[];
}

/**
 * The model to publish at the top, then the same with other seeds (`repeats/<seed>`), then all seeds again on some of
 * the series only (`cross/<seed>`), for the evaluation on series that the weights never saw.
 */
export function planModels({ seed, repeats, crossTrain }: PlanOptions): readonly PlannedModel[] {
  const others = [...new Set(repeats)].filter((one) => one !== seed);
  return [
    { folder: '.', seed },
    ...others.map((one) => ({ folder: `repeats/${one}`, seed: one })),
    ...[seed, ...others].map((one) => ({ folder: `cross/${one}`, seed: one, series: crossTrain })),
  ];
}
