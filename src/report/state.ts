import type {
  DownloadEvent,
  Event,
  PlannedStage,
  RunEndEvent,
  StageEndEvent,
  StageProgressEvent,
} from '../event/event.ts';
import { displayWidth } from '../kit/width.ts';
import { outputLine } from './output.ts';
import { EMPTY_TALLY, tallied } from './tally.ts';
import type { Tally } from './tally.ts';
import { clean } from './words.ts';

/** All that a live view shows of a run, made of its events. */
export interface LiveState {
  readonly startedAt: number;
  readonly plan: ReadonlyMap<string, PlannedStage>;
  /** Stages that something happens to, and how many of them are settled. */
  readonly total: number;
  readonly settled: number;
  readonly running: ReadonlyMap<string, RunningStage>;
  /** Stages whose turn has not come, in the order of the plan. */
  readonly waiting: readonly string[];
  readonly tally: Tally;
  /** What stays on the screen for good, in the order in which it happened. */
  readonly history: readonly Entry[];
  /** Columns of the longest name among the stages that something happens to. */
  readonly nameWidth: number;
  /** What is being downloaded, by the stage that needs it. */
  readonly downloads: ReadonlyMap<string, DownloadEvent>;
  readonly end?: RunEndEvent;
}

export interface RunningStage {
  readonly stage: string;
  readonly startedAt: number;
  readonly attempt: number;
  readonly expectedMs?: number | undefined;
  readonly progress?: StageProgressEvent | undefined;
  /** The last lines that it printed, fit for a terminal. */
  readonly tail: readonly string[];
}

export type Entry = StageEndEvent | Extract<Event, { type: 'notice' | 'stage-retry' | 'downloaded' | 'recorded' }>;

export const EMPTY_STATE: LiveState = {
  startedAt: 0,
  plan: new Map(),
  total: 0,
  settled: 0,
  running: new Map(),
  waiting: [],
  tally: EMPTY_TALLY,
  history: [],
  nameWidth: 0,
  downloads: new Map(),
};

/** As many last lines of a stage as a view may show. */
export const TAIL_LINES = 8;

/** More than a row of a terminal shows. */
const LONGEST_LINE = 1_000;

/** The state after an event that was seen at `now` (milliseconds). Pure. */
export function reduce(state: LiveState, event: Event, now: number): LiveState {
  switch (event.type) {
    case 'plan':
      return planned(state, event.stages, now);
    case 'stage-start':
      return started(state, event, now);
    case 'stage-output':
      return updated(state, event.stage, ({ tail }) => ({
        tail: [...tail.slice(1 - TAIL_LINES), outputLine(event.line, { color: false, longest: LONGEST_LINE })],
      }));
    case 'stage-progress':
      return updated(state, event.stage, () => ({ progress: event }));
    case 'stage-retry':
      return { ...updated(state, event.stage, () => ({ progress: undefined })), history: [...state.history, event] };
    case 'stage-end':
      return ended(state, event);
    case 'download':
      return { ...state, downloads: new Map(state.downloads).set(event.stage ?? '', event) };
    case 'downloaded': {
      const downloads = new Map(state.downloads);
      downloads.delete(event.stage ?? '');
      return { ...state, downloads, history: [...state.history, event] };
    }
    case 'notice':
    case 'recorded':
      return { ...state, history: [...state.history, event] };
    case 'run-end':
      return { ...state, end: event };
  }
}

function planned(state: LiveState, stages: readonly PlannedStage[], now: number): LiveState {
  const active = stages.filter(({ state: each }) => each === 'run' || each === 'may-run' || each === 'restore');
  const waiting = active.map(({ stage }) => stage);
  return {
    ...state,
    startedAt: now,
    plan: new Map(stages.map((each) => [each.stage, each])),
    total: active.length,
    waiting,
    nameWidth: waiting.reduce((widest, name) => Math.max(widest, displayWidth(clean(name))), 0),
  };
}

function started(state: LiveState, event: Extract<Event, { type: 'stage-start' }>, now: number): LiveState {
  const { stage, attempt } = event;
  const expectedMs = state.plan.get(stage)?.expectedMs;
  const isNew = !state.running.has(stage) && !state.waiting.includes(stage);
  return {
    ...state,
    // A stage that looked fresh may have to run after all.
    total: state.total + (isNew ? 1 : 0),
    running: new Map(state.running).set(stage, { stage, attempt, startedAt: now, expectedMs, tail: [] }),
    waiting: without(state.waiting, stage),
  };
}

function updated(state: LiveState, stage: string, change: (running: RunningStage) => Partial<RunningStage>): LiveState {
  const running = state.running.get(stage);
  if (!running) return state;
  return { ...state, running: new Map(state.running).set(stage, { ...running, ...change(running) }) };
}

function ended(state: LiveState, event: StageEndEvent): LiveState {
  const { stage } = event;
  const counted = state.running.has(stage) || state.waiting.includes(stage);
  const running = new Map(state.running);
  running.delete(stage);
  const downloads = new Map(state.downloads);
  downloads.delete(stage);
  return {
    ...state,
    running,
    downloads,
    waiting: without(state.waiting, stage),
    settled: state.settled + (counted ? 1 : 0),
    tally: tallied(state.tally, event),
    history: isShown(event) ? [...state.history, event] : state.history,
  };
}

/** What nothing happened to is left to the summary. */
function isShown({ outcome, durationMs }: StageEndEvent): boolean {
  return (
    outcome === 'ran' || outcome === 'restored' || outcome === 'failed' || (outcome === 'cancelled' && durationMs > 0)
  );
}

function without(names: readonly string[], name: string): readonly string[] {
  const index = names.indexOf(name);
  return index < 0 ? names : names.toSpliced(index, 1);
}
