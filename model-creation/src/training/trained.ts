import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Detector, DetectorOptions, FitReport } from '../detector/detector.ts';
import { detectorKind } from '../detector/registry.ts';
import { quantile } from '../metric/quantile.ts';
import { ModelError } from '../model-error.ts';
import type { WindowSet } from '../prepare/windows.ts';
import type { Progress } from '../progress.ts';

/** A fitted detector with its threshold. */
export interface Trained {
  readonly detector: Detector;
  readonly training: Training;
}

/** How a detector came to be, as it stands in `training.json`. */
export interface Training {
  readonly schema: 'pipe.training/1';
  readonly detector: string;
  readonly seed: number;
  readonly backend: string;
  /** Scores above it are alarms. */
  readonly threshold: number;
  readonly thresholdRule: { readonly kind: 'quantile'; readonly quantile: number; readonly on: 'validation' };
  readonly epochs: number;
  readonly bestEpoch: number;
  readonly series: readonly string[];
}

/** What to train, on what. */
export interface TrainInput {
  readonly kind: string;
  readonly options: DetectorOptions;
  readonly seed: number;
  readonly quantile: number;
  /** Name of the tensor backend in use, for the record. */
  readonly backend: string;
  readonly train: WindowSet;
  readonly validation: WindowSet;
  readonly progress: Progress;
}

/** Fits a detector and takes its threshold from the scores of the validation windows; labels are never looked at. */
export async function trainDetector(input: TrainInput): Promise<Trained & { readonly report: FitReport }> {
  const { train, validation, seed, progress } = input;
  const kind = await detectorKind(input.kind);
  const detector = kind.create({ window: train.window, features: train.features }, input.options);
  const report = await detector.fit(train, validation, { seed, progress });
  const threshold = quantile(await detector.score(validation), input.quantile);
  const training: Training = {
    schema: 'pipe.training/1',
    detector: input.kind,
    seed,
    backend: input.backend,
    threshold,
    thresholdRule: { kind: 'quantile', quantile: input.quantile, on: 'validation' },
    epochs: report.epochs.length,
    bestEpoch: report.bestEpoch,
    series: [...new Set(train.series)],
  };
  return { detector, training, report };
}

/** Writes a trained detector into a folder, made when missing. */
export async function saveTrained(folder: string, { detector, training }: Trained): Promise<void> {
  await mkdir(folder, { recursive: true });
  await detector.save(folder);
  await writeFile(path.join(folder, 'training.json'), `${JSON.stringify(training, null, 2)}\n`);
}

/** Loads what `saveTrained` wrote. A tensor backend has to be active. */
export async function loadTrained(folder: string): Promise<Trained> {
  const training = JSON.parse(await readFile(path.join(folder, 'training.json'), 'utf8')) as Training;
  if ((training.schema as string) !== 'pipe.training/1') {
    throw new ModelError(`${folder} was trained by another version: run the train stage again`);
  }
  return { detector: await (await detectorKind(training.detector)).load(folder), training };
}
