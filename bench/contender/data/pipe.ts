/** `pipe` with tracked data. */
import { cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { DataSet } from '../../data/data-set.ts';
import { isOneFile } from '../../data/data-set.ts';
import type { Changes } from '../../data/files.ts';
import { changeFile, dataState, remove, restoreFile, verifyData, verifyLinked, writeData } from '../../data/files.ts';
import { addedBytes, storeFiles } from '../../data/store-files.ts';
import { COMMIT_COMMAND, FSCK_COMMAND, GC_COMMAND, STATUS_COMMAND } from '../../project/words.ts';
import type { Contender, Prepared, World } from '../../scenario.ts';
import { memoryOf, pipe } from '../pipe.ts';

/** What is tracked, a folder or a file of this name. */
const DATA = 'data';
const POINTER = `${DATA}.pipe`;

/** A folder's name ends with `/`, and what lies in it follows. */
const MENTIONS_DATA = new RegExp(`\\s${DATA}(/|$)`, 'm');

/** The file that changes, where one does: in the middle, as the first or the last one may be found sooner. */
export const changing = ({ files }: DataSet): number => Math.floor(files / 2);

/** The first `pipe add`: no store, no index, no pointer. */
export function pipeAdd(set: DataSet, runs?: number): Contender {
  return contender(runs, (world) => {
    writeProject(world, set);
    return {
      command: pipe('add', DATA),
      verify() {
        verifyPointer(world, set);
        verifyStore(world, set);
      },
      reset() {
        remove(at(world, '.pipe'), at(world, POINTER), at(world, '.gitignore'), memoryOf(world));
        world.run(pipe('init', '--quiet'));
      },
    };
  });
}

/** `pipe add` of data that has been added and not changed since. */
export function pipeAddAgain(set: DataSet, runs?: number): Contender {
  return contender(runs, (world) => {
    addedProject(world, set);
    return nothingToDo(world, set, ['add', DATA]);
  });
}

/** Looking for changes in data that has none. */
export function pipeStatus(set: DataSet, runs?: number): Contender {
  return contender(runs, (world) => {
    addedProject(world, set);
    commitToGit(world, ['.gitignore', POINTER, '.pipe']);
    const status = pipe(...STATUS_COMMAND);
    const mentionsData = (): boolean => MENTIONS_DATA.test(world.run(status).stdout);
    changeFile(at(world, DATA), set, { number: changing(set), round: 1 });
    if (!mentionsData()) throw new Error(`pipe ${STATUS_COMMAND.join(' ')} does not see a change`);
    restoreFile(at(world, DATA), set, changing(set));
    if (mentionsData()) throw new Error(`pipe ${STATUS_COMMAND.join(' ')} sees a change where there is none`);
    const idle = nothingToDo(world, set, STATUS_COMMAND);
    return {
      ...idle,
      verify(finished) {
        idle.verify(finished);
        if (MENTIONS_DATA.test(finished.stdout)) throw new Error(`a change where there is none:\n${finished.stdout}`);
      },
    };
  });
}

/** How files come out of the store, where that is not by copying. */
export interface Links {
  readonly links?: 'hardlink';
}

/** `pipe checkout` of data that is gone from the workspace. */
export function pipeCheckout(set: DataSet, { links, runs }: Links & { readonly runs?: number } = {}): Contender {
  return contender(runs, (world) => {
    addedProject(world, set, links);
    const reset = (): void => {
      remove(at(world, DATA));
    };
    reset();
    return {
      command: pipe('checkout'),
      verify() {
        verifyData(at(world, DATA), set);
        if (links === 'hardlink') verifyLinked(at(world, DATA), set);
      },
      reset,
    };
  });
}

/** `pipe checkout` of data that is in place. */
export function pipeCheckoutAgain(set: DataSet, runs?: number): Contender {
  return contender(runs, (world) => {
    addedProject(world, set);
    return nothingToDo(world, set, ['checkout']);
  });
}

/** How data of which one file has changed is stored, where that is not by `pipe commit`. */
export interface Storing {
  readonly command?: readonly string[];
  readonly runs?: number;
}

/** Storing data of which one file has changed, with `pipe commit` or `pipe add`. */
export function pipeOneChange(set: DataSet, { command = COMMIT_COMMAND, runs }: Storing = {}): Contender {
  return contender(runs, (world) => {
    addedProject(world, set);
    let round = 0;
    let changes: Changes = new Map();
    let digest = '';
    let before: ReturnType<typeof storeFiles> = new Map();
    const reset = (): void => {
      if (isOneFile(set)) world.run(pipe(...GC_COMMAND)); // each change stores all of it once more
      digest = readPointer(world).digest;
      before = storeFiles(at(world, '.pipe/cache'));
      changes = changeFile(at(world, DATA), set, { number: changing(set), round: ++round });
    };
    reset();
    return {
      command: pipe(...command),
      verify() {
        verifyPointer(world, set);
        if (readPointer(world).digest === digest) throw new Error(`pipe ${command.join(' ')} has not seen the change`);
        verifyStore(world, set, changes);
      },
      stored: () => addedBytes(before, storeFiles(at(world, '.pipe/cache'))),
      reset,
    };
  });
}

/** Looking for what could be removed from a store, of which all is needed. */
export function pipeGc(set: DataSet, runs?: number): Contender {
  return contender(runs, (world) => {
    addedProject(world, set);
    const idle = nothingToDo(world, set, GC_COMMAND);
    return {
      ...idle,
      verify(finished) {
        idle.verify(finished);
        verifyStore(world, set);
      },
    };
  });
}

/** Checking every byte of a store that is whole. */
export function pipeFsck(set: DataSet, runs?: number): Contender {
  return contender(runs, (world) => {
    addedProject(world, set);
    refuseBlindness(world);
    remove(at(world, '.pipe'), memoryOf(world));
    world.run(pipe('init', '--quiet'));
    world.run(pipe('add', DATA));
    return nothingToDo(world, set, FSCK_COMMAND);
  });
}

/** Damages the store, which the command must see. */
function refuseBlindness(world: World): void {
  world.run(pipe(...FSCK_COMMAND));
  const store = at(world, '.pipe/cache');
  const [largest] = [...storeFiles(store)].toSorted(([, a], [, b]) => b - a)[0]!;
  const bytes = readFileSync(join(store, largest));
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = bytes[middle]! ^ 1;
  remove(join(store, largest));
  writeFileSync(join(store, largest), bytes);
  try {
    world.run(pipe(...FSCK_COMMAND));
  } catch {
    return;
  }
  throw new Error(`pipe ${FSCK_COMMAND.join(' ')} finds nothing wrong with a damaged store`);
}

function contender(runs: number | undefined, prepare: (world: World) => Prepared): Contender {
  return { name: 'pipe', role: 'pipe', fresh: false, prepare, ...(runs === undefined ? {} : { runs }) };
}

/** A path inside a project. */
export function at(world: World, path: string): string {
  return join(world.folder, path);
}

/** A project with data that is not tracked yet. */
export function writeProject(world: World, set: DataSet): void {
  world.run({ file: 'git', args: ['init', '--quiet'] });
  world.run(pipe('init', '--quiet'));
  writeData(at(world, DATA), set);
}

/** A project with tracked data. */
export function addedProject(world: World, set: DataSet, links?: Links['links']): void {
  writeProject(world, set);
  if (links !== undefined) world.run(pipe('config', 'cache.type', links));
  world.run(pipe('add', DATA));
  verifyPointer(world, set);
}

function commitToGit(world: World, paths: readonly string[]): void {
  world.run({ file: 'git', args: ['add', ...paths] });
  world.run({ file: 'git', args: ['commit', '--quiet', '--message', 'track data'] });
}

/** A command that has nothing to do: it may write neither data nor pointer nor anything into the store. */
function nothingToDo(world: World, set: DataSet, words: readonly string[]): Prepared {
  const state = (): string => {
    const { ino, mtimeNs } = statSync(at(world, POINTER), { bigint: true });
    const store = [...storeFiles(at(world, '.pipe/cache'))].sort().join(' ');
    return `${dataState(at(world, DATA), set)} ${ino} ${mtimeNs} ${store}`;
  };
  const before = state();
  return {
    command: pipe(...words),
    verify() {
      if (state() !== before) throw new Error(`pipe ${words.join(' ')} has written files although nothing changed`);
    },
  };
}

interface PointerOut {
  readonly digest: string;
  readonly size: number;
  readonly files?: number;
}

function readPointer(world: World): PointerOut {
  const { outs } = parse(readFileSync(at(world, POINTER), 'utf8')) as { outs: [PointerOut] };
  return outs[0];
}

function verifyPointer(world: World, set: DataSet): void {
  const { digest, size, files } = readPointer(world);
  const isWhole = /^b3:[0-9a-f]{64}$/.test(digest) && size === set.bytes && (files ?? 1) === set.files;
  if (!isWhole) throw new Error(`${POINTER} says ${files ?? 1} files, ${size} bytes, digest "${digest}"`);
}

/** Checks the data out of the store into a project that has nothing else, and compares every byte. */
export function verifyStore(world: World, set: DataSet, changes?: Changes): void {
  const other = `${world.folder}-proof`;
  mkdirSync(other);
  try {
    world.run({ file: 'git', args: ['init', '--quiet', other] });
    world.run(pipe('--cd', other, 'init', '--quiet'));
    world.run(pipe('--cd', other, 'config', 'cache.dir', at(world, '.pipe/cache')));
    cpSync(at(world, POINTER), join(other, POINTER));
    world.run(pipe('--cd', other, 'checkout'));
    verifyData(join(other, DATA), set, changes);
  } finally {
    remove(other);
  }
}
