import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { PipeError } from '../problem/problem.ts';
import type { Execution, ExecutionResult } from './executor.ts';
import { lineSplitter } from './lines.ts';
import { GRACE_MS, groupIsAlive, signalGroup } from './process-group.ts';
import { shellFor } from './shell.ts';

/**
 * After a command has ended, its output is over when so many looks in a row, so long apart, found nothing more. Looks and
 * not time: on a busy machine a moment passes before the first one.
 */
const QUIET_LOOKS = 10;
const LOOK_MS = 20;

/** More than this does not wait in pipes: somebody else, whom the command has started, goes on writing. */
const MOST_WAITING = 4 << 20;

/** How long what a command started may outlive it: helpers of a command often end just after it. */
const OUTLIVE_MS = 1_000;

/**
 * Runs one command to its end, in a process group of its own: Ctrl-C on the terminal reaches it only through us, and all
 * its members can be ended at once.
 * @throws {PipeError} PIPE_COMMAND_START when it cannot be started at all.
 */
export async function runCommand(execution: Execution): Promise<ExecutionResult> {
  const { file, args } = shellFor(execution.command, execution.env['SHELL']);
  const { cwd, env } = execution;
  const child = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const { pid } = child;
  if (pid === undefined) throw startFailed(execution, await startError(child));
  execution.onStart(pid);
  const flow: Flow = { bytes: 0, taking: 0 };
  const closed = Promise.all([
    streamLines(child.stdout, { execution, name: 'stdout', flow }),
    streamLines(child.stderr, { execution, name: 'stderr', flow }),
  ]);
  const exited = new Promise<{ exitCode: number | null; signal: string | null }>((resolve) => {
    child.once('exit', (exitCode, signal) => {
      resolve({ exitCode, signal });
    });
  });
  const ending = endOn(execution, pid);
  const { exitCode, signal } = await exited;
  // What happens from here on is no longer about the command: neither its time nor a late Ctrl-C counts against it.
  const ended = ending.stop();
  const drained = await drain(closed, flow);
  const leftovers = await outlives(pid, OUTLIVE_MS);
  if (leftovers) await endGroup(pid, execution.forceSignal);
  if (!drained) await drain(closed, flow);
  child.stdout.destroy();
  child.stderr.destroy();
  await closed;
  return { exitCode, signal, leftovers, ...ended };
}

function startError(child: ChildProcess): Promise<Error> {
  return new Promise((resolve) => {
    child.once('error', resolve);
  });
}

/** What a command wrote, as far as it has come. */
interface Flow {
  bytes: number;
  /** How many streams wait for their lines to be taken. */
  taking: number;
}

interface Streaming {
  readonly execution: Execution;
  readonly name: 'stdout' | 'stderr';
  readonly flow: Flow;
}

/** Hands lines on as they come; nothing more is read until they are taken, so that output needs no memory. */
async function streamLines(stream: Readable, { execution, name, flow }: Streaming): Promise<void> {
  let lines: string[] = [];
  const splitter = lineSplitter((line) => {
    lines.push(line);
  });
  const handOn = async (): Promise<void> => {
    const taken = lines;
    lines = [];
    if (taken.length === 0) return;
    flow.taking += 1;
    await execution.onLines(name, taken);
    flow.taking -= 1;
  };
  try {
    for await (const chunk of stream) {
      flow.bytes += (chunk as Buffer).length;
      splitter.write(chunk as Buffer);
      await handOn();
    }
  } catch (error) {
    // Closed by us, when what holds the pipe open has been ended.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
  splitter.end();
  await handOn();
}

/** Takes what a command that has ended left in its pipes; returns whether nobody holds these open any more. */
async function drain(closed: Promise<unknown>, flow: Flow): Promise<boolean> {
  const most = flow.bytes + MOST_WAITING;
  const over = closed.then(() => true);
  for (let [quiet, before] = [0, flow.bytes]; quiet < QUIET_LOOKS && flow.bytes < most; before = flow.bytes) {
    if (await Promise.race([over, sleep(LOOK_MS, false)])) return true;
    quiet = flow.bytes === before && flow.taking === 0 ? quiet + 1 : 0;
  }
  return false;
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

function startFailed(execution: Execution, cause: NodeJS.ErrnoException): PipeError {
  const shell = execution.env['SHELL'] ?? '/bin/sh';
  return new PipeError(
    {
      code: 'PIPE_COMMAND_START',
      message: `cannot start ${JSON.stringify(shell)} in ${execution.cwd}: ${cause.code ?? cause.message}`,
      hint: 'check that the working folder exists and that SHELL names a shell',
    },
    { cause },
  );
}
