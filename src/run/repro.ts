import { join } from 'node:path';
import { findExecutor } from '../executor/registry.ts';
import type { StageEndEvent, StageOutcome } from '../event/event.ts';
import type { Graph } from '../graph/graph.ts';
import { isAbort } from '../kit/abort.ts';
import { lockPathOf } from '../lockfile/lock.ts';
import { PipeError } from '../problem/problem.ts';
import { autostage } from '../project/autostage.ts';
import { ensurePipeFolder } from '../project/pipe-folder.ts';
import type { Blocker } from './claims.ts';
import { waitNotice } from './claims.ts';
import type { Engine } from './engine.ts';
import { GitIgnoredOuts } from './git-ignored.ts';
import type { Away } from './away.ts';
import type { History } from './history.ts';
import type { ChangedInput, Inputs } from './inputs.ts';
import { openHistory } from './history.ts';
import type { PlanOptions } from './plan.ts';
import type { Pull } from './pull.ts';
import type { PullSource } from './pull-source.ts';
import { refusals, refusedInputs } from './refused.ts';
import type { Capacity, Job } from './schedule.ts';
import { Schedule } from './schedule.ts';
import type { Confirm, StageOptions } from './stage-options.ts';
import { runStage } from './stage.ts';
import type { Survey } from './survey.ts';
import { frozenLacks, planEvent, planProblems, survey } from './survey.ts';

/** What happens to the rest when a stage fails: `stop` starts nothing more, `keep-going` runs what does not need it. */
export type FailureMode = 'stop' | 'keep-going' | 'ignore';

export interface ReproOptions extends PlanOptions {
  readonly selected: ReadonlySet<string>;
  readonly capacity: Capacity;
  readonly mode: FailureMode;
  /** Only say what would happen. */
  readonly dry?: boolean;
  readonly allowMissing?: boolean;
  readonly noCommit?: boolean;
  /** Run what needs a stage that ran or was restored, changed or not (`--force-downstream`). */
  readonly forceDownstream?: boolean;
  readonly confirm?: Confirm;
  /** Where what is missing comes from (`--pull`). */
  readonly source?: PullSource | undefined;
  /** Looks at what stages read and none of them makes; absent where there is no such data. */
  readonly inputs?: ((source: PullSource | undefined) => Promise<Inputs>) | undefined;
  readonly signal: AbortSignal;
  readonly forceSignal: AbortSignal;
}

export interface ReproResult {
  readonly ok: boolean;
  readonly ends: ReadonlyMap<string, StageEndEvent>;
}

/**
 * Brings the selected stages up to date: looks at all of them, says what will happen, then runs what must run, as many
 * at once as the capacity allows.
 * @throws {PipeError} before anything runs, when a stage is bound to fail and nothing was said about keeping going.
 */
export async function repro(engine: Engine, options: ReproOptions): Promise<ReproResult> {
  const started = performance.now();
  const history = openHistory(join(engine.project.pipeDir, 'tmp', 'history.json'));
  const ignored = options.dry === true ? undefined : await tidy(engine, options);
  const pull = await openPull(engine, options.source);
  const orStopped = (error: unknown): never => {
    throw isAbort(error) ? stoppedEarly() : error;
  };
  const inputs = await options.inputs?.(options.source).catch(orStopped);
  const absent = await noteAbsent(engine, inputs, pull);
  const refused = refusedInputs(inputs, pull);
  if (options.dry !== true && refused.length > 0) throw new PipeError(refusals(refused));
  const plan = await survey(engine, options.selected, {
    ...options,
    pull,
    absent,
    refused,
    found: inputs?.found,
  }).catch(orStopped);
  // Whatever comes of the run, what was read need not be read again.
  engine.index.save();
  const data = options.noCommit === true ? [] : (inputs?.changed ?? []);
  engine.emit(planEvent(engine, plan, { jobs: options.capacity.jobs, history, data }));
  for (const note of inputs?.notes ?? []) engine.emit({ type: 'notice', ...note });
  const lacks = frozenLacks(plan, pull);
  for (const lack of lacks) engine.emit(lack);
  const isCut = pull !== undefined && lacks.length > 0;
  const problems = planProblems(engine, plan);
  if (options.mode === 'stop' && problems.size > 0) throw new PipeError([...problems.values()].flat());
  if (ignored === undefined) {
    const { tellLost } = await import('./lost.ts');
    const isFound = await tellLost(engine, plan, { pull, problems: refusals(refused) });
    return { ok: isFound && !isCut, ends: new Map() };
  }
  prepareExecutors(plan);
  const pointers = data.length === 0 ? [] : await recordInputs(engine, inputs, options.signal);
  const ends = await new Run(engine, plan, { ...options, history, ignored, pull, absent }).toEnd();
  const isPlaced = pull === undefined || (await placeFinals(engine, plan, { ...options, pull, ends }));
  const locks = await foldLocks(engine, options.signal);
  engine.claims.close();
  engine.index.save();
  engine.objects.save();
  history.save();
  await autostage(engine.project, engine.env, [...locks, ...pointers, ...ignored.written]);
  const counts = countOutcomes(ends);
  const ok = isPlaced && !isCut && counts.failed + counts.blocked + counts.cancelled === 0;
  const downloaded = pull === undefined ? {} : { downloaded: pull.downloaded };
  engine.emit({ type: 'run-end', ok, counts, durationMs: performance.now() - started, ...downloaded });
  return { ok, ends };
}

/** Most runs download nothing: what that takes loads late. */
async function openPull(engine: Engine, source: PullSource | undefined): Promise<Pull | undefined> {
  if (source === undefined) return undefined;
  const { Pull } = await import('./pull.ts');
  return new Pull(engine, source);
}

/** With `--pull` what never came is had from there; without it, whoever needs it cannot run. */
async function noteAbsent(
  engine: Engine,
  inputs: Inputs | undefined,
  pull: Pull | undefined,
): Promise<Away | undefined> {
  if (inputs === undefined || inputs.partial.length === 0) return undefined;
  const { Away } = await import('./away.ts');
  const away = pull?.away ?? new Away(engine.project.root);
  for (const thing of inputs.partial) away.addParts(thing);
  return pull === undefined ? away : undefined;
}

/** Before anything runs: what a stage is recorded to have read is recorded itself. */
async function recordInputs(engine: Engine, inputs: Inputs | undefined, signal: AbortSignal): Promise<string[]> {
  const isStaged = engine.project.config.get('core.autostage');
  try {
    const tell = (changed: ChangedInput): void => {
      engine.emit({ type: 'recorded', ...changed, isStaged });
    };
    return (await inputs?.record(signal, tell)) ?? [];
  } catch (error) {
    // The run ends before its first stage, and says so of each.
    if (isAbort(error)) return [];
    throw error;
  }
}

async function placeFinals(...args: Parameters<typeof import('./finals.ts').placeFinals>): Promise<boolean> {
  const finals = await import('./finals.ts');
  return finals.placeFinals(...args);
}

/** While an executor starts, the first stages are claimed and looked at. */
function prepareExecutors(plan: Survey): void {
  const running = [...plan.values()].filter(({ decision }) => decision.state === 'run');
  for (const name of new Set(running.map(({ facts }) => facts.stage.executor))) {
    // What goes wrong here goes wrong again, and is told, when a stage is started.
    void findExecutor(name).then(
      (executor) => executor.prepare?.(),
      () => undefined,
    );
  }
}

/** Nothing has been touched, and there is no plan to tell of. */
function stoppedEarly(): PipeError {
  return new PipeError({ code: 'PIPE_CANCELLED', message: 'the run was stopped before any stage ran' });
}

/** Ends what killed runs left behind, puts into the locks what they had finished, and keeps outs out of Git. */
async function tidy(engine: Engine, { selected, signal }: ReproOptions): Promise<GitIgnoredOuts> {
  ensurePipeFolder(engine.project.pipeDir);
  // A key that cannot be read is told before anything runs.
  engine.signing.signer();
  await engine.claims.reap();
  await foldLocks(engine, signal);
  const stages = [...engine.graph.stages.values()].filter((stage) => selected.has(stage.address));
  return new GitIgnoredOuts(engine.project, stages);
}

/** Puts the journals into the locks. Returns the absolute paths of the locks that changed. */
export async function foldLocks(engine: Engine, signal: AbortSignal): Promise<string[]> {
  if (!engine.locks.hasJournals) return [];
  const files = new Set([...engine.graph.stages.values()].map((stage) => lockPathOf(stage.file)));
  // A stopped run still folds: what it finished is worth keeping. Only waiting for somebody else is given up.
  const claim = { stage: 'locks', reads: [], writes: [...files] };
  const tell = (blocker: Blocker): void => {
    engine.emit(waitNotice(blocker));
  };
  try {
    const release = await engine.claims.acquire(claim, tell, signal.aborted ? undefined : signal);
    try {
      return engine.locks.fold(engine.graph.stages.values());
    } finally {
      release();
    }
  } catch (error) {
    // The journals stay, and the next run folds them.
    if (!isAbort(error)) throw error;
    return [];
  }
}

function countOutcomes(ends: ReadonlyMap<string, StageEndEvent>): Record<StageOutcome, number> {
  const counts = { ran: 0, restored: 0, fresh: 0, frozen: 0, skipped: 0, failed: 0, blocked: 0, cancelled: 0 };
  for (const { outcome } of ends.values()) counts[outcome] += 1;
  return counts;
}

/** Whether a stage can be taken for what the plan says, as far as one of those that it needs goes. */
function isQuiet(isPlanned: boolean, outcome: StageOutcome | undefined): boolean {
  return !isPlanned || outcome === 'fresh' || outcome === 'frozen';
}

/** The stages that nothing which is yet to run can change, with how they end. */
function settledFrom(plan: Survey, needs: Graph['needs']): Map<string, 'fresh' | 'frozen' | 'skipped'> {
  const settled = new Map<string, 'fresh' | 'frozen' | 'skipped'>();
  for (const [address, { decision }] of plan) {
    const { state } = decision;
    if (state === 'skip') settled.set(address, 'skipped');
    if (state !== 'fresh' && state !== 'frozen') continue;
    const before = needs.get(address) ?? [];
    if (before.every((each) => isQuiet(plan.has(each), settled.get(each)))) settled.set(address, state);
  }
  return settled;
}

interface RunOptions extends ReproOptions {
  readonly history: History;
  readonly ignored: GitIgnoredOuts;
  readonly pull: Pull | undefined;
  readonly absent: Away | undefined;
}

/** One run over a plan. */
class Run {
  readonly #engine: Engine;
  readonly #plan: Survey;
  readonly #options: RunOptions;
  /** Stages that need no look any more, in the order of the plan. Usually all, and then nothing is scheduled. */
  readonly #settled: ReadonlyMap<string, 'fresh' | 'frozen' | 'skipped'>;
  readonly #schedule: Schedule;
  readonly #ends = new Map<string, StageEndEvent>();
  #stopped = false;

  constructor(engine: Engine, plan: Survey, options: RunOptions) {
    this.#engine = engine;
    this.#plan = plan;
    this.#options = options;
    const { history } = options;
    this.#settled = settledFrom(plan, engine.graph.needs);
    const open = [...plan].filter(([address]) => !this.#settled.has(address));
    const usual = open.length === 0 ? 0 : history.usualMs();
    this.#schedule = new Schedule(
      open.map(([address, surveyed]): Job => {
        const { resources } = surveyed.facts.stage;
        return {
          name: address,
          needs: engine.graph.needs.get(address) ?? [],
          expectedMs: history.durationOf(address) ?? usual,
          cpus: resources.cpus,
          memoryBytes: resources.memoryBytes ?? 0,
          gpus: resources.gpus,
        };
      }),
      options.capacity,
    );
  }

  async toEnd(): Promise<ReadonlyMap<string, StageEndEvent>> {
    const running = new Map<string, Promise<StageEndEvent>>();
    if (!this.#isStopped()) {
      for (const [address, outcome] of this.#settled) this.#tell(this.#without(address, outcome));
    }
    for (;;) {
      this.#startAll(running);
      if (running.size === 0) break;
      const end = await Promise.race(running.values());
      running.delete(end.stage);
      this.#end(end);
    }
    for (const address of this.#plan.keys()) {
      if (!this.#ends.has(address)) this.#end(this.#without(address, 'cancelled'));
    }
    return this.#ends;
  }

  /** Starts whatever can start. What is settled ends at once and may free more. */
  #startAll(running: Map<string, Promise<StageEndEvent>>): void {
    while (!this.#isStopped()) {
      const jobs = this.#schedule.next();
      if (jobs.length === 0) return;
      for (const { name } of jobs) {
        const end = this.#quietEnd(name);
        if (end === undefined) running.set(name, this.#start(name));
        else this.#end(end);
      }
    }
  }

  #isStopped(): boolean {
    return this.#stopped || this.#options.signal.aborted;
  }

  /** How a stage ends whose needs turned out not to change anything. */
  #quietEnd(address: string): StageEndEvent | undefined {
    const state = this.#plan.get(address)?.decision.state;
    if (state !== 'fresh' && state !== 'frozen') return undefined;
    const needs = this.#engine.graph.needs.get(address) ?? [];
    const quiet = needs.every((each) => isQuiet(this.#plan.has(each), this.#ends.get(each)?.outcome));
    return quiet ? this.#without(address, state) : undefined;
  }

  async #start(address: string): Promise<StageEndEvent> {
    const { forceDownstream } = this.#options;
    const stage = this.#engine.graph.stages.get(address);
    if (stage === undefined) return this.#without(address, 'skipped');
    const needs = this.#engine.graph.needs.get(address) ?? [];
    const isMadeBefore = needs.some((each) => ['ran', 'restored'].includes(this.#ends.get(each)?.outcome ?? ''));
    const options: StageOptions = {
      ...this.#options,
      force: this.#options.force === true || (forceDownstream === true && isMadeBefore),
    };
    const end = await runStage(this.#engine, stage, options);
    if (end.outcome === 'ran' || end.outcome === 'restored') this.#options.ignored.made(stage);
    return end;
  }

  #tell(end: StageEndEvent): void {
    this.#ends.set(end.stage, end);
    this.#engine.emit(end);
  }

  #end(end: StageEndEvent): void {
    this.#tell(end);
    const failed = end.outcome === 'failed' || end.outcome === 'cancelled';
    if (failed && this.#options.mode === 'stop') this.#stopped = true;
    const blocked = this.#schedule.end(end.stage, failed && this.#options.mode !== 'ignore' ? 'failed' : 'done');
    for (const address of blocked) {
      if (!this.#ends.has(address)) {
        const event = this.#without(address, end.outcome === 'cancelled' ? 'cancelled' : 'blocked');
        this.#tell(event);
      }
    }
  }

  #without(address: string, outcome: StageOutcome): StageEndEvent {
    const reasons = this.#plan.get(address)?.decision.reasons ?? [];
    return { type: 'stage-end', stage: address, outcome, reasons, durationMs: 0 };
  }
}
