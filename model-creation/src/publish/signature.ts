import type { DataOrigin } from '../data/series.ts';
import type { Scaling } from '../prepare/scaling.ts';
import type { Training } from '../training/trained.ts';

/** `signature.json`: all that a service needs beside the model's two files. `docs/model-format.md` explains it. */
export interface Signature {
  readonly schema: 'pipe.signature/1';
  readonly name: string;
  readonly detector: string;
  /** The first 12 hex digits of the SHA-256 of `model.json` followed by `weights.bin`. */
  readonly version: string;
  readonly input: {
    readonly features: readonly string[];
    readonly units?: Readonly<Record<string, string>>;
    /** Rows in a window. */
    readonly window: number;
    /** Series with scaling of their own. */
    readonly series: readonly string[];
  };
  readonly scaling: Scaling;
  readonly score: { readonly kind: 'reconstruction-error'; readonly rows: 'last' | 'all'; readonly reduce: 'mse' };
  readonly threshold: number;
  readonly thresholdRule: Training['thresholdRule'];
  readonly model: {
    readonly format: 'tfjs-layers';
    readonly file: string;
    readonly weights: string;
    readonly sha256: Readonly<Record<string, string>>;
  };
  readonly example: {
    readonly rows: readonly (readonly number[])[];
    readonly series: string;
    readonly scores: readonly number[];
  };
  readonly metrics: Readonly<Record<string, number>>;
  readonly provenance: {
    readonly seed: number;
    readonly params: Readonly<Record<string, unknown>>;
    readonly data: DataOrigin;
  };
}
