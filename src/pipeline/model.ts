import type { Value, ValueMap } from '../kit/value.ts';
import type { Place } from '../problem/problem.ts';

/**
 * What a pipeline file means once it is checked and every template, `foreach` and `matrix` is resolved.
 * Plain data: nothing here reads a file or knows how a stage runs.
 *
 * Two forms of a path are kept. `path` is relative to the project root, posix, normalized (`..` only at its front; or
 * absolute, for a dep outside the project): the engine works with it. `as` is what stands in locks and stage keys:
 * relative to the stage's working folder, posix, normalized, so that a folder can move with its pipeline.
 */
export interface Stage {
  /** `train`, or `group@key` for one instance of a `foreach` or `matrix`. Unique in its file. */
  readonly name: string;
  /** The group (`train` of `train@fr`) of an instance; absent for a plain stage. */
  readonly group?: string;
  /** How commands name it: `train` in the root's pipeline file, `sub/pipeline.yaml:train` elsewhere. Unique. */
  readonly address: string;
  /** The pipeline file, relative to the project root. */
  readonly file: string;
  /** The working folder, relative to the project root; `.` for the root itself. */
  readonly wdir: string;
  /** As written after substitution: a string whose every line is a command, or a list of commands. */
  readonly cmd: string | readonly string[];
  readonly deps: readonly Dep[];
  readonly params: readonly ParamDep[];
  readonly outs: readonly Out[];
  readonly frozen: boolean;
  readonly alwaysChanged: boolean;
  readonly desc?: string;
  readonly meta?: Value;
  /** Values set for the command (`env: {KEY: value}`). They enter the stage key. */
  readonly env: ReadonlyMap<string, string>;
  /** Names of environment variables whose values are dependencies (entered into the key as digests). */
  readonly envDeps: readonly string[];
  /** Names of environment variables handed to the command, masked in logs, never recorded. */
  readonly secrets: readonly string[];
  readonly timeoutMs?: number;
  readonly retry?: Retry;
  readonly resources: Resources;
  /** Where the command runs; `local` unless said otherwise. */
  readonly executor: string;
  /** Absent when the stage has no `when`; false: the stage and all that needs it are skipped. */
  readonly when?: { readonly source: string; readonly holds: boolean };
  /**
   * Keys of files that its `${…}` used. Not dependencies: a change shows in what they were put into. `params diff` and
   * `params show` list them, as DVC does.
   */
  readonly tracked?: readonly ParamDep[];
  /** Where the stage's name stands. */
  readonly at: Place;
}

/** Something a stage reads. */
export interface Dep {
  readonly path: string;
  readonly as: string;
  /** True for a pattern such as `data/*.csv` (never in a `dvc.yaml`): the matched set of files is the dependency. */
  readonly glob: boolean;
  /** `s3://…`, `https://…`, `remote://…`, `ds://…`: kept as written in `path` and `as`. */
  readonly url: boolean;
  readonly at: Place;
}

/** Parameters of one file: the keys asked for, or every top-level key when `keys` is absent. */
export interface ParamDep {
  readonly path: string;
  readonly as: string;
  readonly keys?: readonly string[];
  readonly at: Place;
}

/** Something a stage makes. */
export interface Out {
  readonly path: string;
  readonly as: string;
  readonly kind: 'out' | 'metric' | 'plot';
  /** False: not linked from the store and not kept out of Git (its bytes still go to the local cache). */
  readonly cache: boolean;
  /** True: not removed before the stage runs. */
  readonly persist: boolean;
  /** False: never pushed. */
  readonly push: boolean;
  readonly remote?: string;
  readonly desc?: string;
  readonly type?: string;
  readonly labels?: readonly string[];
  readonly meta?: Value;
  /** Display properties of a plot (`x`, `y`, `title`, `template`, `header`, …), in the order written. */
  readonly plot?: ValueMap;
  readonly at: Place;
}

/** How often and how patiently a failed command is tried again. */
export interface Retry {
  /** Further attempts after the first. */
  readonly count: number;
  readonly delayMs: number;
  /** Each delay is the one before times this. */
  readonly factor: number;
  readonly maxDelayMs: number;
}

/** What a stage occupies while it runs. */
export interface Resources {
  /** Cores; 1 unless said otherwise. */
  readonly cpus: number;
  readonly memoryBytes?: number;
  readonly gpus: number;
}

/** A plot defined at the top level of a pipeline file. */
export interface PlotDefinition {
  readonly id: string;
  readonly properties: ValueMap;
  readonly at: Place;
}

/** An entry of top-level `artifacts`. */
export interface Artifact {
  readonly name: string;
  readonly path: string;
  readonly type?: string;
  readonly desc?: string;
  readonly labels: readonly string[];
  readonly meta?: Value;
  readonly at: Place;
}

/** One pipeline file, resolved. */
export interface Pipeline {
  readonly file: string;
  /** `pipe` for `pipeline.yaml`, `dvc` for `dvc.yaml`: decides which fields exist and what `*` means. */
  readonly dialect: 'pipe' | 'dvc';
  readonly stages: readonly Stage[];
  /** Top-level `params`, `metrics`: files, relative to the project root. */
  readonly params: readonly string[];
  readonly metrics: readonly string[];
  readonly plots: readonly PlotDefinition[];
  readonly artifacts: readonly Artifact[];
  /** `datasets` as written: checked, resolved by the data commands. */
  readonly datasets: readonly ValueMap[];
  /** Files whose contents the resolution read (vars, params.yaml), relative to the project root. */
  readonly inputs: readonly string[];
}
