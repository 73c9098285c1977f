import type { Scenario } from '../scenario.ts';
import { reproScenarios } from './repro.ts';
import { START_UP } from './start-up.ts';

/** All that is measured, in the order of the table. */
export function allScenarios(options: { long: boolean }): readonly Scenario[] {
  return [...START_UP, ...reproScenarios(options)];
}
