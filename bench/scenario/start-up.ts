import { dvcPlain } from '../contender/dvc.ts';
import { nodeFloor } from '../contender/floor.ts';
import { pipePlain } from '../contender/pipe.ts';
import type { Prepared, Scenario } from '../scenario.ts';

/** How long it takes until a command that does next to nothing has ended. */
export const START_UP: readonly Scenario[] = [
  startUp('version', '--version', /^\d+\.\d+\.\d+\n$/),
  startUp('help', '--help', /\brepro\b/),
];

function startUp(name: string, option: string, pattern: RegExp): Scenario {
  const verify: Prepared['verify'] = ({ stdout }) => {
    if (!pattern.test(stdout)) throw new Error(`${option} printed ${JSON.stringify(stdout)}`);
  };
  return {
    name: `start-up.${name}`,
    judged: 'any',
    budgets: [{ kind: 'ratio', atMost: 1.6, to: nodeFloor.name }],
    pipe: pipePlain([option], verify),
    others: [dvcPlain([option], verify), nodeFloor],
  };
}
