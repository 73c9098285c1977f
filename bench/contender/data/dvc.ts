/** DVC with tracked data. Each run takes it long enough for two to say what there is to say. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { DataSet } from '../../data/data-set.ts';
import { isOneFile } from '../../data/data-set.ts';
import { changeFile, dataState, remove, verifyData, verifyLinked, writeData } from '../../data/files.ts';
import type { Absent, Contender, Prepared, World } from '../../scenario.ts';
import { dvc, dvcContender, initDvc } from '../dvc.ts';
import type { Links } from './pipe.ts';

const DATA = 'data';
const POINTER = `${DATA}.dvc`;
const OBJECTS = '.dvc/cache/files/md5';

/** The first `dvc add`. */
export function dvcAdd(set: DataSet): Contender | Absent {
  return contender((world) => {
    writeProject(world, set);
    return {
      command: dvc('add', '--quiet', DATA),
      verify() {
        verifyAdded(world, set);
        verifyData(at(world, DATA), set);
      },
      reset() {
        const caches = [world.env['XDG_CACHE_HOME']!, world.env['DVC_SITE_CACHE_DIR']!];
        remove(at(world, '.dvc/cache'), at(world, '.dvc/tmp'), at(world, POINTER), at(world, '.gitignore'), ...caches);
      },
    };
  });
}

/** `dvc add` of data that has been added and not changed since. */
export function dvcAddAgain(set: DataSet): Contender | Absent {
  return contender((world) => {
    addedProject(world, set);
    const words = ['add', '--quiet', DATA];
    if (!isOneFile(set)) return nothingToDo(world, set, words);
    return {
      command: dvc(...words),
      verify() {
        verifyData(at(world, DATA), set); // it puts a file of its own in place again
      },
    };
  });
}

/** `dvc data status` of data that has not changed. */
export function dvcStatus(set: DataSet): Contender | Absent {
  return contender((world) => {
    addedProject(world, set);
    world.run({ file: 'git', args: ['add', '.gitignore', POINTER, '.dvc'] });
    world.run({ file: 'git', args: ['commit', '--quiet', '--message', 'track data'] });
    const idle = nothingToDo(world, set, ['data', 'status']);
    return {
      ...idle,
      verify(finished) {
        idle.verify(finished);
        if (!finished.stdout.includes('No changes')) throw new Error(`dvc has more to say:\n${finished.stdout}`);
      },
    };
  });
}

/** `dvc checkout` of data that is gone from the workspace. */
export function dvcCheckout(set: DataSet, { links }: Links = {}): Contender | Absent {
  return contender((world) => {
    addedProject(world, set, links);
    const reset = (): void => {
      remove(at(world, DATA));
    };
    reset();
    return {
      command: dvc('checkout', '--quiet'),
      verify() {
        verifyData(at(world, DATA), set);
        if (links === 'hardlink') verifyLinked(at(world, DATA), set);
      },
      reset,
    };
  });
}

/** `dvc checkout` of data that is in place. */
export function dvcCheckoutAgain(set: DataSet): Contender | Absent {
  return contender((world) => {
    addedProject(world, set);
    return nothingToDo(world, set, ['checkout', '--quiet']);
  });
}

/** `dvc commit` of data of which one file has changed. */
export function dvcOneChange(set: DataSet): Contender | Absent {
  return contender((world) => {
    addedProject(world, set);
    let round = 0;
    let digest = '';
    const reset = (): void => {
      if (isOneFile(set)) world.run(dvc('gc', '--workspace', '--force', '--quiet')); // as for pipe
      digest = readPointer(world).md5;
      changeFile(at(world, DATA), set, { number: Math.floor(set.files / 2), round: ++round });
    };
    reset();
    return {
      command: dvc('commit', '--force', '--quiet'),
      verify() {
        if (readPointer(world).md5 === digest) throw new Error('dvc commit has not seen the change');
      },
      reset,
    };
  });
}

/** `dvc gc` of a cache of which all is needed. */
export function dvcGc(set: DataSet): Contender | Absent {
  return contender((world) => {
    addedProject(world, set);
    const idle = nothingToDo(world, set, ['gc', '--workspace', '--force', '--quiet']);
    return {
      ...idle,
      verify(finished) {
        idle.verify(finished);
        verifyAdded(world, set);
      },
    };
  });
}

function contender(prepare: (world: World) => Prepared): Contender | Absent {
  return dvcContender({ runs: 2 }, { fresh: false, prepare });
}

function at(world: World, path: string): string {
  return join(world.folder, path);
}

function writeProject(world: World, set: DataSet, links?: Links['links']): void {
  initDvc(world);
  if (links !== undefined) world.run(dvc('config', 'cache.type', links));
  writeData(at(world, DATA), set);
}

function addedProject(world: World, set: DataSet, links?: Links['links']): void {
  writeProject(world, set, links);
  world.run(dvc('add', '--quiet', DATA));
  verifyAdded(world, set);
}

function nothingToDo(world: World, set: DataSet, words: readonly string[]): Prepared {
  const before = dataState(at(world, DATA), set);
  return {
    command: dvc(...words),
    verify() {
      const after = dataState(at(world, DATA), set);
      if (after !== before) throw new Error(`dvc ${words.join(' ')} has written files although nothing changed`);
    },
  };
}

interface PointerOut {
  readonly md5: string;
  readonly size: number;
  readonly nfiles?: number;
}

function readPointer(world: World): PointerOut {
  const { outs } = parse(readFileSync(at(world, POINTER), 'utf8')) as { outs: [PointerOut] };
  return outs[0];
}

/** Checks the pointer, and that the cache holds an object for each file and for the folder, with the bytes of its name. */
function verifyAdded(world: World, set: DataSet): void {
  const { size, nfiles = 1 } = readPointer(world);
  if (size !== set.bytes || nfiles !== set.files) throw new Error(`${POINTER} says ${nfiles} files, ${size} bytes`);
  const objects = readdirSync(at(world, OBJECTS), { recursive: true, withFileTypes: true }).filter((each) =>
    each.isFile(),
  );
  const files = objects.filter(({ name }) => !name.endsWith('.dir'));
  if (files.length !== set.files) throw new Error(`DVC's cache holds ${files.length} of ${set.files} files`);
  for (const { parentPath, name } of objects) {
    const path = join(parentPath, name);
    const digest = parentPath.slice(-2) + name.replace('.dir', '');
    if (md5Of(path) !== digest) throw new Error(`${path} holds other bytes than its name says`);
  }
}

/** In pieces: an object may be larger than a buffer. */
function md5Of(path: string): string {
  const hash = createHash('md5');
  const piece = Buffer.allocUnsafe(1024 * 1024);
  const handle = openSync(path, 'r');
  try {
    for (let read = -1; read !== 0;) {
      read = readSync(handle, piece);
      hash.update(piece.subarray(0, read));
    }
  } finally {
    closeSync(handle);
  }
  return hash.digest('hex');
}
