/** `restic` with a repository in a bucket. */
import { join } from 'node:path';
import type { DataSet } from '../../data/data-set.ts';
import { remove, verifyData } from '../../data/files.ts';
import { sharedData } from '../../data/shared.ts';
import type { Absent, Contender, World } from '../../scenario.ts';
import { resticContender, verifySummary } from '../restic.ts';

/** The first backup of a data set: reading, hashing, packing and sending at once. */
export function resticBackupToBucket(set: DataSet): Contender | Absent {
  return resticContender((world, restic) => {
    const repository = new Repository(world);
    const source = sharedData(world, set);
    world.run(restic('init', ...repository.options));
    return {
      get command() {
        return restic('backup', '--json', source, ...repository.options);
      },
      verify(finished) {
        verifySummary(finished, { total_files_processed: set.files, total_bytes_processed: set.bytes });
      },
      reset() {
        repository.replace();
        remove(world.env['XDG_CACHE_HOME']!);
        world.run(restic('init', ...repository.options));
      },
    };
  });
}

/** Restoring the last backup. */
export function resticRestoreFromBucket(set: DataSet): Contender | Absent {
  return resticContender((world, restic) => {
    const { options } = new Repository(world);
    const source = sharedData(world, set);
    const target = join(world.folder, 'copy');
    world.run(restic('init', ...options));
    world.run(restic('backup', source, ...options));
    return {
      command: restic('restore', 'latest', '--target', target, ...options),
      verify() {
        verifyData(join(target, source), set);
      },
      reset() {
        remove(target, world.env['XDG_CACHE_HOME']!);
      },
    };
  });
}

/** In a bucket of its own. */
class Repository {
  readonly #world: World;
  #bucket: string;

  constructor(world: World) {
    this.#world = world;
    this.#bucket = this.#make();
  }

  get options(): readonly string[] {
    return ['--repo', `s3:${this.#world.s3!.url}/${this.#bucket}`];
  }

  replace(): void {
    this.#world.s3!.removeBucket(this.#bucket);
    this.#bucket = this.#make();
  }

  #make(): string {
    if (this.#world.s3 === undefined) throw new Error('there is no server');
    return this.#world.s3.makeBucket();
  }
}
