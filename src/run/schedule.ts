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
  readonly #ready: ReadyQueue;
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
    this.#ready = new ReadyQueue(this.#priority);
    for (const job of jobs) if (this.#waiting.get(job.name) === 0) this.#ready.add(job.name);
  }

  /** Every job that can start now; they count as running from here on. */
  next(): Job[] {
    const started: Job[] = [];
    const passed: string[] = [];
    while (this.#running.size < this.#capacity.jobs) {
      const name = this.#ready.take();
      if (name === undefined) break;
      const job = this.#jobs.get(name);
      if (job === undefined) continue;
      if (this.#fits(job)) {
        this.#use(job, 1);
        this.#running.add(name);
        started.push(job);
      } else passed.push(name);
    }
    for (const name of passed) this.#ready.add(name);
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
      if (left === 0) this.#ready.add(dependent);
    }
    return [];
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

/** A binary heap: the job with the longest way first; among equals, the one that was added first. */
class ReadyQueue {
  readonly #priority: ReadonlyMap<string, number>;
  readonly #heap: { readonly name: string; readonly way: number; readonly turn: number }[] = [];
  readonly #turns = new Map<string, number>();

  constructor(priority: ReadonlyMap<string, number>) {
    this.#priority = priority;
  }

  add(name: string): void {
    const turn = this.#turns.get(name) ?? this.#turns.size;
    this.#turns.set(name, turn);
    this.#heap.push({ name, way: this.#priority.get(name) ?? 0, turn });
    for (let at = this.#heap.length - 1; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  take(): string | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined || this.#heap.length === 0) return first?.name;
    this.#heap[0] = last;
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let best = at;
      if (left < this.#heap.length && this.#before(left, best)) best = left;
      if (right < this.#heap.length && this.#before(right, best)) best = right;
      if (best === at) return first.name;
      this.#swap(at, best);
      at = best;
    }
  }

  #before(a: number, b: number): boolean {
    const [x, y] = [this.#heap[a], this.#heap[b]];
    if (x === undefined || y === undefined) return false;
    return x.way === y.way ? x.turn < y.turn : x.way > y.way;
  }

  #swap(a: number, b: number): void {
    const [x, y] = [this.#heap[a], this.#heap[b]];
    if (x === undefined || y === undefined) return;
    this.#heap[a] = y;
    this.#heap[b] = x;
  }
}
