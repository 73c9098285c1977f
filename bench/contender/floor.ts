import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { commandOf, numbers, verifyOuts, writeInputs } from '../project/stages.ts';
import type { Contender } from '../scenario.ts';

const SPAWN_LOOP = join(import.meta.dirname, 'spawn-loop.child.mjs');

/** Node starting and ending: below what no tool written for it can go. */
export const nodeFloor: Contender = {
  name: 'node',
  role: 'floor',
  fresh: false,
  prepare: () => ({ command: { file: process.execPath, args: ['-e', '0'] }, verify: () => undefined }),
};

/** The commands of a pipeline's stages started from Node by a bare loop, as many at once as there are cores. */
export function spawnLoop(stages: number): Contender {
  return {
    name: 'spawn loop',
    role: 'floor',
    fresh: true,
    prepare({ folder }) {
      writeInputs(folder, stages);
      const commands = numbers(stages).map(commandOf).join('\n');
      return {
        command: { file: process.execPath, args: [SPAWN_LOOP, String(availableParallelism()), commands] },
        verify() {
          verifyOuts(folder, stages);
        },
      };
    },
  };
}
