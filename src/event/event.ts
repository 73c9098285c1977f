import type { Problem } from '../problem/problem.ts';
import type { Reason } from './reason.ts';

/**
 * Everything that can happen while pipelines run. The engine emits these; reports present them and know nothing else.
 * Stages are named by address. Times are milliseconds. Written down in docs/events.md, with its version.
 */
export type Event =
  | PlanEvent
  | {
      readonly type: 'stage-start';
      readonly stage: string;
      readonly commands: readonly string[];
      /** From 1. */
      readonly attempt: number;
      /** Why it runs, where more is known than when the plan was made. */
      readonly reasons?: readonly Reason[];
    }
  | {
      readonly type: 'stage-output';
      readonly stage: string;
      readonly stream: 'stdout' | 'stderr';
      /** One line without its end; secrets are masked already. */
      readonly line: string;
    }
  | StageProgressEvent
  | {
      readonly type: 'stage-retry';
      readonly stage: string;
      /** The attempt that failed, from 1. */
      readonly attempt: number;
      readonly delayMs: number;
      readonly problem: Problem;
    }
  | StageEndEvent
  | DownloadEvent
  | DownloadedEvent
  | RecordedEvent
  /** Something worth knowing that stops nothing. */
  | { readonly type: 'notice'; readonly message: string; readonly hint?: string; readonly stage?: string }
  | RunEndEvent;

/** Sent once, before anything runs: the nodes and edges that a view draws. */
export interface PlanEvent {
  readonly type: 'plan';
  readonly stages: readonly PlannedStage[];
  readonly jobs: number;
  /** Tracked data that was changed, which the run records in its pointers; absent where there is none. */
  readonly data?: readonly { readonly path: string; readonly pointer: string }[];
}

export interface PlannedStage {
  readonly stage: string;
  readonly state: PlanState;
  readonly reasons: readonly Reason[];
  /** Addresses of the stages in this plan that it needs directly. */
  readonly needs: readonly string[];
  /** How long its last run took; absent when unknown. */
  readonly expectedMs?: number;
  /** For `restore`: the remote that the run record came from; absent for a run of this machine. */
  readonly from?: string;
}

/**
 * `run`: it will run · `may-run`: it depends on bytes not yet made · `restore`: its outs come from the store ·
 * `fresh`: nothing to do · `frozen`: never run · `skip`: its `when` is false, or it needs a stage that is skipped.
 */
export type PlanState = 'run' | 'may-run' | 'restore' | 'fresh' | 'frozen' | 'skip';

/** Progress that the stage's own command reported (docs/progress.md). */
export interface StageProgressEvent {
  readonly type: 'stage-progress';
  readonly stage: string;
  /** 0 to 1; absent when the command cannot tell. */
  readonly fraction?: number;
  /** Short text such as `epoch 12/60 loss 0.013`. */
  readonly message?: string;
}

export interface StageEndEvent {
  readonly type: 'stage-end';
  readonly stage: string;
  readonly outcome: StageOutcome;
  readonly reasons: readonly Reason[];
  /** Time spent on it now; 0 for what needed nothing. */
  readonly durationMs: number;
  /** For `restored`: how long the run took that made the outs. */
  readonly savedMs?: number;
  /** For `restored`: the remote that the run record came from; absent for a run of this machine. */
  readonly from?: string;
  /** For `failed`: what went wrong, and the last lines it printed. */
  readonly problem?: Problem;
  readonly tail?: readonly string[];
}

/**
 * `ran` · `restored` from the store · `fresh` · `frozen` · `skipped` (a false `when`) · `failed` · `blocked` (a stage
 * that it needs failed) · `cancelled` (the run was stopped first).
 */
export type StageOutcome = 'ran' | 'restored' | 'fresh' | 'frozen' | 'skipped' | 'failed' | 'blocked' | 'cancelled';

/** Sent once, last. */
export interface RunEndEvent {
  readonly type: 'run-end';
  readonly ok: boolean;
  readonly counts: Readonly<Record<StageOutcome, number>>;
  readonly durationMs: number;
  /** What came from remotes (`--pull`); absent where none was asked for. */
  readonly downloaded?: Downloaded;
}

/** What came from remotes, over a whole run. */
export interface Downloaded {
  readonly objects: number;
  readonly bytes: number;
  /** Run records; their bytes do not count. */
  readonly records: number;
}

/** Tracked data that stages read had changed: it is in the store now, and its pointer says so. */
export interface RecordedEvent {
  readonly type: 'recorded';
  /** Both relative to the project. */
  readonly path: string;
  readonly pointer: string;
  /** Whether Git is told of the pointer at the end (`core.autostage`). */
  readonly isStaged: boolean;
}

/** How far a download is. */
export interface DownloadEvent {
  readonly type: 'download';
  readonly remote: string;
  /** The stage that needs it; absent for the outs that are put in place at the end. */
  readonly stage?: string;
  readonly objects: number;
  readonly totalObjects: number;
  readonly bytes: number;
  readonly totalBytes: number;
}

/** A download has ended well. */
export interface DownloadedEvent {
  readonly type: 'downloaded';
  readonly remote: string;
  readonly stage?: string;
  /** What it was for, relative to the project. */
  readonly paths: readonly string[];
  readonly objects: number;
  readonly bytes: number;
  readonly durationMs: number;
}

/** Receives events in the order in which they happen. Must not throw. */
export type Emit = (event: Event) => void;
