import type { Patience } from '../contender/dvc.ts';
import { dvcFirstRun, dvcNothingChanged } from '../contender/dvc.ts';
import { nodeFloor, spawnLoop } from '../contender/floor.ts';
import { ninjaFirstRun, ninjaNothingChanged } from '../contender/ninja.ts';
import { pipeFirstRun, pipeNothingChanged } from '../contender/pipe.ts';
import type { Scenario } from '../scenario.ts';

/**
 * `status` and `repro` of trivial stages: what the tool itself costs.
 * @param options `long`: let DVC, too, run 1,000 stages
 */
export function reproScenarios({ long }: { long: boolean }): readonly Scenario[] {
  return [
    {
      name: 'status.1-stage.nothing-changed',
      judged: 'each',
      budgets: [{ kind: 'seconds', atMost: 0.12 }],
      pipe: pipeNothingChanged(1, ['status'], 'Everything is up to date'),
      others: [dvcNothingChanged(1, ['status']), nodeFloor],
    },
    firstRun(100, { atMost: 0.8, patience: { runs: 2 } }),
    firstRun(1000, { atMost: 5, patience: long ? { runs: 1 } : LEFT_OUT }),
    nothingChanged(100, { atMost: 0.25, patience: {} }),
    nothingChanged(1000, { atMost: 0.25, patience: { runs: 2 } }),
  ];
}

interface Terms {
  /** Seconds. */
  readonly atMost: number;
  /** With DVC. */
  readonly patience: Patience;
}

const firstRunName = (stages: number): string => `repro.${stages}-stages.first-run`;

const LEFT_OUT: Patience = {
  leftOut: { absent: 'takes more than 17 minutes, which --long gives it', see: firstRunName(100) },
};

function firstRun(stages: number, { atMost, patience }: Terms): Scenario {
  return {
    name: firstRunName(stages),
    judged: 'tmpfs',
    budgets: [{ kind: 'seconds', atMost }],
    pipe: pipeFirstRun(stages),
    others: [dvcFirstRun(stages, patience), ninjaFirstRun(stages), spawnLoop(stages)],
  };
}

function nothingChanged(stages: number, { atMost, patience }: Terms): Scenario {
  return {
    name: `repro.${stages}-stages.nothing-changed`,
    judged: 'each',
    budgets: [{ kind: 'seconds', atMost }],
    pipe: pipeNothingChanged(stages, ['repro'], 'Everything is up to date'),
    others: [dvcNothingChanged(stages, ['repro'], patience), ninjaNothingChanged(stages), nodeFloor],
  };
}
