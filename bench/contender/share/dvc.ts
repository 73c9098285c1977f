/** DVC with a remote in a bucket. One run takes it minutes. */
import { pythonTool } from '../../../test/setup/python.ts';
import { DVC_S3 } from '../../../test/setup/transfer-peers.ts';
import type { DataSet } from '../../data/data-set.ts';
import { remove, verifyData, writeData } from '../../data/files.ts';
import type { Absent, Command, Contender, Prepared, World } from '../../scenario.ts';
import { dvcContender, initDvc } from '../dvc.ts';
import { join } from 'node:path';

const DATA = 'data';

/** The first `dvc push`. */
export function dvcPush(set: DataSet): Contender | Absent {
  return contender(1, (world) => {
    addedProject(world, set);
    return {
      command: dvc('push', '--quiet'),
      verify() {
        world.run(dvc('status', '--cloud', '--quiet'));
      },
    };
  });
}

/** `dvc push` of what is there. */
export function dvcPushAgain(set: DataSet): Contender | Absent {
  return contender(2, (world) => {
    pushedProject(world, set);
    return { command: dvc('push', '--quiet'), verify: () => undefined };
  });
}

/** `dvc status -c` of what is there. */
export function dvcStatusCloud(set: DataSet): Contender | Absent {
  return contender(2, (world) => {
    pushedProject(world, set);
    return { command: dvc('status', '--cloud', '--quiet'), verify: () => undefined };
  });
}

/** `dvc pull` into an empty cache. */
export function dvcPull(set: DataSet): Contender | Absent {
  return contender(1, (world) => {
    pushedProject(world, set);
    const reset = (): void => {
      remove(at(world, '.dvc/cache'), at(world, '.dvc/tmp'), at(world, DATA));
    };
    reset();
    return {
      command: dvc('pull', '--quiet'),
      verify() {
        verifyData(at(world, DATA), set);
      },
      reset,
    };
  });
}

function contender(runs: number, prepare: (world: World) => Prepared): Contender | Absent {
  try {
    pythonTool(DVC_S3);
  } catch (error) {
    return dvcContender(
      { leftOut: { absent: `not installed: ${(error as Error).message}` } },
      { fresh: false, prepare },
    );
  }
  return dvcContender({ runs }, { fresh: false, prepare });
}

function dvc(...args: readonly string[]): Command {
  return { file: pythonTool(DVC_S3), args };
}

function at(world: World, path: string): string {
  return join(world.folder, path);
}

function addedProject(world: World, set: DataSet): void {
  if (world.s3 === undefined) throw new Error('there is no server');
  initDvc(world);
  writeData(at(world, DATA), set);
  world.run(dvc('add', '--quiet', DATA));
  world.run(dvc('remote', 'add', '--default', 'store', `s3://${world.s3.makeBucket()}/project`));
  world.run(dvc('remote', 'modify', 'store', 'endpointurl', world.s3.url));
}

function pushedProject(world: World, set: DataSet): void {
  addedProject(world, set);
  world.run(dvc('push', '--quiet'));
}
