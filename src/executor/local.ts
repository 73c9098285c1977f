import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { PipeError } from '../problem/problem.ts';
import type { Execution, ExecutionResult, Executor } from './executor.ts';
import { lineSplitter } from './lines.ts';
import { GRACE_MS, groupIsAlive, signalGroup } from './process-group.ts';
import { shellFor } from './shell.ts';

/** How long output may trickle in after a command has ended. */
const DRAIN_MS = 200;

/** How long what a command started may outlive it: helpers of a command often end just after it. */
const OUTLIVE_MS = 1_000;

/** Runs commands on this machine, each in a process group of its own. */
export const localExecutor: Executor = { run };

async function run(execution: Execution): Promise<ExecutionResult> {
  const { file, args } = shellFor(execution.command, execution.env['SHELL']);
  // A group of its own: Ctrl-C on the terminal reaches it only through us, and all its members can be ended at once.
  const child = execa(file, args, {
    cwd: execution.cwd,
    env: execution.env,
    extendEnv: false,
    detached: true,
    cleanup: false,
    buffer: false,
    reject: false,
    stdin: 'ignore',
  });
  const { pid } = child;
  if (pid === undefined) throw startFailed(execution, await child);
  execution.onStart(pid);
  const closed = [streamLines(child.stdout, execution, 'stdout'), streamLines(child.stderr, execution, 'stderr')];
  const exited = new Promise<{ exitCode: number | null; signal: string | null }>((resolve) => {
    child.once('exit', (exitCode, signal) => {
      resolve({ exitCode, signal });
    });
  });
  const ending = endOn(execution, pid);
  const { exitCode, signal } = await exited;
  // What happens from here on is no longer about the command: neither its time nor a late Ctrl-C counts against it.
  const ended = ending.stop();
  const drained = await Promise.race([Promise.all(closed).then(() => true), sleep(DRAIN_MS, false, { ref: false })]);
  const leftovers = await outlives(pid, OUTLIVE_MS);
  if (leftovers) await endGroup(pid, execution.forceSignal);
  if (!drained) await Promise.race([Promise.all(closed), sleep(DRAIN_MS, undefined, { ref: false })]);
  child.stdout.destroy();
  child.stderr.destroy();
  await Promise.all(closed);
  return { exitCode, signal, leftovers, ...ended };
}

async function streamLines(
  stream: NodeJS.ReadableStream,
  execution: Execution,
  name: 'stdout' | 'stderr',
): Promise<void> {
  const splitter = lineSplitter((line) => {
    execution.onLine(name, line);
  });
  await new Promise<void>((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      splitter.write(chunk);
    });
    stream.once('close', resolve).once('error', () => {
      resolve();
    });
  });
  splitter.end();
}

/** Ends the group when the run is cancelled or the time is up: gently first, firmly after a while or on demand. */
function endOn(execution: Execution, group: number): { stop(): { timedOut: boolean; cancelled: boolean } } {
  let timedOut = false;
  let cancelled = false;
  const timers: NodeJS.Timeout[] = [];
  const later = (ms: number, act: () => void): void => {
    timers.push(setTimeout(act, ms));
  };
  const kill = (): void => {
    signalGroup(group, 'SIGKILL');
  };
  const cancel = (): void => {
    cancelled = true;
    signalGroup(group, execution.signal.reason === 'SIGINT' ? 'SIGINT' : 'SIGTERM');
    later(GRACE_MS, kill);
  };
  if (execution.signal.aborted) cancel();
  else execution.signal.addEventListener('abort', cancel, { once: true });
  execution.forceSignal.addEventListener('abort', kill, { once: true });
  if (execution.timeoutMs !== undefined) {
    later(execution.timeoutMs, () => {
      timedOut = true;
      signalGroup(group, 'SIGTERM');
      later(GRACE_MS, kill);
    });
  }
  return {
    stop() {
      for (const timer of timers) clearTimeout(timer);
      execution.signal.removeEventListener('abort', cancel);
      execution.forceSignal.removeEventListener('abort', kill);
      return { timedOut, cancelled };
    },
  };
}

/** Whether a group still has members after a while. */
async function outlives(group: number, ms: number): Promise<boolean> {
  for (const started = performance.now(); groupIsAlive(group);) {
    if (performance.now() - started > ms) return true;
    await sleep(5);
  }
  return false;
}

async function endGroup(group: number, force: AbortSignal): Promise<void> {
  signalGroup(group, 'SIGTERM');
  for (let waited = 0; groupIsAlive(group); waited += 10) {
    if (waited >= GRACE_MS || force.aborted) signalGroup(group, 'SIGKILL');
    await sleep(10);
  }
}

function startFailed(execution: Execution, result: { cause?: unknown }): PipeError {
  const cause = result.cause as NodeJS.ErrnoException | undefined;
  const shell = execution.env['SHELL'] ?? '/bin/sh';
  return new PipeError(
    {
      code: 'PIPE_COMMAND_START',
      message: `cannot start ${JSON.stringify(shell)} in ${execution.cwd}: ${cause?.code ?? 'unknown error'}`,
      hint: 'check that the working folder exists and that SHELL names a shell',
    },
    { cause },
  );
}
