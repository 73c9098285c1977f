import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Capacity, Job } from './schedule.ts';
import { Schedule } from './schedule.ts';

const GIB = 2 ** 30;

function job(name: string, more: Partial<Job> = {}): Job {
  return { name, needs: [], expectedMs: 1, cpus: 1, memoryBytes: 0, gpus: 0, ...more };
}

const wide: Capacity = { jobs: 100, cpus: 100, memoryBytes: 100 * GIB, gpus: 100 };
const names = (jobs: readonly Job[]): string[] => jobs.map((each) => each.name);

/** Jobs that need only such as come before them. */
const jobs: fc.Arbitrary<Job[]> = fc
  .array(
    fc.record({
      needs: fc.array(fc.nat(20), { maxLength: 3 }),
      expectedMs: fc.nat(50),
      cpus: fc.integer({ min: 1, max: 4 }),
      memoryBytes: fc.integer({ min: 0, max: 3 }).map((each) => each * GIB),
      gpus: fc.nat(2),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((all) =>
    all.map(({ needs, ...rest }, at) => ({
      ...rest,
      name: String(at),
      needs: [...new Set(needs.filter((each) => each < at).map(String))],
    })),
  );
const capacity: fc.Arbitrary<Capacity> = fc.record({
  jobs: fc.integer({ min: 1, max: 4 }),
  cpus: fc.integer({ min: 1, max: 4 }),
  memoryBytes: fc.integer({ min: 0, max: 3 }).map((each) => each * GIB),
  gpus: fc.nat(2),
});

interface Workload {
  readonly all: readonly Job[];
  readonly limit: Capacity;
  /** Which of the running jobs ends next, again and again. */
  readonly picks: readonly number[];
}

const workload: fc.Arbitrary<Workload> = fc.record({
  all: jobs,
  limit: capacity,
  picks: fc.array(fc.nat(5), { minLength: 1 }),
});

/** Runs everything, ending running jobs in the order that `picks` says; checks each moment. */
function runAll(
  { all, limit, picks }: Workload,
  fails: (name: string) => boolean,
): { ran: string[]; blocked: Set<string> } {
  const schedule = new Schedule(all, limit);
  const running: Job[] = [];
  const ran: string[] = [];
  const done = new Set<string>();
  const blocked = new Set<string>();
  for (let step = 0; step < 1_000; step += 1) {
    for (const started of schedule.next()) {
      expect(ran).not.toContain(started.name);
      expect(blocked.has(started.name)).toBe(false);
      for (const needed of started.needs) expect(done.has(needed)).toBe(true);
      running.push(started);
      ran.push(started.name);
    }
    const sum = (of: (each: Job) => number): number => running.reduce((total, each) => total + of(each), 0);
    expect(running.length).toBeLessThanOrEqual(limit.jobs);
    if (running.length > 1) {
      expect(sum((each) => each.cpus)).toBeLessThanOrEqual(limit.cpus);
      expect(sum((each) => each.memoryBytes)).toBeLessThanOrEqual(limit.memoryBytes);
      expect(sum((each) => each.gpus)).toBeLessThanOrEqual(limit.gpus);
    }
    const [ended] = running.splice((picks[step % picks.length] ?? 0) % Math.max(1, running.length), 1);
    if (ended === undefined) break;
    if (fails(ended.name)) for (const each of schedule.end(ended.name, 'failed')) blocked.add(each);
    else {
      done.add(ended.name);
      expect(schedule.end(ended.name, 'done')).toEqual([]);
    }
  }
  return { ran, blocked };
}

describe('a schedule', () => {
  test('runs every job once, after what it needs, and never uses more than there is', () => {
    fc.assert(
      fc.property(workload, (work) => {
        const { ran } = runAll(work, () => false);
        expect([...ran].sort()).toEqual(names(work.all).sort());
      }),
      { numRuns: 300 },
    );
  });

  test('runs or blocks every job when some fail, and blocks exactly those behind a failure', () => {
    fc.assert(
      fc.property(workload, fc.func(fc.boolean()), (work, fails) => {
        const { ran, blocked } = runAll(work, fails);
        expect([...ran, ...blocked].sort()).toEqual(names(work.all).sort());
        const behind = new Set<string>();
        for (const each of work.all) if (each.needs.some((needed) => behind.has(needed) || (ran.includes(needed) && fails(needed)))) behind.add(each.name); // prettier-ignore
        expect(blocked).toEqual(behind);
      }),
      { numRuns: 300 },
    );
  });

  test('starts what lies on the longest way to the end first', () => {
    // long ── tail (100)      short-but-heavy (50)
    const all = [
      job('heavy', { expectedMs: 50 }),
      job('long', { expectedMs: 1 }),
      job('tail', { needs: ['long'], expectedMs: 100 }),
    ];
    const schedule = new Schedule(all, { ...wide, jobs: 1 });
    const order: string[] = [];
    for (let next = schedule.next(); next[0] !== undefined; next = schedule.next()) {
      order.push(next[0].name);
      schedule.end(next[0].name, 'done');
    }
    expect(order).toEqual(['long', 'tail', 'heavy']);
  });

  test('keeps the order given among equals', () => {
    const all = ['c', 'a', 'b', 'd'].map((name) => job(name));
    expect(names(new Schedule(all, wide).next())).toEqual(['c', 'a', 'b', 'd']);
    const one = new Schedule(all, { ...wide, jobs: 1 });
    expect(names(one.next())).toEqual(['c']);
    expect(names(one.next())).toEqual([]);
    one.end('c', 'done');
    expect(names(one.next())).toEqual(['a']);
  });

  test('lets a small job pass a large one that does not fit yet', () => {
    const schedule = new Schedule([job('a', { gpus: 1 }), job('b', { gpus: 1, expectedMs: 9 }), job('c')], {
      ...wide,
      gpus: 1,
    });
    expect(names(schedule.next())).toEqual(['b', 'c']);
    schedule.end('b', 'done');
    expect(names(schedule.next())).toEqual(['a']);
  });

  test('runs a job alone that wants more than there is', () => {
    const schedule = new Schedule([job('huge', { cpus: 64, expectedMs: 9 }), job('small')], { ...wide, cpus: 2 });
    expect(names(schedule.next())).toEqual(['huge']);
    schedule.end('huge', 'done');
    expect(names(schedule.next())).toEqual(['small']);
  });

  test('takes no notice of needs that are not part of the run', () => {
    expect(names(new Schedule([job('a', { needs: ['elsewhere', 'constructor'] })], wide).next())).toEqual(['a']);
  });
});

test('ten thousand jobs that want the only GPU do not make those behind them wait, nor each other cost more', () => {
  const all = Array.from({ length: 10_000 }, (_, at) => job(String(at), { gpus: 1, expectedMs: 2 }));
  const schedule = new Schedule([...all, job('last')], { ...wide, gpus: 1 });
  const order: string[] = [];
  for (let started = schedule.next(); started.length > 0; started = schedule.next()) {
    for (const { name } of started) {
      order.push(name);
      schedule.end(name, 'done');
    }
  }
  expect(order.slice(0, 3)).toEqual(['0', 'last', '1']);
  expect(order).toHaveLength(10_001);
});
