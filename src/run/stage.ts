import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StageEndEvent } from '../event/event.ts';
import { parseProgress } from '../event/progress.ts';
import type { ExecutionResult } from '../executor/executor.ts';
import { RUN_ID_VARIABLE } from '../executor/process-group.ts';
import { findExecutor } from '../executor/registry.ts';
import { fingerprintPath } from '../fingerprint/file.ts';
import { commandLines } from '../fingerprint/stage.ts';
import { canonical } from '../kit/canonical.ts';
import type { LockEntry } from '../lockfile/block.ts';
import { entryOf, lockEntry } from '../lockfile/entry.ts';
import type { Out, Stage } from '../pipeline/model.ts';
import type { Problem } from '../problem/problem.ts';
import { PipeError } from '../problem/problem.ts';
import { checkInside, removeTree, restoreEntry } from '../store/restore.ts';
import type { RunRecord } from '../store/run-record.ts';
import { writeRunRecord } from '../store/run-record.ts';
import type { Engine } from './engine.ts';
import type { StageFacts } from './facts.ts';
import { NOTHING_EXPECTED, findRecord, gatherFacts, isCacheable, keyOf } from './facts.ts';
import type { History } from './history.ts';
import { LogFile, logPath } from './log-file.ts';
import { maskSecrets } from './mask.ts';
import type { PlanOptions } from './plan.ts';
import { decide } from './plan.ts';
import { storeSink } from './sink.ts';
import { stageProblems } from './survey.ts';

export interface StageOptions extends PlanOptions {
  readonly allowMissing?: boolean;
  /** Do not put outs into the store (`--no-commit`). */
  readonly noCommit?: boolean;
  readonly signal: AbortSignal;
  readonly forceSignal: AbortSignal;
  readonly history: History;
}

/** How many of the last lines a failure shows. */
const TAIL_LINES = 20;

/**
 * Brings one stage up to date; what it needs is up to date already. The order matters: claim its paths, look, decide;
 * restore, or remove outs, run, look again; store, record, and lock last, so that whatever is recorded is complete.
 */
export async function runStage(engine: Engine, stage: Stage, options: StageOptions): Promise<StageEndEvent> {
  const started = performance.now();
  const release = await claimPaths(engine, stage, options.signal);
  try {
    engine.locks.refresh();
    const facts = await gatherFacts(engine, stage, NOTHING_EXPECTED, options);
    const decision = decide(facts, [], options, (each) => findRecord(engine, each));
    const { reasons, record } = decision;
    const end = (outcome: StageEndEvent['outcome'], more: Partial<StageEndEvent> = {}): StageEndEvent => {
      const durationMs = outcome === 'fresh' || outcome === 'frozen' ? 0 : performance.now() - started;
      return { type: 'stage-end', stage: stage.address, outcome, reasons, durationMs, ...more };
    };
    if (decision.state === 'fresh' || decision.state === 'frozen') return end(decision.state);
    const problems = stageProblems(engine, facts);
    if (problems[0] !== undefined) return end('failed', { problem: problems[0] });
    if (record !== undefined && (await restore(engine, facts, record))) {
      return end('restored', { savedMs: record.durationMs });
    }
    return end(...(await execute(engine, facts, options)));
  } catch (error) {
    const problem = error instanceof PipeError ? error.problems[0] : storageProblem(stage, error);
    if (problem === undefined) throw error;
    const durationMs = performance.now() - started;
    return { type: 'stage-end', stage: stage.address, outcome: 'failed', reasons: [], durationMs, problem };
  } finally {
    release();
  }
}

function claimPaths(engine: Engine, stage: Stage, signal: AbortSignal): Promise<() => void> {
  const reads = [...stage.deps, ...stage.params].map(({ path }) => path);
  const writes = stage.outs.map(({ path }) => path);
  return engine.claims.acquire(
    { stage: stage.address, reads, writes },
    ({ owner, stage: other, path, file }) => {
      engine.emit({
        type: 'notice',
        stage: stage.address,
        message: `waiting for process ${String(owner.pid)} on ${owner.host}, which works on ${path} ("${other}")`,
        hint: `if that machine is gone, remove ${file}`,
      });
    },
    signal,
  );
}

/** Puts the outs of a finished run into the workspace and records it. `false` when the store lacks some of them. */
async function restore(engine: Engine, facts: StageFacts, record: RunRecord): Promise<boolean> {
  const { stage } = facts;
  const { root, pipeDir } = engine.project;
  for (const locked of record.outs) {
    const out = stage.outs.find((each) => each.as === locked.path);
    const seen = facts.outs.get(locked.path);
    if (out === undefined) return false;
    if (seen?.state === 'known' && seen.entry.digest === locked.digest) continue;
    if (!(await restoreEntry(engine.store, entryOf(locked), { target: join(root, out.path), root }))) return false;
  }
  const log = record.log === null ? undefined : engine.store.read(record.log);
  const logFile = new LogFile(logPath(pipeDir, stage.address));
  if (log !== undefined) logFile.write(log.toString('utf8').replace(/\n$/, ''));
  logFile.end();
  recordBlock(engine, facts, record.outs);
  return true;
}

type Ending = ['ran' | 'failed' | 'cancelled', Partial<StageEndEvent>];

/** Runs the commands of a stage, as often as it may be tried, and stores what they made. */
async function execute(engine: Engine, facts: StageFacts, options: StageOptions): Promise<Ending> {
  const { stage } = facts;
  const startedAt = new Date(engine.now()).toISOString();
  for (let attempt = 1; ; attempt += 1) {
    const started = performance.now();
    const log = new LogFile(logPath(engine.project.pipeDir, stage.address));
    const tail: string[] = [];
    removeOuts(engine, stage);
    const { problem, exitCode, cancelled } = await runCommands(engine, stage, { attempt, log, tail, options });
    const logText = log.end();
    const durationMs = performance.now() - started;
    options.history.set(stage.address, { startedAt, durationMs, exitCode });
    if (cancelled) return ['cancelled', { problem: cancelledProblem(stage) }];
    if (problem === undefined) return commit(engine, facts, options, { startedAt, durationMs, logText });
    if (attempt > (stage.retry?.count ?? 0)) return ['failed', { problem, tail }];
    const delayMs = retryDelay(stage, attempt);
    engine.emit({ type: 'stage-retry', stage: stage.address, attempt, delayMs, problem });
    await sleep(delayMs, undefined, { signal: options.signal }).catch(() => undefined);
    if (options.signal.aborted) return ['cancelled', { problem: cancelledProblem(stage) }];
  }
}

function retryDelay({ retry }: Stage, attempt: number): number {
  return retry === undefined ? 0 : Math.min(retry.delayMs * retry.factor ** (attempt - 1), retry.maxDelayMs);
}

/** Outs that persist stay; everything else goes, so that no byte of an earlier run can pass for one of this run. */
function removeOuts(engine: Engine, stage: Stage): void {
  const { root } = engine.project;
  for (const out of stage.outs) {
    if (out.persist) continue;
    const target = join(root, out.path);
    checkInside(target, root);
    removeTree(target);
  }
}

interface Attempt {
  readonly attempt: number;
  readonly log: LogFile;
  readonly tail: string[];
  readonly options: StageOptions;
}

interface Attempted {
  readonly problem?: Problem;
  readonly exitCode: number | null;
  readonly cancelled: boolean;
}

async function runCommands(engine: Engine, stage: Stage, { attempt, log, tail, options }: Attempt): Promise<Attempted> {
  const commands = commandLines(stage.cmd);
  const executor = await findExecutor(stage.executor);
  const mask = maskSecrets(stage.secrets.map((name) => engine.env[name] ?? ''));
  const deadline = stage.timeoutMs === undefined ? undefined : performance.now() + stage.timeoutMs;
  engine.emit({ type: 'stage-start', stage: stage.address, commands: commands.map(mask), attempt });
  for (const command of commands) {
    let forgetGroup = (): void => undefined;
    const result = await executor.run({
      command,
      cwd: join(engine.project.root, stage.wdir),
      env: commandEnvironment(engine, stage),
      ...(deadline === undefined ? {} : { timeoutMs: Math.max(1, deadline - performance.now()) }),
      signal: options.signal,
      forceSignal: options.forceSignal,
      onStart: (group) => {
        forgetGroup = engine.claims.noteGroup(group);
      },
      onLine: (stream, raw) => {
        const line = mask(raw);
        const progress = stream === 'stdout' ? parseProgress(line) : undefined;
        if (progress !== undefined) {
          engine.emit({ type: 'stage-progress', stage: stage.address, ...progress });
          return;
        }
        log.write(line);
        tail.push(line);
        if (tail.length > TAIL_LINES) tail.shift();
        engine.emit({ type: 'stage-output', stage: stage.address, stream, line });
      },
    });
    forgetGroup();
    if (result.cancelled) return { exitCode: result.exitCode, cancelled: true };
    if (result.leftovers) noteLeftovers(engine, stage);
    const problem = problemOf(stage, mask(command), result);
    if (problem !== undefined) return { problem, exitCode: result.exitCode, cancelled: false };
  }
  return { exitCode: 0, cancelled: false };
}

function commandEnvironment(engine: Engine, stage: Stage): Record<string, string | undefined> {
  return {
    ...engine.env,
    ...Object.fromEntries(stage.env),
    PIPE_ROOT: engine.project.root,
    PIPE_STAGE: stage.address,
    DVC_ROOT: engine.project.root,
    DVC_STAGE: stage.address,
    [RUN_ID_VARIABLE]: engine.claims.runId,
  };
}

function noteLeftovers(engine: Engine, stage: Stage): void {
  engine.emit({
    type: 'notice',
    stage: stage.address,
    message: `"${stage.address}" left processes running in the background; they were ended`,
    hint: 'outs are read when the command ends: let it wait for what it starts',
  });
}

function problemOf(stage: Stage, command: string, result: ExecutionResult): Problem | undefined {
  if (result.timedOut) {
    return {
      code: 'PIPE_STAGE_TIMEOUT',
      message: `"${stage.address}" took longer than its timeout of ${String((stage.timeoutMs ?? 0) / 1000)} s and was ended`,
      hint: 'raise `timeout`, or see what it was doing with `pipe logs`',
      at: stage.at,
    };
  }
  if (result.exitCode === 0) return undefined;
  const how =
    result.exitCode === null ? `was ended by ${result.signal ?? 'a signal'}` : `exited with ${String(result.exitCode)}`;
  return {
    code: 'PIPE_STAGE_FAILED',
    message: `"${stage.address}" failed: \`${command}\` ${how}`,
    hint: `the whole output: \`pipe logs ${stage.address}\``,
    at: stage.at,
  };
}

/** Stores what a run made and records it, unless something it read has changed meanwhile. */
async function commit(
  engine: Engine,
  facts: StageFacts,
  options: StageOptions,
  run: { readonly startedAt: string; readonly durationMs: number; readonly logText: string | undefined },
): Promise<Ending> {
  const { stage } = facts;
  const outs: LockEntry[] = [];
  const sink = options.noCommit === true ? {} : { sink: storeSink(engine.store) };
  for (const out of stage.outs) {
    const entry = await fingerprintPath(out.path, { follow: false, ...sink }, engine.fingerprint);
    if (entry === undefined) return ['failed', { problem: missingOut(stage, out) }];
    outs.push(lockEntry(out.as, entry));
  }
  const changed = await changedInput(engine, facts, options);
  if (changed !== undefined) return ['failed', { problem: changedDep(stage, changed) }];
  const key = keyOf(engine, facts);
  if (key !== undefined && isCacheable(stage) && options.noCommit !== true) {
    const log = run.logText === undefined ? null : await engine.store.put(run.logText);
    writeRunRecord(engine.store.layout, engine.blake3, {
      key,
      stage: stage.name,
      startedAt: run.startedAt,
      durationMs: Math.round(run.durationMs),
      outs,
      log,
    });
  }
  recordBlock(engine, facts, outs);
  return ['ran', {}];
}

/** A dep or parameter that is no longer what it was when the stage started. */
async function changedInput(engine: Engine, facts: StageFacts, options: StageOptions): Promise<string | undefined> {
  const after = await gatherFacts(engine, { ...facts.stage, outs: [] }, NOTHING_EXPECTED, options);
  for (const [as, seen] of facts.deps) {
    const now = after.deps.get(as);
    if (seen.state !== 'known' || now?.state !== 'known' || now.entry.digest !== seen.entry.digest) return as;
  }
  const unchanged = canonical(after.inputs?.params ?? null) === canonical(facts.inputs?.params ?? null);
  return unchanged ? undefined : 'a parameter file';
}

function recordBlock(engine: Engine, facts: StageFacts, outs: readonly LockEntry[]): void {
  if (facts.inputs !== undefined) engine.locks.record(facts.stage, { ...facts.inputs, outs });
}

function missingOut(stage: Stage, out: Out): Problem {
  return {
    code: 'PIPE_OUT_MISSING',
    message: `"${stage.address}" ended well but did not make its out ${out.path}`,
    hint: 'check the path that the command writes to; paths are relative to the stage’s working folder',
    at: out.at,
  };
}

function changedDep(stage: Stage, path: string): Problem {
  return {
    code: 'PIPE_DEP_CHANGED',
    message: `${path} changed while "${stage.address}" ran: nothing is recorded, since it is unknown which bytes it read`,
    hint: 'run again; a stage may not write to its own deps (use an out with `persist: true`)',
    at: stage.at,
  };
}

function cancelledProblem(stage: Stage): Problem {
  return { code: 'PIPE_CANCELLED', message: `"${stage.address}" was stopped`, at: stage.at };
}

const STORAGE_FAULTS = new Map([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'not permitted'],
  ['EROFS', 'the file system is read-only'],
]);

function storageProblem(stage: Stage, error: unknown): Problem | undefined {
  const { code, path } = error as NodeJS.ErrnoException;
  const fault = STORAGE_FAULTS.get(code ?? '');
  if (fault === undefined) return undefined;
  return {
    code: 'PIPE_STORE_WRITE',
    message: `"${stage.address}": cannot write${path === undefined ? '' : ` ${path}`}: ${fault}`,
    hint:
      code === 'ENOSPC'
        ? 'free some space and run again: what was finished is kept'
        : 'check the owner and mode of the folder',
    at: stage.at,
  };
}
