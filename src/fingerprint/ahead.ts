import type { HelperThreads } from '../kit/helper-threads.ts';
import { ThreadEnded, helperThreads } from '../kit/helper-threads.ts';
import { systemFault } from '../kit/system-fault.ts';
import type { ReadAhead, ReadFilesInput, ReadFilesOutput } from './read-files.ts';
import { FilesRead, removeCopies } from './read-files.ts';
import type { Sink } from './walk-options.ts';

/** Where there are fewer files than this, no thread is started for them. */
const FEWEST = 1_000;

/** Fewer files than this are read sooner than a thread that runs has been asked and has answered. */
const FEWEST_OF_FOLDER = 100;

/** Of the files of a round, the main thread reads these, and each helper thread those: it has nothing else to do. */
const MAIN_SHARE = 288;
const HELPER_SHARE = 736;

/** What is the same for all files of a folder. */
type Reading = Omit<ReadFilesInput, 'names' | 'at' | 'copyTo' | 'stop'> & {
  readonly copies: Sink['copies'];
  /** 1 once nobody waits for what is read any more. */
  readonly stop: Int32Array;
  readonly now: () => number;
};

/**
 * Has helper threads read a share of a folder's files while the main thread reads its own. Files are asked for in the
 * order in which they were announced.
 */
export class Ahead {
  readonly #threads: HelperThreads;
  readonly #reading: Reading;
  readonly #names: readonly string[];
  /** Files that the main thread reads of a round, each helper thread, and all of them. */
  readonly #mainShare: number;
  readonly #helperShare: number;
  readonly #round: number;
  readonly #jobs = new Map<number, Promise<FilesRead>>();
  #at = 0;
  #read: FilesRead | undefined;

  private constructor(threads: HelperThreads, names: readonly string[], reading: Reading) {
    this.#threads = threads;
    this.#names = names;
    this.#reading = reading;
    const part = Math.min(1, names.length / (MAIN_SHARE + threads.count * HELPER_SHARE));
    this.#helperShare = Math.ceil(HELPER_SHARE * part);
    this.#mainShare = Math.ceil(MAIN_SHARE * part);
    this.#round = this.#mainShare + threads.count * this.#helperShare;
    this.#send(0);
    this.#send(1);
  }

  /**
   * @param names those of the files that must be read
   * @param before how many there were in other folders
   * @returns `undefined` where it does not pay, and as long as no thread has started
   */
  static of(names: readonly string[], before: number, reading: Reading): Ahead | undefined {
    if (names.length < FEWEST_OF_FOLDER || before + names.length < FEWEST) return undefined;
    const threads = helperThreads();
    return threads?.isRunning() === true ? new Ahead(threads, names, reading) : undefined;
  }

  /** Whether `wait` must be called before this file can be taken. */
  isDue(name: string): boolean {
    return this.#names[this.#at] === name && this.#jobs.has(this.#at);
  }

  async wait(): Promise<void> {
    const job = this.#jobs.get(this.#at);
    this.#jobs.delete(this.#at);
    try {
      this.#read = await job;
    } catch (error) {
      // The main thread reads what the other one does no more.
      if (!(error instanceof ThreadEnded)) throw error;
      this.#read = undefined;
    }
  }

  /** What a helper thread has read of a file; `undefined` for one that the main thread is to read. */
  take(name: string): ReadAhead | undefined {
    if (this.#names[this.#at] !== name) return undefined;
    const inRound = this.#at % this.#round;
    if (inRound === 0) this.#send(this.#at / this.#round + 2);
    this.#at += 1;
    return inRound < this.#mainShare ? undefined : this.#read?.next();
  }

  /** Whether all that it reads was taken. */
  get isTaken(): boolean {
    return this.#at >= this.#names.length;
  }

  /** Removes copies that nobody takes; to be called when the walk is over, after `stop` was set. */
  end(): void {
    this.#read?.discard();
    for (const job of this.#jobs.values()) job.then((read) => { read.discard(); }, () => undefined); // prettier-ignore
  }

  /** Sends the helper threads their shares of a round. */
  #send(round: number): void {
    for (let thread = 0; thread < this.#threads.count; thread += 1) {
      const start = round * this.#round + this.#mainShare + thread * this.#helperShare;
      const names = this.#names.slice(start, start + this.#helperShare);
      if (names.length === 0) return;
      const { now, copies, ...rest } = this.#reading;
      const input: ReadFilesInput = { ...rest, names, copyTo: placeFor(copies), at: now() };
      const reading = this.#threads.run<ReadFilesOutput>(thread, 'read-files', input);
      const job = reading.then((output) => new FilesRead(output, input.copyTo));
      // Whoever waits for it is told; nobody does when the walk ends before.
      job.catch(() => { removeCopies(input); }); // prettier-ignore
      this.#jobs.set(start, job);
    }
  }
}

/** Where copies go; `undefined` in a store that cannot be written to: who has to is the main thread, which can say so. */
function placeFor(copies: Sink['copies']): string | undefined {
  try {
    return copies?.temporary();
  } catch (error) {
    if (systemFault(error) === undefined) throw error;
    return undefined;
  }
}
