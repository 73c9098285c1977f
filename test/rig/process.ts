import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { Waiters } from './waiters.ts';

/** How a process ended, and all it wrote. */
export class Finished {
  /** The exit code, or null after a signal. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;

  constructor(end: Pick<Finished, 'code' | 'signal' | 'stdout' | 'stderr'>) {
    this.code = end.code;
    this.signal = end.signal;
    this.stdout = end.stdout;
    this.stderr = end.stderr;
  }

  /**
   * What it printed as one JSON document.
   * @throws {Error} with both outputs, when that is none
   */
  json<T = unknown>(): T {
    try {
      return JSON.parse(this.stdout) as T;
    } catch (cause) {
      throw new Error(`not JSON:\n${this.stdout}\nstderr:\n${this.stderr}`, { cause });
    }
  }
}

/** A process that was killed because it ran past its limit. */
export class TooLong extends Error {
  readonly finished: Finished;

  constructor(message: string, finished: Finished) {
    super(message);
    this.finished = finished;
  }
}

export interface SpawnOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Written to its standard input, which is closed at once unless `keepInput`. */
  readonly input?: string;
  readonly keepInput?: boolean;
  /** After so long it is killed, and waiting for it throws `TooLong`; in milliseconds. */
  readonly limit?: number;
}

const DEFAULT_LIMIT = 120_000;

/** A started process, the leader of its own process group. */
export class Running {
  readonly pid: number;
  /** Settles when it has ended and all its output is read; rejects when it ran past its limit. */
  readonly done: Promise<Finished>;
  stdout = '';
  stderr = '';
  ended = false;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiters = new Waiters();

  constructor(command: string, args: readonly string[], options: SpawnOptions) {
    this.#child = spawn(command, args, { cwd: options.cwd, env: options.env, detached: true, stdio: 'pipe' });
    this.pid = this.#child.pid ?? -1;
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#waiters.check();
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.#waiters.check();
    });
    this.#child.stdin.on('error', () => undefined); // it may end without reading its input
    if (options.input !== undefined) this.#child.stdin.write(options.input);
    if (options.keepInput !== true) this.#child.stdin.end();
    this.done = this.#finish([command, ...args].join(' '), options.limit ?? DEFAULT_LIMIT);
    this.done.catch(() => undefined); // whoever waits for it sees the error
  }

  /**
   * Waits until what it wrote to either output matches, counted from its start.
   * @throws {Error} with its outputs, when it ends without
   */
  async printed(pattern: RegExp): Promise<void> {
    await this.#waiters.wait(
      () => pattern.test(this.stdout) || pattern.test(this.stderr),
      `printing ${String(pattern)}`,
    );
  }

  /** Types into its standard input (`keepInput`). */
  type(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Signals the process alone. Does nothing when it has ended. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.#child.kill(signal);
  }

  /** Signals its whole process group, as Ctrl-C at a terminal does. Does nothing when no process of it is left. */
  killGroup(signal: NodeJS.Signals = 'SIGTERM'): void {
    try {
      process.kill(-this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  async #finish(title: string, limit: number): Promise<Finished> {
    const clock = { late: false };
    const timer = setTimeout(() => {
      clock.late = true;
      this.killGroup('SIGKILL');
    }, limit);
    try {
      const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
        this.#child.on('error', reject);
        this.#child.on('close', (...end) => {
          resolve(end);
        });
      });
      const finished = new Finished({ code, signal, stdout: this.stdout, stderr: this.stderr });
      if (clock.late) throw new TooLong(`"${title}" ran longer than ${limit} ms\n${this.#outputs()}`, finished);
      return finished;
    } finally {
      clearTimeout(timer);
      this.ended = true;
      this.#waiters.end(`"${title}" ended\n${this.#outputs()}`);
    }
  }

  #outputs(): string {
    return `stdout:\n${this.stdout}\nstderr:\n${this.stderr}`;
  }
}
