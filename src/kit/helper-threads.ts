import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Transferable } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';
import { PipeError } from '../problem/problem.ts';

/** More threads than this do not pay: the disk, or the folder that all of them write to, is then what takes time. */
const MOST = 3;

/** Threads beside the main one, for work that comes in large heaps. */
export interface HelperThreads {
  readonly count: number;
  /** Whether all of them have started, which takes as long as reading some thousand files. */
  isRunning(): boolean;
  /** Whether none of them has ended. */
  isWhole(): boolean;
  /**
   * Has the thread `at` (from 0) do a job; jobs of one thread are done one after another. `handed` changes hands.
   * Rejects with what the job throws, and with a {@link ThreadEnded} where the thread has ended before it was done.
   */
  run<O>(at: number, job: string, input: unknown, handed?: readonly Transferable[]): Promise<O>;
  /** The same by the thread that has the fewest to do; those that have ended are left out. */
  runAnywhere<O>(job: string, input: unknown): Promise<O>;
}

/** A thread has ended that still had something to do: killed for want of memory, say. What it did is not known. */
export class ThreadEnded extends PipeError {}

interface Answer {
  readonly id: number;
  readonly output?: unknown;
  readonly error?: Error;
}

/** The program of a helper thread, built beside the main one; there is none where the sources run as they are. */
const PROGRAM = join(import.meta.dirname, 'helper-thread.js');

let threads: HelperThreads | undefined | null = null;

/** The helper threads of this process, started when they are first asked for; `undefined` where there can be none. */
export function helperThreads(): HelperThreads | undefined {
  if (threads === null) {
    const count = Math.min(availableParallelism() - 1, MOST);
    threads = count > 0 && existsSync(PROGRAM) ? startThreads(count, PROGRAM) : undefined;
  }
  // Work is shared out among all of them: where one has ended, the main thread does it.
  return threads?.isWhole() === true ? threads : undefined;
}

/** Whether helper threads were started and run by now. */
export function areThreadsRunning(): boolean {
  return threads?.isRunning() === true;
}

/** @param program that of each thread, absolute */
export function startThreads(count: number, program: string): HelperThreads {
  const started = Array.from({ length: count }, () => new HelperThread(program));
  return {
    count,
    isRunning: () => started.every((each) => each.isRunning()),
    isWhole: () => started.every(({ hasEnded }) => !hasEnded),
    run: <O>(...[at, job, input, handed]: Parameters<HelperThreads['run']>) =>
      (started[at] as HelperThread).run(job, input, handed) as Promise<O>,
    runAnywhere: <O>(job: string, input: unknown) => {
      const idlest = started.reduce((best, each) => {
        return best.hasEnded || (!each.hasEnded && each.jobs < best.jobs) ? each : best;
      });
      return idlest.run(job, input) as Promise<O>;
    },
  };
}

class HelperThread {
  /** Set by the thread; a message would only be seen between two turns of the event loop. */
  readonly #isRunning = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker: Worker;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #next = 0;
  /** What the jobs are told that it does no more. */
  #ended: ThreadEnded | undefined;

  constructor(program: string) {
    this.#worker = new Worker(program, { workerData: this.#isRunning });
    this.#worker.on('message', (answer: Answer) => {
      this.#end(answer);
    });
    this.#worker.on('error', (error: Error) => {
      this.#endAll(error.message, error);
    });
    this.#worker.on('exit', (code) => {
      this.#endAll(`it exited with ${String(code)}`);
    });
    // A thread that waits for work keeps nobody from ending. Last, for who listens counts as working.
    this.#worker.unref();
  }

  /** Jobs that are not done yet. */
  get jobs(): number {
    return this.#waiting.size;
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  isRunning(): boolean {
    return !this.hasEnded && Atomics.load(this.#isRunning, 0) === 1;
  }

  run(job: string, input: unknown, handed: readonly Transferable[] = []): Promise<unknown> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = this.#next;
    this.#next += 1;
    return new Promise((resolve, reject) => {
      this.#worker.postMessage({ id, job, input }, handed);
      this.#worker.ref();
      this.#waiting.set(id, ({ output, error }) => {
        if (error === undefined) resolve(output);
        else reject(error);
      });
    });
  }

  #endAll(why: string, cause?: Error): void {
    const message = `a helper thread has ended: ${why}`;
    const hint = 'memory may be short: run again, with less else running';
    this.#ended ??= new ThreadEnded({ code: 'PIPE_SYSTEM', message, hint }, { cause });
    for (const id of [...this.#waiting.keys()]) this.#end({ id, error: this.#ended });
  }

  #end(answer: Answer): void {
    const done = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    done?.(answer);
  }
}
