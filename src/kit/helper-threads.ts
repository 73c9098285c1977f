import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Transferable } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';

/** More threads than this do not pay: the disk, or the folder that all of them write to, is then what takes time. */
const MOST = 3;

/** Threads beside the main one, for work that comes in large heaps. */
export interface HelperThreads {
  readonly count: number;
  /** Whether all of them have started, which takes as long as reading some thousand files. */
  isRunning(): boolean;
  /** Has the thread `at` (from 0) do a job; jobs of one thread are done one after another. `handed` changes hands. */
  run<O>(at: number, job: string, input: unknown, handed?: readonly Transferable[]): Promise<O>;
}

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
    threads = count > 0 && existsSync(PROGRAM) ? startThreads(count) : undefined;
  }
  return threads;
}

/** Whether helper threads were started and run by now. */
export function areThreadsRunning(): boolean {
  return threads?.isRunning() === true;
}

function startThreads(count: number): HelperThreads {
  const started = Array.from({ length: count }, () => new HelperThread());
  return {
    count,
    isRunning: () => started.every((each) => each.isRunning()),
    run: <O>(...[at, job, input, handed]: Parameters<HelperThreads['run']>) =>
      (started[at] as HelperThread).run(job, input, handed) as Promise<O>,
  };
}

class HelperThread {
  /** Set by the thread; a message would only be seen between two turns of the event loop. */
  readonly #isRunning = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker = new Worker(PROGRAM, { workerData: this.#isRunning });
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #next = 0;

  constructor() {
    this.#worker.on('message', (answer: Answer) => {
      this.#end(answer);
    });
    this.#worker.on('error', (error: Error) => {
      for (const id of [...this.#waiting.keys()]) this.#end({ id, error });
    });
    // A thread that waits for work keeps nobody from ending. Whoever listens to one counts as waiting for it: only now.
    this.#worker.unref();
  }

  isRunning(): boolean {
    return Atomics.load(this.#isRunning, 0) === 1;
  }

  run(job: string, input: unknown, handed: readonly Transferable[] = []): Promise<unknown> {
    const id = this.#next;
    this.#next += 1;
    this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ output, error }) => {
        if (error === undefined) resolve(output);
        else reject(error);
      });
      this.#worker.postMessage({ id, job, input }, handed);
    });
  }

  #end(answer: Answer): void {
    const done = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    done?.(answer);
  }
}
