import {
  pipeAdd,
  pipeAddAgain,
  pipeCheckout,
  pipeCheckoutAgain,
  pipeFsck,
  pipeGc,
  pipeOneChange,
  pipeStatus,
} from '../contender/data/pipe.ts';
import type { DataSet } from '../data/data-set.ts';
import { growingData } from '../data/data-set.ts';
import { spaceFor } from '../data/space.ts';
import { growthBudgets, growthName } from '../growth.ts';
import type { Contender, Scenario } from '../scenario.ts';

const COUNTS = [10_000, 100_000, 1_000_000];

/** From here on, one run takes so long that it varies little. */
const MANY = 1_000_000;
const RUNS_OF_MANY = 2;

/** The data, and what is checked out of the store to prove it. The store's own packs are small beside them. */
const COPIES = 2;

const WORK: Readonly<Record<string, (set: DataSet, runs?: number) => Contender>> = {
  add: pipeAdd,
  'add-again': pipeAddAgain,
  status: pipeStatus,
  checkout: (set, runs) => pipeCheckout(set, runs === undefined ? {} : { runs }),
  'checkout-again': pipeCheckoutAgain,
  'commit-one-change': (set, runs) => pipeOneChange(set, runs === undefined ? {} : { runs }),
  gc: pipeGc,
  fsck: pipeFsck,
};

/**
 * The same work on more and more files, without peers: how time and memory grow, which is to be in proportion.
 * @param options `scale`: the share of the files to work on
 */
export function growthScenarios({ scale }: { scale: number }): readonly Scenario[] {
  const sets = COUNTS.map((files) => growingData(files, scale));
  const needs = sets.map((set) => spaceFor(set, COPIES));
  return Object.entries(WORK).flatMap(([work, contenderFor]) =>
    COUNTS.map((files, at): Scenario => {
      return {
        name: growthName(work, files),
        judged: 'tmpfs',
        budgets: [
          ...(files < MANY ? [] : [{ kind: 'memory', atMost: 500e6 } as const]),
          ...growthBudgets(files, COUNTS[at - 1]),
        ],
        long: true,
        needs: needs[at]!,
        ...(scale === 1 ? {} : { scale }),
        pipe: contenderFor(sets[at]!, files < MANY ? undefined : RUNS_OF_MANY),
        others: [],
      };
    }),
  );
}
