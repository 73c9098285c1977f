/** The system's own tools on a data set: copying, linking, reading and looking. */
import { join } from 'node:path';
import type { DataSet } from '../../data/data-set.ts';
import { isOneFile } from '../../data/data-set.ts';
import { remove, verifyData, verifyLinked } from '../../data/files.ts';
import { sharedData } from '../../data/shared.ts';
import type { Contender } from '../../scenario.ts';

/** `cp` of a file or `cp -r` of a folder: what anybody would do. */
export function copy(set: DataSet, runs?: number): Contender {
  return copying(set, { args: isOneFile(set) ? [] : ['-r'], runs });
}

/** `cp -al`: a hard link to each file. */
export function linkedCopy(set: DataSet, runs?: number): Contender {
  return copying(set, { args: ['-al'], runs });
}

/** Reading every byte of a data set, without as much as a digest: what no tool can add it without. */
export function reading(set: DataSet, runs?: number): Contender {
  return floor('find + cat', set, { script: 'find "$0" -type f -exec cat {} + | wc -c', prints: set.bytes, runs });
}

/** Asking for size and times of every file: what no tool can look for changes without. */
export function looking(set: DataSet, runs?: number): Contender {
  return floor('find', set, { script: `find "$0" -type f -printf '%s %T@ %C@\\n' | wc -l`, prints: set.files, runs });
}

function copying(set: DataSet, { args, runs }: { args: readonly string[]; runs: number | undefined }): Contender {
  return {
    name: ['cp', ...args].join(' '),
    role: 'peer',
    fresh: false,
    ...(runs === undefined ? {} : { runs }),
    prepare(world) {
      const source = sharedData(world, set);
      const target = join(world.folder, 'copy');
      return {
        command: { file: '/bin/cp', args: [...args, source, target] },
        verify() {
          verifyData(target, set);
          if (args.includes('-al')) verifyLinked(target, set);
        },
        reset() {
          remove(target);
        },
      };
    },
  };
}

interface FloorWork {
  /** For a shell, with the path of the data as `$0`. */
  readonly script: string;
  /** The number that it prints when it has done its work. */
  readonly prints: number;
  readonly runs: number | undefined;
}

function floor(name: string, set: DataSet, { script, prints, runs }: FloorWork): Contender {
  return {
    name,
    role: 'floor',
    fresh: false,
    ...(runs === undefined ? {} : { runs }),
    prepare: (world) => ({
      command: { file: '/bin/sh', args: ['-c', script, sharedData(world, set)] },
      verify({ stdout }) {
        if (Number(stdout) !== prints) throw new Error(`${name} counts ${stdout.trim()} instead of ${prints}`);
      },
    }),
  };
}
