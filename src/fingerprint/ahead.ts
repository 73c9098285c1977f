import type { HelperThreads } from '../kit/helper-threads.ts';
import { helperThreads } from '../kit/helper-threads.ts';
import type { ReadAhead, ReadFilesInput, ReadFilesOutput } from './read-files.ts';
import { readAhead } from './read-files.ts';

/** Fewer files than this are read sooner than a thread has started. */
const FEWEST = 3_000;

/** Of the files of a round, the main thread reads these, and each helper thread those: it has nothing else to do. */
const MAIN_SHARE = 448;
const HELPER_SHARE = 576;

/** What is the same for all files of a folder. */
type Reading = Omit<ReadFilesInput, 'names' | 'at'> & { readonly now: () => number };

/**
 * Has helper threads read a share of a folder's files while the main thread reads its own. Files are asked for in the
 * order in which they were announced.
 */
export class Ahead {
  readonly #threads: HelperThreads;
  readonly #reading: Reading;
  readonly #names: readonly string[];
  readonly #round: number;
  readonly #jobs = new Map<number, Promise<Map<string, ReadAhead>>>();
  #at = 0;
  #results: ReadonlyMap<string, ReadAhead> = new Map();

  private constructor(threads: HelperThreads, names: readonly string[], reading: Reading) {
    this.#threads = threads;
    this.#names = names;
    this.#reading = reading;
    this.#round = MAIN_SHARE + threads.count * HELPER_SHARE;
    this.#send(0);
    this.#send(1);
  }

  /** `names` are those of the files that must be read; `undefined` where it does not pay. */
  static of(names: readonly string[], reading: Reading): Ahead | undefined {
    const threads = names.length < FEWEST ? undefined : helperThreads();
    return threads && new Ahead(threads, names, reading);
  }

  /** Whether `wait` must be called before this file can be taken. */
  isDue(name: string): boolean {
    return this.#names[this.#at] === name && this.#jobs.has(this.#at);
  }

  async wait(): Promise<void> {
    const job = this.#jobs.get(this.#at);
    this.#jobs.delete(this.#at);
    this.#results = (await job) ?? new Map();
  }

  /** What a helper thread has read of a file; `undefined` for one that the main thread is to read. */
  take(name: string): ReadAhead | undefined {
    if (this.#names[this.#at] !== name) return undefined;
    const inRound = this.#at % this.#round;
    if (inRound === 0) this.#send(this.#at / this.#round + 2);
    this.#at += 1;
    return inRound < MAIN_SHARE ? undefined : this.#results.get(name);
  }

  /** Sends the helper threads their shares of a round. */
  #send(round: number): void {
    for (let thread = 0; thread < this.#threads.count; thread += 1) {
      const start = round * this.#round + MAIN_SHARE + thread * HELPER_SHARE;
      const names = this.#names.slice(start, start + HELPER_SHARE);
      if (names.length === 0) return;
      const { now, ...rest } = this.#reading;
      const input: ReadFilesInput = { ...rest, names, at: now() };
      const reading = this.#threads.run<ReadFilesOutput>(thread, 'read-files', input);
      const job = reading.then((output) => readAhead(names, output));
      // Whoever waits for it is told; nobody does when the walk ends before.
      job.catch(() => undefined);
      this.#jobs.set(start, job);
    }
  }
}
