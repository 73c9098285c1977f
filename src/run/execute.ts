import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StageEndEvent } from '../event/event.ts';
import { parseProgress } from '../event/progress.ts';
import type { Reason } from '../event/reason.ts';
import { RUN_ID_VARIABLE } from '../executor/process-group.ts';
import { findExecutor } from '../executor/registry.ts';
import { commandLines } from '../fingerprint/stage.ts';
import { removeTree } from '../kit/remove-tree.ts';
import type { Stage } from '../pipeline/model.ts';
import type { Problem } from '../problem/problem.ts';
import { SIGNING_KEY_VARIABLE } from '../project/signing.ts';
import { checkInside } from '../store/restore.ts';
import { unprotect } from '../store/unprotect.ts';
import { commit } from './commit.ts';
import type { Engine } from './engine.ts';
import type { StageFacts } from './facts.ts';
import { LogFile, logPath } from './log-file.ts';
import { maskSecrets } from './mask.ts';
import { cancelledProblem, commandProblem } from './stage-problem.ts';
import type { StageOptions } from './stage-options.ts';

/** How many of the last lines a failure shows. */
const TAIL_LINES = 20;

export interface ExecuteOptions extends StageOptions {
  readonly reasons: readonly Reason[];
}

/** How bringing a stage up to date by running it ended. */
export type Ending = ['ran' | 'failed' | 'cancelled', Partial<StageEndEvent>];

/** Runs the commands of a stage, as often as it may be tried, and stores what they made. */
export async function execute(engine: Engine, facts: StageFacts, options: ExecuteOptions): Promise<Ending> {
  const { stage } = facts;
  const startedAt = new Date(engine.now()).toISOString();
  for (let attempt = 1; ; attempt += 1) {
    const started = performance.now();
    const log = new LogFile(logPath(engine.project.pipeDir, stage.address));
    const tail: string[] = [];
    await prepareOuts(engine, stage, options);
    const { problem, exitCode, cancelled } = await runCommands(engine, stage, { attempt, log, tail, options });
    const whole = log.end();
    const durationMs = performance.now() - started;
    options.history.set(stage.address, { startedAt, durationMs, exitCode });
    if (cancelled) return ['cancelled', { problem: cancelledProblem(stage) }];
    if (problem === undefined) {
      const fault = await commit(engine, facts, { options, startedAt, durationMs, log: whole });
      return fault === undefined ? ['ran', {}] : ['failed', { problem: fault, tail }];
    }
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

/**
 * Outs that persist stay, as files of their own: what the stage writes to them must not end up in the store. Everything
 * else goes, so that no byte of an earlier run can pass for one of this run.
 */
async function prepareOuts(engine: Engine, stage: Stage, { signal }: ExecuteOptions): Promise<void> {
  const { root } = engine.project;
  const { store } = engine;
  for (const out of stage.outs) {
    const target = join(root, out.path);
    checkInside(target, root);
    if (out.persist) await unprotect(target, { store, signal });
    else removeTree(target);
  }
}

interface Attempt {
  readonly attempt: number;
  readonly log: LogFile;
  readonly tail: string[];
  readonly options: ExecuteOptions;
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
  engine.emit({
    type: 'stage-start',
    stage: stage.address,
    commands: commands.map(mask),
    attempt,
    reasons: options.reasons,
  });
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
      onLines: (stream, lines) => {
        for (const line of lines.map(mask)) {
          const progress = stream === 'stdout' ? parseProgress(line) : undefined;
          if (progress !== undefined) {
            engine.emit({ type: 'stage-progress', stage: stage.address, ...progress });
            continue;
          }
          log.write(line);
          tail.push(line);
          if (tail.length > TAIL_LINES) tail.shift();
          engine.emit({ type: 'stage-output', stage: stage.address, stream, line });
        }
      },
    });
    forgetGroup();
    if (result.cancelled) return { exitCode: result.exitCode, cancelled: true };
    if (result.leftovers) noteLeftovers(engine, stage);
    const problem = commandProblem(stage, mask(command), result);
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
    // Whoever holds it speaks for its owner: a command is not told.
    [SIGNING_KEY_VARIABLE]: undefined,
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
