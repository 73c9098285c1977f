import type { Digest } from '../kit/digest.ts';
import type { Out, Stage } from '../pipeline/model.ts';
import type { AwayThing } from './inputs.ts';

/** How far a download is. */
export interface PullProgress {
  readonly objects: number;
  readonly totalObjects: number;
  readonly bytes: number;
  readonly totalBytes: number;
}

/** What came from one remote. */
export interface Pulled {
  /** What the configuration calls it; absent where there is none that could have it. */
  readonly remote?: string;
  readonly things: readonly AwayThing[];
  readonly objects: number;
  readonly bytes: number;
  /** Paths of what neither the remote nor the store has whole, relative to the project. */
  readonly missing: readonly string[];
}

/** What keeps an out from being had. */
export interface OutLack {
  /** The remote that should have it; absent for what is never pushed. */
  readonly remote?: string;
  /** Objects that are missing, as far as that is known. */
  readonly objects: number;
  /** Whether some of it is there: the list of the folder, and not all that it lists. */
  readonly isPart: boolean;
}

/** What a survey is going to ask a source. */
export interface Questions {
  readonly records: readonly { readonly stage: Stage; readonly key: Digest }[];
  readonly outs: readonly { readonly out: Pick<Out, 'path'>; readonly thing: AwayThing }[];
}

/**
 * Where `--pull` has things from. The engine knows no remote: it says what it needs, and whoever starts it brings that
 * into the store. Each call may throw a PipeError of a remote.
 */
export interface PullSource {
  /** What is tracked outside the stages of the run: by pointers, and outs of other stages as their locks have them. */
  readonly tracked: readonly AwayThing[];
  /**
   * Answers at once what is going to be asked one by one, so that many stages cost few requests: brings the run records
   * under some keys, and looks for outs.
   * @returns how many records came
   */
  ahead(questions: Questions): Promise<number>;
  /** Brings the run records under a key of a stage; returns how many came. */
  records(stage: Stage, key: Digest): Promise<number>;
  /**
   * What the store and the remote of an out lack of it; `undefined` when all of it can be had. Each object is looked for
   * by itself. Keeps nothing.
   */
  lack(out: Pick<Out, 'path'>, thing: AwayThing): Promise<OutLack | undefined>;
  /** Brings the lists of the folders on the way to a path inside a thing. */
  lists(thing: AwayThing, below: string): Promise<void>;
  /** Brings the list of the folder at a path inside a thing, too, all parts of it. What cannot be had stays away. */
  list(thing: AwayThing, below: string): Promise<void>;
  /**
   * Brings all that things need.
   * @param things of parts, `path` and `entry` are those of the part, `whole` is what they are a part of
   */
  bring(
    things: readonly WantedThing[],
    onProgress: (remote: string, progress: PullProgress) => void,
  ): Promise<readonly Pulled[]>;
}

/** A thing, or a part of one, that is to be brought. */
export interface WantedThing extends AwayThing {
  /** Path of the whole thing. */
  readonly whole: string;
}
