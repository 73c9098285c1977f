/** `restic` with a repository in a folder: packs of encrypted objects, which is the nearest that there is to pipe's. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resticFolder } from '../../../test/setup/restic.ts';
import type { DataSet } from '../../data/data-set.ts';
import { changeFile, remove, verifyData, writeData } from '../../data/files.ts';
import { sharedData } from '../../data/shared.ts';
import { findProgram } from '../../program.ts';
import type { Absent, Command, Contender, Finished, Prepared, World } from '../../scenario.ts';

/** The first backup of a data set. */
export function resticBackup(set: DataSet): Contender | Absent {
  return contender((world, restic) => {
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
  return contender((world, restic) => {
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
  return contender((world, restic) => {
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
  return contender((world, restic) => {
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
export function resticCheck(set: DataSet): Contender | Absent {
  return afterBackup(set, ['check', '--read-data']);
}

/** Looking for what could be removed from a repository, of which all is needed. */
export function resticPrune(set: DataSet): Contender | Absent {
  return afterBackup(set, ['prune']);
}

function afterBackup(set: DataSet, words: readonly string[]): Contender | Absent {
  return contender((world, restic) => {
    world.run(restic('init'));
    world.run(restic('backup', sharedData(world, set)));
    return { command: restic(...words), verify: () => undefined };
  });
}

type Restic = (...words: readonly string[]) => Command;

function contender(prepare: (world: World, restic: Restic) => Prepared): Contender | Absent {
  const file = findProgram('restic', [resticFolder()]);
  if (file === undefined)
    return {
      name: 'restic',
      role: 'peer',
      absent: 'not installed: `npm run setup:bench`, or the Debian package restic',
    };
  return {
    name: `restic ${versionOf(file)}`,
    role: 'peer',
    fresh: false,
    prepare(world) {
      const password = join(world.folder, 'password');
      writeFileSync(password, 'none');
      const options = ['--repo', repository(world), '--password-file', password];
      return prepare(world, (...words) => ({ file, args: [...words, ...options] }));
    },
  };
}

function repository({ folder }: World): string {
  return join(folder, 'repository');
}

function versionOf(file: string): string {
  return /\d+\.\d+\.\d+/.exec(spawnSync(file, ['version'], { encoding: 'utf8' }).stdout)?.[0] ?? 'unknown';
}

/** The last line that a backup prints, as JSON, says what it has done. */
function verifySummary({ stdout }: Finished, expected: Readonly<Record<string, number>>): void {
  const summary = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, unknown>;
  const wrong = Object.entries(expected).find(([name, value]) => summary[name] !== value);
  if (wrong !== undefined)
    throw new Error(`restic says ${wrong[0]} ${String(summary[wrong[0]])} instead of ${wrong[1]}`);
}
