/** `pipe` with a remote: a bucket of its own, or a folder. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSet } from '../../data/data-set.ts';
import type { Changes } from '../../data/files.ts';
import { changeFile, remove, verifyData } from '../../data/files.ts';
import { addedBytes } from '../../data/store-files.ts';
import type { Command, Contender, Prepared, World } from '../../scenario.ts';
import { addedProject, at, changing, verifyStore, writeProject } from '../data/pipe.ts';
import { CLI, memoryOf, pipe } from '../pipe.ts';

const DATA = 'data';

/** Where a remote lies. */
export type Where = 'bucket' | 'folder';

/** The first `pipe push`, into an empty remote. */
export function pipePush(set: DataSet, where: Where): Contender {
  return contender((world) => {
    addedProject(world, set);
    const remote = new Remote(world, where);
    return {
      command: pipe('push'),
      verify({ stdout }) {
        if (!stdout.startsWith('Pushed ')) throw new Error(`pipe push has pushed nothing:\n${stdout}`);
        verifyRemote(world, set);
      },
      reset() {
        remote.replace();
      },
    };
  });
}

/** `pipe push` of what is there. */
export function pipePushAgain(set: DataSet, where: Where): Contender {
  return contender((world) => {
    pushedProject(world, set, where);
    return {
      command: pipe('push'),
      verify({ stdout }) {
        if (!stdout.includes('already')) throw new Error(`pipe push has something to push:\n${stdout}`);
      },
    };
  });
}

/** `pipe push` of a folder in which one file has changed since it was pushed. */
export function pipePushOneChange(set: DataSet, runs?: number): Contender {
  return contender((world) => {
    const remote = pushedProject(world, set, 'bucket');
    let round = 0;
    let changes: Changes = new Map();
    let before = remote.objects();
    const reset = (): void => {
      changes = changeFile(at(world, DATA), set, { number: changing(set), round: ++round });
      world.run(pipe('add', DATA));
      before = remote.objects();
    };
    reset();
    return {
      command: pipe('push'),
      verify({ stdout }) {
        if (!stdout.startsWith('Pushed ')) throw new Error(`pipe push has pushed nothing:\n${stdout}`);
        verifyRemote(world, set, changes);
      },
      stored: () => addedBytes(before, remote.objects()),
      reset,
    };
  }, runs);
}

/** `pipe status -c` of what is there. */
export function pipeStatusCloud(set: DataSet, where: Where): Contender {
  return contender((world) => {
    pushedProject(world, set, where);
    return { command: pipe('status', '-c', '--quiet'), verify: () => undefined }; // the exit code says it
  });
}

/** `pipe pull` into a clone with an empty cache. */
export function pipePull(set: DataSet, where: Where): Contender {
  return contender((world) => {
    pushedProject(world, set, where);
    const reset = (): void => {
      remove(at(world, '.pipe/cache'), at(world, DATA), memoryOf(world));
    };
    reset();
    return {
      command: pipe('pull'),
      verify() {
        verifyData(at(world, DATA), set);
      },
      reset,
    };
  });
}

/** `pipe fetch` into a clone with an empty cache: what `pull` does, without the workspace. */
export function pipeFetch(set: DataSet): Contender {
  return contender((world) => {
    pushedProject(world, set, 'bucket');
    const reset = (): void => {
      remove(at(world, '.pipe/cache'), at(world, DATA), memoryOf(world));
    };
    reset();
    return {
      command: pipe('fetch'),
      verify() {
        if (existsSync(at(world, DATA))) throw new Error('pipe fetch has written into the workspace');
        verifyStore(world, set);
      },
      reset,
    };
  });
}

/** `pipe add`, then `pipe push`: what a backup does at once. */
export function pipeAddAndPush(set: DataSet): Contender {
  return contender((world) => {
    writeProject(world, set);
    const remote = new Remote(world, 'bucket');
    return {
      command: { file: '/bin/sh', args: ['-c', '"$0" "$1" add data && "$0" "$1" push', process.execPath, CLI] },
      verify() {
        verifyRemote(world, set);
      },
      reset() {
        remote.replace();
        remove(at(world, '.pipe/cache'), at(world, 'data.pipe'), at(world, '.gitignore'), memoryOf(world));
      },
    };
  });
}

function contender(prepare: (world: World) => Prepared, runs?: number): Contender {
  return { name: 'pipe', role: 'pipe', fresh: false, prepare, ...(runs === undefined ? {} : { runs }) };
}

function pushedProject(world: World, set: DataSet, where: Where): Remote {
  addedProject(world, set);
  const remote = new Remote(world, where);
  world.run(pipe('push', '--quiet'));
  verifyRemote(world, set);
  return remote;
}

/** A second clone pulls all of it: what is in the remote is what was pushed. */
function verifyRemote(world: World, set: DataSet, changes?: Changes): void {
  const clone = join(world.folder, '..', 'clone');
  const copy = (name: string): Command => ({ file: '/bin/cp', args: ['-r', at(world, name), join(clone, name)] });
  rmSync(clone, { recursive: true, force: true });
  world.run({ file: 'git', args: ['init', '--quiet', clone] });
  world.run(pipe('init', '--quiet', '--cd', clone));
  for (const name of ['.pipe/config.yaml', 'data.pipe']) world.run(copy(name));
  world.run(pipe('pull', '--quiet', '--cd', clone));
  verifyData(join(clone, DATA), set, changes);
  rmSync(clone, { recursive: true });
}

/** The default remote of a project, which can be exchanged for an empty one. */
class Remote {
  readonly #world: World;
  readonly #where: Where;
  #bucket: string | undefined;

  constructor(world: World, where: Where) {
    this.#world = world;
    this.#where = where;
    this.#make();
  }

  replace(): void {
    if (this.#where === 'folder') remove(this.#folder());
    else if (this.#bucket !== undefined) this.#world.s3?.removeBucket(this.#bucket);
    this.#make();
  }

  /** What lies in the bucket. */
  objects(): ReadonlyMap<string, number> {
    const { s3 } = this.#world;
    if (s3 === undefined || this.#bucket === undefined) throw new Error('there is no bucket');
    return s3.objects(this.#bucket);
  }

  #make(): void {
    const { s3, run } = this.#world;
    if (this.#where === 'folder') {
      run(pipe('remote', 'add', '--force', '--default', 'store', this.#folder()));
      return;
    }
    if (s3 === undefined) throw new Error('there is no server');
    this.#bucket = s3.makeBucket();
    run(pipe('remote', 'add', '--force', '--default', 'store', `s3://${this.#bucket}/project`));
    run(pipe('remote', 'modify', 'store', 'endpointurl', s3.url));
  }

  #folder(): string {
    return join(this.#world.folder, '..', 'remote');
  }
}
