import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { DataSet } from '../data/data-set.ts';
import { remove, verifyData, verifyLinked } from '../data/files.ts';
import { sharedData } from '../data/shared.ts';
import { commandOf, numbers, verifyOuts, writeInputs } from '../project/stages.ts';
import type { Contender } from '../scenario.ts';

const LINK_LOOP = join(import.meta.dirname, 'link-loop.child.mjs');
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

/** A hard link to each file, made by a bare loop in Node that asks for the stat values of each: what an index needs. */
export function linkLoop(set: DataSet): Contender {
  return {
    name: 'link loop',
    role: 'floor',
    fresh: false,
    prepare(world) {
      const target = join(world.folder, 'copy');
      return {
        command: { file: process.execPath, args: [LINK_LOOP, sharedData(world, set), target] },
        verify() {
          verifyData(target, set);
          verifyLinked(target, set);
        },
        reset() {
          remove(target);
        },
      };
    },
  };
}
