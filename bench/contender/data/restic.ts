/** `restic` with a repository in a folder: packs of encrypted objects, which is the nearest that there is to pipe's. */
import { join } from 'node:path';
import type { DataSet } from '../../data/data-set.ts';
import { changeFile, remove, verifyData, writeData } from '../../data/files.ts';
import { sharedData } from '../../data/shared.ts';
import type { Absent, Contender, Prepared, World } from '../../scenario.ts';
import type { Restic } from '../restic.ts';
import { resticContender, verifySummary } from '../restic.ts';

/** The first backup of a data set. */
export function resticBackup(set: DataSet, runs?: number): Contender | Absent {
  return contender(runs, (world, restic) => {
    const source = sharedData(world, set);
    world.run(restic('init'));
    return {
      command: restic('backup', '--json', source),
      verify(finished) {
        verifySummary(finished, { total_files_processed: set.files, total_bytes_processed: set.bytes });
        world.run(restic('check', '--read-data'));
      },
      reset() {
        remove(repository(world), world.env['XDG_CACHE_HOME']!);
        world.run(restic('init'));
      },
    };
  });
}

/** A backup of what the last one has already. */
export function resticBackupAgain(set: DataSet): Contender | Absent {
  return contender(undefined, (world, restic) => {
    const backup = restic('backup', '--json', sharedData(world, set));
    world.run(restic('init'));
    world.run(backup);
    return {
      command: backup,
      verify(finished) {
        verifySummary(finished, { files_new: 0, files_changed: 0, files_unmodified: set.files });
      },
    };
  });
}

/** A backup after one file has changed. */
export function resticOneChange(set: DataSet): Contender | Absent {
  return contender(undefined, (world, restic) => {
    const source = join(world.folder, 'data');
    writeData(source, set);
    const backup = restic('backup', '--json', source);
    world.run(restic('init'));
    world.run(backup);
    let round = 0;
    const reset = (): void => {
      changeFile(source, set, { number: Math.floor(set.files / 2), round: ++round });
    };
    reset();
    return {
      command: backup,
      verify(finished) {
        verifySummary(finished, { files_new: 0, files_changed: 1, files_unmodified: set.files - 1 });
      },
      reset,
    };
  });
}

/** Restoring the last backup. */
export function resticRestore(set: DataSet): Contender | Absent {
  return contender(undefined, (world, restic) => {
    const source = sharedData(world, set);
    const target = join(world.folder, 'copy');
    world.run(restic('init'));
    world.run(restic('backup', source));
    return {
      command: restic('restore', 'latest', '--target', target),
      verify() {
        verifyData(join(target, source), set);
      },
      reset() {
        remove(target);
      },
    };
  });
}

/** Checking every byte of a repository. */
export function resticCheck(set: DataSet, runs?: number): Contender | Absent {
  return afterBackup(set, ['check', '--read-data'], runs);
}

/** Looking for what could be removed from a repository, of which all is needed. */
export function resticPrune(set: DataSet, runs?: number): Contender | Absent {
  return afterBackup(set, ['prune'], runs);
}

function afterBackup(set: DataSet, words: readonly string[], runs: number | undefined): Contender | Absent {
  return contender(runs, (world, restic) => {
    world.run(restic('init'));
    world.run(restic('backup', sharedData(world, set)));
    return { command: restic(...words), verify: () => undefined };
  });
}

function contender(runs: number | undefined, prepare: (world: World, restic: Restic) => Prepared): Contender | Absent {
  return resticContender(
    (world, restic) => prepare(world, (...words) => restic(...words, '--repo', repository(world))),
    runs,
  );
}

function repository({ folder }: World): string {
  return join(folder, 'repository');
}
