import type { Failure, Result } from './result.ts';
import { growthBudgets, growthName, judgeGrowth } from './growth.ts';
import { conclude } from './result.ts';
import type { BenchDocument } from './result.ts';
import type { Requests } from './project/s3.ts';
import type { Contender, Scenario } from './scenario.ts';

const nobody: Contender = {
  name: 'pipe',
  role: 'pipe',
  fresh: false,
  prepare: () => {
    throw new Error('not to be run');
  },
};

/** A scenario that is not run. */
export function scenarioOf(fields: Partial<Scenario> = {}): Scenario {
  return {
    name: 'repro.100-stages.first-run',
    judged: 'tmpfs',
    budgets: [{ kind: 'seconds', atMost: 0.8 }],
    pipe: nobody,
    others: [],
    ...fields,
  };
}

/** What one run of the benchmark might find out. */
export function documentOf(results: readonly (Result | Failure)[], warnings: readonly string[] = []): BenchDocument {
  return {
    schema: 'pipe.bench/1',
    started: '2030-01-02T03:04:05.678Z',
    pipe: { version: '1.2.3', revision: 'abc1234' },
    machine: { cpu: 'Some CPU', cores: 2, memoryBytes: 8 * 2 ** 30, kernel: 'Linux 6.1', node: 'v20.19.0' },
    places: [
      { kind: 'tmpfs', filesystem: 'tmpfs' },
      { kind: 'disk', filesystem: 'ext4' },
    ],
    pairs: 3,
    results,
    warnings,
  };
}

const LOAD = { busy: 0, average: 0 };

/** Three scenarios: one with peers, a floor and a slow peer; one without the slow peer; one that failed. */
export function sampleResults(): (Result | Failure)[] {
  const pipe = { name: 'pipe', role: 'pipe', seconds: [0.5, 0.4, 0.6] } as const;
  const ninja = { name: 'ninja', role: 'peer', seconds: [0.05, 0.05, 0.05] } as const;
  const floor = { name: 'spawn loop', role: 'floor', seconds: [0.25, 0.2, 0.3] } as const;
  const dvc = { name: 'dvc', role: 'peer', seconds: [20, 30] } as const;
  const absent = { name: 'dvc', role: 'peer', absent: 'takes long', see: 'repro.100-stages.first-run' } as const;
  const missing = { name: 'ninja', role: 'peer', absent: 'not installed' } as const;
  const large = scenarioOf({
    name: 'repro.1000-stages.first-run',
    budgets: [{ kind: 'ratio', atMost: 1.5, to: 'spawn loop' }],
  });
  return [
    conclude(
      scenarioOf(),
      { pipe, memoryBytes: 80e6, others: [dvc, ninja, floor] },
      { where: 'tmpfs', judged: true, load: LOAD },
    ),
    conclude(
      large,
      { pipe, memoryBytes: 301e6, others: [absent, missing, floor] },
      { where: 'tmpfs', judged: true, load: { busy: 0.5, average: 3 } },
    ),
    { scenario: 'status.1-stage.nothing-changed', where: 'disk', failed: 'pipe ended with 1\nand said a lot' },
  ];
}

/** A number of files, and what some work on them costs. */
export interface Cost {
  readonly files: number;
  readonly seconds: number;
  readonly memoryBytes: number;
  readonly requests?: Requests;
}

/** The same work on more and more files, judged by how it grows. */
export function grownResults(costs: readonly Cost[], at: { judged?: boolean; scale?: number } = {}): Result[] {
  const { judged = true, scale } = at;
  const results = costs.map(({ files, seconds, ...cost }, number) =>
    conclude(
      scenarioOf({
        name: growthName('push', files),
        budgets: growthBudgets(files, costs[number - 1]?.files),
        ...(scale === undefined ? {} : { scale }),
      }),
      { pipe: { name: 'pipe', role: 'pipe', seconds: [seconds] }, others: [], ...cost },
      { where: 'tmpfs', judged, load: LOAD },
    ),
  );
  return judgeGrowth(results).filter((result): result is Result => !('failed' in result));
}

/** One kind of work on two numbers of files, and on a share of the data. */
export function growthResults(): Result[] {
  const points = [
    { files: 100_000, seconds: 4, memoryBytes: 120e6 },
    { files: 10_000, seconds: 0.5, memoryBytes: 60e6 },
  ];
  return points.map(({ files, seconds, memoryBytes }) =>
    conclude(
      scenarioOf({
        name: growthName('add', files),
        budgets: [{ kind: 'stored', atMost: 1e6 }],
        ...(files === 100_000 ? { scale: 0.5 } : {}),
      }),
      { pipe: { name: 'pipe', role: 'pipe', seconds: [seconds] }, memoryBytes, storedBytes: 131_072, others: [] },
      { where: 'tmpfs', judged: true, load: LOAD },
    ),
  );
}
