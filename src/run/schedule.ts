/** One stage as the scheduler sees it. */
export interface Job {
  readonly name: string;
  /** Names of the jobs that must end first. */
  readonly needs: readonly string[];
  /** How long it is expected to take, in milliseconds. */
  readonly expectedMs: number;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly gpus: number;
}

/** What all running jobs may use together. */
export interface Capacity {
  readonly jobs: number;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly gpus: number;
}

/** What the end of a job means for those that need it. */
export type JobEnd = 'done' | 'failed';

/**
 * Decides what runs next. Pure bookkeeping: `next` hands out jobs that are free to start, those on the longest way to
 * the end first; `end` tells it that one is over.
 */
export class Schedule {
  readonly #capacity: Capacity;
  readonly #jobs: ReadonlyMap<string, Job>;
  readonly #waiting = new Map<string, number>();
  readonly #dependents = new Map<string, string[]>();
  readonly #priority: ReadonlyMap<string, number>;
  /** One queue for the jobs that want the same: where the first does not fit, none behind it does. */
  readonly #ready = new Map<string, ReadyQueue>();
  #turn = 0;
  readonly #running = new Set<string>();
  #free: { cpus: number; memoryBytes: number; gpus: number };

  /** `jobs` are in an order in which they could run one after another. */
  constructor(jobs: readonly Job[], capacity: Capacity) {
    this.#capacity = capacity;
    this.#free = { ...capacity };
    this.#jobs = new Map(jobs.map((job) => [job.name, job]));
    for (const job of jobs) {
      const needs = job.needs.filter((name) => this.#jobs.has(name));
      this.#waiting.set(job.name, needs.length);
      for (const name of needs) push(this.#dependents, name, job.name);
    }
    this.#priority = longestWays(jobs, this.#dependents);
    for (const job of jobs) if (this.#waiting.get(job.name) === 0) this.#makeReady(job);
  }

  /** Every job that can start now; they count as running from here on. */
  next(): Job[] {
    const started: Job[] = [];
    while (this.#running.size < this.#capacity.jobs) {
      let best: ReadyQueue | undefined;
      for (const queue of this.#ready.values()) {
        const { first } = queue;
        if (first === undefined || !this.#fits(first.job)) continue;
        if (best?.first === undefined || isBefore(first, best.first)) best = queue;
      }
      const job = best?.take();
      if (job === undefined) break;
      this.#use(job, 1);
      this.#running.add(job.name);
      started.push(job);
    }
    return started;
  }

  /** A running job is over; returns the jobs that can never run because of it (`failed`). */
  end(name: string, how: JobEnd): string[] {
    const job = this.#jobs.get(name);
    if (job !== undefined && this.#running.delete(name)) this.#use(job, -1);
    if (how === 'failed') return this.#block(name);
    for (const dependent of this.#dependents.get(name) ?? []) {
      const left = (this.#waiting.get(dependent) ?? 0) - 1;
      this.#waiting.set(dependent, left);
      const free = left === 0 ? this.#jobs.get(dependent) : undefined;
      if (free !== undefined) this.#makeReady(free);
    }
    return [];
  }

  #makeReady(job: Job): void {
    const wants = `${String(job.cpus)} ${String(job.memoryBytes)} ${String(job.gpus)}`;
    const queue = this.#ready.get(wants) ?? new ReadyQueue();
    this.#ready.set(wants, queue);
    this.#turn += 1;
    queue.add({ job, way: this.#priority.get(job.name) ?? 0, turn: this.#turn });
  }

  /** A job that wants more than there is runs alone rather than never. */
  #fits(job: Job): boolean {
    if (this.#running.size === 0) return true;
    return job.cpus <= this.#free.cpus && job.memoryBytes <= this.#free.memoryBytes && job.gpus <= this.#free.gpus;
  }

  #use(job: Job, sign: 1 | -1): void {
    this.#free.cpus -= sign * job.cpus;
    this.#free.memoryBytes -= sign * job.memoryBytes;
    this.#free.gpus -= sign * job.gpus;
  }

  #block(name: string): string[] {
    const blocked = new Set<string>();
    const queue = [name];
    for (const each of queue) {
      for (const dependent of this.#dependents.get(each) ?? []) {
        if (blocked.has(dependent)) continue;
        blocked.add(dependent);
        this.#waiting.set(dependent, Number.POSITIVE_INFINITY);
        queue.push(dependent);
      }
    }
    return [...blocked];
  }
}

function push(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** For each job, the expected time from its start to the end of the longest chain behind it. */
function longestWays(jobs: readonly Job[], dependents: ReadonlyMap<string, readonly string[]>): Map<string, number> {
  const ways = new Map<string, number>();
  for (const job of jobs.toReversed()) {
    const behind = (dependents.get(job.name) ?? []).map((name) => ways.get(name) ?? 0);
    ways.set(job.name, job.expectedMs + behind.reduce((longest, way) => Math.max(longest, way), 0));
  }
  return ways;
}

/** A job that is free to start, with what decides whose turn it is. */
interface Ready {
  readonly job: Job;
  readonly way: number;
  readonly turn: number;
}

/** The job with the longest way comes first; among equals, the one that was free first. */
function isBefore(a: Ready, b: Ready): boolean {
  return a.way === b.way ? a.turn < b.turn : a.way > b.way;
}

/** A binary heap of jobs that are free to start. */
class ReadyQueue {
  readonly #heap: Ready[] = [];

  get first(): Ready | undefined {
    return this.#heap[0];
  }

  add(ready: Ready): void {
    this.#heap.push(ready);
    for (let at = this.#heap.length - 1; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfBefore(at, parent)) break;
      at = parent;
    }
  }

  take(): Job | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return last?.job;
    this.#heap[0] = last;
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const child = this.#isBefore(right, left) ? right : left;
      if (!this.#swapIfBefore(child, at)) return first?.job;
      at = child;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [x, y] = [this.#heap[a], this.#heap[b]];
    return x !== undefined && y !== undefined && isBefore(x, y);
  }

  #swapIfBefore(a: number, b: number): boolean {
    const [x, y] = [this.#heap[a], this.#heap[b]];
    if (x === undefined || y === undefined || !isBefore(x, y)) return false;
    this.#heap[a] = y;
    this.#heap[b] = x;
    return true;
  }
}
