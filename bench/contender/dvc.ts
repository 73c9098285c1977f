import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DVC_VERSION, dvcBinary } from '../../test/setup/dvc.ts';
import { pipelineText, verifyLock, verifyOuts, writeInputs, writeOuts, writeState } from '../project/stages.ts';
import type { Absent, Command, Contender, Prepared, World } from '../scenario.ts';

const DVC = { name: `dvc ${DVC_VERSION}`, role: 'peer' } as const;
const LOCK = 'dvc.lock';
const UP_TO_DATE = 'Data and pipelines are up to date.';

/** How often DVC runs, where a run takes too long for as many as the others; and where it is left out altogether. */
export interface Patience {
  readonly runs?: number;
  readonly leftOut?: Omit<Absent, 'name' | 'role'>;
}

/** `dvc` where no file matters. */
export function dvcPlain(args: readonly string[], verify: Prepared['verify']): Contender | Absent {
  return dvcContender({}, { fresh: false, prepare: () => ({ command: dvc(...args), verify }) });
}

/** The first `dvc repro` of a pipeline. */
export function dvcFirstRun(stages: number, patience: Patience = {}): Contender | Absent {
  return dvcContender(patience, {
    fresh: true,
    prepare(world) {
      writeProject(world, stages);
      return {
        command: dvc('repro'),
        verify() {
          verifyOuts(world.folder, stages);
          verifyLock(join(world.folder, LOCK), stages);
        },
      };
    },
  });
}

/** `dvc` with arguments after which nothing may have changed in a pipeline that has run. */
export function dvcNothingChanged(
  stages: number,
  args: readonly string[],
  patience: Patience = {},
): Contender | Absent {
  return dvcContender(patience, {
    fresh: false,
    prepare(world) {
      writeProject(world, stages);
      // As after a repro, which would take up to minutes: the outs are there, and recorded as those of the stages.
      writeOuts(world.folder, stages);
      world.run(dvc('commit', '--force', '--quiet'));
      verifyLock(join(world.folder, LOCK), stages);
      const before = writeState(world.folder, stages, [LOCK]);
      return {
        command: dvc(...args),
        verify({ stdout }) {
          if (!stdout.includes(UP_TO_DATE)) throw new Error(`dvc ${args.join(' ')} has more to say:\n${stdout}`);
          const after = writeState(world.folder, stages, [LOCK]);
          if (after !== before) throw new Error(`dvc ${args.join(' ')} has written files although nothing changed`);
        },
      };
    },
  });
}

/** DVC with some patience, unless it is left out or not there. */
export function dvcContender(
  { runs, leftOut }: Patience,
  work: Pick<Contender, 'fresh' | 'prepare'>,
): Contender | Absent {
  if (leftOut !== undefined) return { ...DVC, ...leftOut };
  try {
    dvcBinary();
  } catch (error) {
    return { ...DVC, absent: `not installed: ${(error as Error).message}` };
  }
  return { ...DVC, ...work, ...(runs === undefined ? {} : { runs }) };
}

/** A run of DVC. */
export function dvc(...args: readonly string[]): Command {
  return { file: dvcBinary(), args };
}

/** Makes an empty project: neither statistics nor a search for a newer version, which run beside what is timed. */
export function initDvc(world: World): void {
  world.run({ file: 'git', args: ['init', '--quiet'] });
  world.run(dvc('init', '--quiet'));
  writeFileSync(join(world.folder, '.dvc/config'), '[core]\n    analytics = false\n    check_update = false\n');
}

function writeProject(world: World, stages: number): void {
  initDvc(world);
  writeFileSync(join(world.folder, 'dvc.yaml'), pipelineText(stages));
  writeInputs(world.folder, stages);
}
