import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../program.ts';
import { commandOf, numbers, verifyOuts, writeInputs, writeState } from '../project/stages.ts';
import type { Absent, Command, Contender } from '../scenario.ts';

const NINJA = { name: 'ninja', role: 'peer' } as const;

/** The first build of a pipeline's commands. */
export function ninjaFirstRun(stages: number): Contender | Absent {
  return contender((ninja) => ({
    fresh: true,
    prepare({ folder }) {
      writeBuild(folder, stages);
      return {
        command: ninja,
        verify() {
          verifyOuts(folder, stages);
        },
      };
    },
  }));
}

/** A build with nothing to do. */
export function ninjaNothingChanged(stages: number): Contender | Absent {
  return contender((ninja) => ({
    fresh: false,
    prepare({ folder, run }) {
      writeBuild(folder, stages);
      run(ninja);
      verifyOuts(folder, stages);
      const before = writeState(folder, stages, []);
      return {
        command: ninja,
        verify({ stdout }) {
          const idle = stdout.includes('no work to do') && writeState(folder, stages, []) === before;
          if (!idle) throw new Error(`ninja did something although nothing changed:\n${stdout}`);
        },
      };
    },
  }));
}

function contender(work: (ninja: Command) => Pick<Contender, 'fresh' | 'prepare'>): Contender | Absent {
  const file = findProgram('ninja');
  if (file === undefined) return { ...NINJA, absent: 'not installed (Debian package ninja-build)' };
  // As many at once as pipe runs; its own default is two more.
  return { ...NINJA, ...work({ file, args: ['-j', String(availableParallelism())] }) };
}

function writeBuild(folder: string, stages: number): void {
  const builds = numbers(stages).map(
    (number) => `build out${number}.txt: run in${number}.txt\n  cmd = ${commandOf(number)}\n`,
  );
  writeFileSync(join(folder, 'build.ninja'), `rule run\n  command = $cmd\n${builds.join('')}`);
  writeInputs(folder, stages);
}
