import type { Environment } from '../test/rig/environment.ts';
import type { Space } from './data/space.ts';
import type { S3 } from './project/s3.ts';

/** One thing that `pipe` does, measured beside others that do the same. */
export interface Scenario {
  /** Named by state, such as `repro.1000-stages.nothing-changed`. */
  readonly name: string;
  /**
   * Where its time counts. `any`: no file matters, it runs in one place; `each`: on disk and on tmpfs; `tmpfs`: it makes
   * files, for which the same disk takes many times longer from one minute to the next, so the disk is only reported.
   */
  readonly judged: 'any' | 'each' | 'tmpfs';
  readonly budgets: readonly Budget[];
  /** `pipe` itself. */
  readonly pipe: Contender;
  /** What it is measured against. */
  readonly others: readonly (Contender | Absent)[];
  /** It takes more than a few minutes: measured when it is asked for by name, or by `--long`. */
  readonly long?: boolean;
  /** The share of the data that it works on, where that is not all of it; its time is then not judged. */
  readonly scale?: number;
  /** It talks to a MinIO, which is started for it with its data in the same place. */
  readonly server?: 'minio';
  /** Where there is less, it is not measured. */
  readonly needs?: Space;
}

/**
 * What a scenario may cost at most: seconds, a multiple of what another contender takes (by its name), bytes of pipe's
 * own memory at its peak, bytes of new files in the store, or a multiple of the time or memory of the same work on the
 * next smaller number of files.
 */
export type Budget =
  | { readonly kind: 'seconds'; readonly atMost: number }
  | { readonly kind: 'ratio'; readonly atMost: number; readonly to: string }
  | { readonly kind: 'memory'; readonly atMost: number }
  | { readonly kind: 'stored'; readonly atMost: number }
  | { readonly kind: 'time-growth' | 'memory-growth'; readonly atMost: number };

/** A peer does the same job; a floor is what no tool can go below. */
export type Role = 'pipe' | 'peer' | 'floor';

/** Somebody who does the work of a scenario, as whole processes. */
export interface Contender {
  readonly name: string;
  readonly role: Role;
  /** Whether each run needs a world of its own; else all runs share the one that was prepared first. */
  readonly fresh: boolean;
  /** For a slow one: no more runs than this, and no warm-up. */
  readonly runs?: number;
  /**
   * Makes the state that the scenario starts from; not timed.
   * @throws {Error} when the state is not what it should be
   */
  prepare(world: World): Prepared;
}

/** A contender that is not measured, and why. */
export interface Absent {
  readonly name: string;
  readonly role: Role;
  readonly absent: string;
  /** The scenario whose time of this contender says something in its stead. */
  readonly see?: string;
}

/** A run about to be timed. */
export interface Prepared {
  readonly command: Command;
  /**
   * Looks at what the run has done; it has ended with exit code 0.
   * @throws {Error} when it did not do its work, whose time then means nothing
   */
  verify(finished: Finished): void;
  /** Bytes of the files that the run has added to the store; asked for after `verify`. */
  stored?(): number;
  /**
   * Brings back the state that the run started from; not timed. For what takes long to make: all runs then share one
   * world, and still none finds what another one left.
   */
  reset?(): void;
}

/** A process to start: an absolute program and its arguments. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/** What a process printed. */
export interface Finished {
  readonly stdout: string;
  readonly stderr: string;
}

/** An empty folder to work in, with a home, configuration and caches of its own on the same disk. */
export interface World {
  /** Absolute; where commands run. */
  readonly folder: string;
  /** The folder of the place that it lies in. */
  readonly place: string;
  readonly env: Environment;
  /** The server of a scenario that asks for one. */
  readonly s3?: S3;
  /**
   * Runs a command to its end in `folder`; for preparing and verifying.
   * @throws {Error} with what it printed, unless it ends with `code` (default 0)
   */
  readonly run: (command: Command, code?: number) => Finished;
}

/** Whether a contender is there to be measured. */
export function isPresent(contender: Contender | Absent): contender is Contender {
  return !('absent' in contender);
}
