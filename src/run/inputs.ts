import type { Problem } from '../problem/problem.ts';
import type { Entry } from '../store/tree.ts';

/** Something that a lock, a pointer or a run record says lies at a path. */
export interface AwayThing {
  /** Posix, relative to the project. */
  readonly path: string;
  readonly entry: Entry;
  /** The path of what it is a part of, as remotes know it; absent where it is no part. */
  readonly whole?: string;
  /** Whether something lies there while what lists it is not here: nobody can tell what of it never came. */
  readonly isUnlisted?: boolean;
}

/** Data that stages of a run read and no stage of it makes: what pointers track, and outs of stages that do not run. */
export interface Inputs {
  /** What lies at their paths, for the survey: nothing is walked twice. */
  readonly found: ReadonlyMap<string, Entry>;
  /** Those of which a part was never put in place. */
  readonly partial: readonly PartialThing[];
  /** Those that no run may read as they are here. */
  readonly refused: readonly RefusedInput[];
  /** Those that were changed here, and that a run records in their pointers. */
  readonly changed: readonly ChangedInput[];
  /** What else does not fit its pointer, and what to do about it. */
  readonly notes: readonly { readonly message: string; readonly hint: string }[];
  /**
   * Stores what was changed, and makes the pointers say so.
   * @param onRecorded told of each pointer that was written
   * @returns the absolute paths of these
   */
  readonly record: (signal: AbortSignal, onRecorded: (changed: ChangedInput) => void) => Promise<string[]>;
}

/** Data of which nobody can tell what a stage would read. */
export interface RefusedInput {
  /** Posix, relative to the project. */
  readonly path: string;
  readonly problem: Problem;
}

/** Data that was changed, and the pointer that tracks it; both relative to the project. */
export interface ChangedInput {
  readonly path: string;
  readonly pointer: string;
}

/** A file or folder of which parts are not in the workspace because they never were. */
export interface PartialThing extends AwayThing {
  /** Paths and entries of the topmost files and folders that are not there. */
  readonly parts: readonly AwayThing[];
  /** Whether what is there is as it should be: then the whole is `entry` as soon as the parts are there. */
  readonly isClean: boolean;
  /** The path of what the parts are a part of, as remotes know it. */
  readonly whole: string;
}
