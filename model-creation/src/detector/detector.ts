import type { WindowSet, WindowShape } from '../prepare/windows.ts';
import type { Progress } from '../progress.ts';
import type { ScoredRows } from './reconstruction.ts';
import type { EpochLoss } from '../training/fit-autoencoder.ts';

/** Scores how unusual the last row of a window is; higher is more unusual. */
export interface Detector {
  /** Its name in the registry. */
  readonly kind: string;
  /** Learns from windows of normal operation. Validation windows may stop training; labels are never looked at. */
  fit(train: WindowSet, validation: WindowSet, run: FitRun): Promise<FitReport>;
  /** `[count]` scores. */
  score(windows: WindowSet): Promise<Float64Array>;
  /** Writes what `load` of its kind needs into an existing folder. */
  save(folder: string): Promise<void>;
  describe(): DetectorDescription;
  /** Frees tensors. The detector cannot be used afterwards. */
  dispose(): void;
}

/** Circumstances of one fit. */
export interface FitRun {
  /** Decides everything that is drawn at random. */
  readonly seed: number;
  readonly progress: Progress;
}

/** What a fit came to; `epochs` is empty for detectors that don't train step by step. */
export interface FitReport {
  readonly epochs: readonly EpochLoss[];
  readonly bestEpoch: number;
}

/** What a detector is, as data: enough to make it again. */
export interface DetectorDescription {
  readonly kind: string;
  readonly shape: WindowShape;
  readonly options: DetectorOptions;
  /** Numbers that were learned or chosen. */
  readonly parameters: number;
  /** How a service can run it; absent for a detector that cannot be published. */
  readonly served?: ServedModel;
}

/** A saved layers model whose reconstruction error is the score. */
export interface ServedModel {
  readonly format: 'tfjs-layers';
  readonly rows: ScoredRows;
}

/** Options of a detector as they stand in `params.yaml`; each kind checks its own. */
export type DetectorOptions = Readonly<Record<string, unknown>>;

/** A kind of detector. */
export interface DetectorKind {
  readonly kind: string;
  /** True when it computes with tensors, so that a backend has to be chosen first. */
  readonly tensors: boolean;
  /** Throws `ModelError` for options that don't fit. */
  create(shape: WindowShape, options: DetectorOptions): Detector;
  load(folder: string): Promise<Detector>;
}
