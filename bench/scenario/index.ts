import type { Scenario } from '../scenario.ts';
import { dataScenarios } from './data.ts';
import { growthScenarios } from './growth.ts';
import { reproScenarios } from './repro.ts';
import { shareScenarios } from './share.ts';
import { START_UP } from './start-up.ts';

/** All that is measured, in the order of the table. */
export function allScenarios(options: { long: boolean; scale: number }): readonly Scenario[] {
  return [
    ...START_UP,
    ...reproScenarios(options),
    ...dataScenarios(options),
    ...shareScenarios(options),
    ...growthScenarios(options),
  ];
}
