import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pipelineText, verifyLock, verifyOuts, writeInputs, writeState } from '../project/stages.ts';
import type { Command, Contender, Prepared, World } from '../scenario.ts';

/** The built command that is measured. */
export const CLI = resolve(import.meta.dirname, '../../dist/cli.js');

const LOCK = 'pipeline.lock';

/** A run of `pipe`. */
export function pipe(...args: readonly string[]): Command {
  return { file: process.execPath, args: [CLI, ...args] };
}

/** Where it remembers files and remotes. Its compiled code lies beside, and stays, as Python's modules do for DVC. */
export function memoryOf(world: World): string {
  return join(world.env['XDG_CACHE_HOME']!, 'pipe', 'index');
}

/** `pipe` where no file matters. */
export function pipePlain(args: readonly string[], verify: Prepared['verify']): Contender {
  return { name: 'pipe', role: 'pipe', fresh: false, prepare: () => ({ command: pipe(...args), verify }) };
}

/** The first `pipe repro` of a pipeline. */
export function pipeFirstRun(stages: number): Contender {
  return {
    name: 'pipe',
    role: 'pipe',
    fresh: true,
    prepare(world) {
      writeProject(world, stages);
      return {
        command: pipe('repro'),
        verify() {
          verifyOuts(world.folder, stages);
          verifyLock(join(world.folder, LOCK), stages);
          world.run(pipe('status', '--quiet')); // exit code 0: nothing is left to do
        },
      };
    },
  };
}

/** `pipe` with arguments after which nothing may have changed in a pipeline that has run. */
export function pipeNothingChanged(stages: number, args: readonly string[], says: string): Contender {
  return {
    name: 'pipe',
    role: 'pipe',
    fresh: false,
    prepare(world) {
      writeProject(world, stages);
      world.run(pipe('status', '--quiet'), 1); // it can tell that there is something to do
      world.run(pipe('repro'));
      verifyOuts(world.folder, stages);
      verifyLock(join(world.folder, LOCK), stages);
      const before = writeState(world.folder, stages, [LOCK]);
      return {
        command: pipe(...args),
        verify({ stdout }) {
          if (!stdout.includes(says)) throw new Error(`pipe ${args.join(' ')} does not say "${says}":\n${stdout}`);
          const after = writeState(world.folder, stages, [LOCK]);
          if (after !== before) throw new Error(`pipe ${args.join(' ')} has written files although nothing changed`);
        },
      };
    },
  };
}

function writeProject(world: World, stages: number): void {
  world.run({ file: 'git', args: ['init', '--quiet'] });
  world.run(pipe('init', '--quiet'));
  writeFileSync(join(world.folder, 'pipeline.yaml'), pipelineText(stages));
  writeInputs(world.folder, stages);
}
