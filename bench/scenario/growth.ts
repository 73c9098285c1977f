import { pipeAdd, pipeCheckout, pipeStatus } from '../contender/data/pipe.ts';
import type { DataSet } from '../data/data-set.ts';
import { growingData } from '../data/data-set.ts';
import { spaceFor } from '../data/space.ts';
import { growthName } from '../growth.ts';
import type { Contender, Scenario } from '../scenario.ts';

const COUNTS = [10_000, 100_000, 1_000_000];

/** From here on, one run takes so long that it varies little. */
const MANY = 1_000_000;
const RUNS_OF_MANY = 2;

/** The data, and what is checked out of the store to prove it. The store's own packs are small beside them. */
const COPIES = 2;

const WORK: Readonly<Record<string, (set: DataSet, runs?: number) => Contender>> = {
  add: pipeAdd,
  status: pipeStatus,
  checkout: (set, runs) => pipeCheckout(set, runs === undefined ? {} : { runs }),
};

/**
 * The same work on more and more files, without peers and without budgets for time: how time and memory grow.
 * @param options `scale`: the share of the files to work on
 */
export function growthScenarios({ scale }: { scale: number }): readonly Scenario[] {
  return Object.entries(WORK).flatMap(([work, contenderFor]) =>
    COUNTS.map((files): Scenario => {
      const set = growingData(files, scale);
      return {
        name: growthName(work, files),
        judged: 'tmpfs',
        budgets: files < MANY ? [] : [{ kind: 'memory', atMost: 500e6 }],
        long: true,
        needs: spaceFor(set, COPIES),
        ...(scale === 1 ? {} : { scale }),
        pipe: contenderFor(set, files < MANY ? undefined : RUNS_OF_MANY),
        others: [],
      };
    }),
  );
}
