import { chmod, readFile, symlink } from 'node:fs/promises';
import { expect } from 'vitest';
import type { Rig } from '../../rig/rig.ts';
import { flip, fsck, gc } from '../upkeep/project.ts';

/** A data command, and the project that it is about to work on. */
export interface DataWork {
  readonly title: string;
  readonly args: readonly string[];
  readonly prepare: (rig: Rig) => Promise<void>;
  /** What a repetition says when nothing was left to be done: of a removed path nothing is known any more. */
  readonly isOver?: string;
  /** Records that meanwhile say neither what they said before nor what they will say. */
  readonly meanwhile?: readonly string[];
  /** Whether it changes nothing, so that its moments are those at which it reads. */
  readonly onlyReads?: boolean;
  /** Whether it is done as a whole once it has begun to change something: then Ctrl-C comes too late. */
  readonly isWhole?: boolean;
  /** A folder of the project that lies on another disk. */
  readonly otherDisk?: string;
  /** A change of the disk that helper threads make, where there are any. */
  readonly byThreads?: RegExp;
  /** What else must hold when it has ended. */
  readonly check?: (rig: Rig) => Promise<void>;
}

/** Files of all sizes and kinds below a folder; in another version some differ, some are new, some are gone. */
async function writeVersion(rig: Rig, version: number, folder = 'data'): Promise<void> {
  // Never into a file: it may be a link to its object.
  await rig.remove(folder);
  const small = Array.from({ length: 24 }, (_, at) => at).filter((at) => at % 5 !== version);
  await rig.write({
    ...Object.fromEntries(small.map((at) => [`${folder}/${at % 3}/${at}`, `${at % 4 === 0 ? version : 0} ${at}\n`])),
    [`${folder}/large`]: `${version}`.repeat(100_000),
    [`${folder}/same/large`]: 'same'.repeat(25_000),
    [`${folder}/run`]: '#!/bin/sh\n',
    [version === 1 ? `${folder}/kind` : `${folder}/kind/inside`]: 'a file here, a folder there\n',
  });
  await chmod(rig.path(folder, 'run'), 0o755);
  await symlink('same/large', rig.path(folder, 'link'));
  await rig.run('mkdir', [rig.path(folder, `empty-${version}`)]);
}

/** Runs `pipe`, which does what it is asked. */
export async function pipe(rig: Rig, ...args: string[]): Promise<void> {
  const run = await rig.pipe(args);
  expect(run, `${args.join(' ')}: ${run.stderr}`).toMatchObject({ code: 0 });
}

async function begin(rig: Rig, links = 'copy'): Promise<void> {
  await rig.git('init', '-q', '-b', 'main');
  await pipe(rig, 'init', '-q');
  await pipe(rig, 'config', 'cache.type', links);
  await writeVersion(rig, 1);
  await rig.write({ 'one.bin': 'one'.repeat(40_000) });
}

async function commit(rig: Rig, message: string): Promise<void> {
  await rig.git('add', '-A');
  await rig.git('commit', '-q', '--allow-empty', '-m', message);
}

/** Version 1 is recorded and committed. */
async function recorded(rig: Rig, links = 'copy'): Promise<void> {
  await begin(rig, links);
  await pipe(rig, 'add', '-q', 'data', 'one.bin');
  await commit(rig, '1');
}

async function toVersion2(rig: Rig): Promise<void> {
  await writeVersion(rig, 2);
  await rig.remove('one.bin');
  await rig.write({ 'one.bin': 'two'.repeat(40_000) });
}

/** Both versions are recorded and committed, and the workspace holds the second. */
async function both(rig: Rig, links = 'copy'): Promise<void> {
  await recorded(rig, links);
  await toVersion2(rig);
  await pipe(rig, 'add', '-q', 'data', 'one.bin');
  await commit(rig, '2');
}

/** Both versions are in the cache, and a run record; only the first is needed. */
async function withGarbage(rig: Rig): Promise<void> {
  await both(rig);
  await rig.write({ 'pipeline.yaml': { stages: { s: { cmd: 'cp in out; echo told', deps: ['in'], outs: ['out'] } } } });
  for (const bytes of ['1', '2']) {
    await rig.write({ in: bytes });
    await pipe(rig, 'repro', '-q');
  }
  await rig.git('checkout', '-q', 'HEAD~1');
  await pipe(rig, 'checkout', '-q');
}

/** Expects that a collection has left nothing to collect, and nothing half-done. */
export async function hasNoGarbage(rig: Rig): Promise<void> {
  expect(await gc(rig, ['-w', '-f'])).toMatchObject({ objects: 0, runs: 0 });
  expect(await fsck(rig)).toMatchObject({ ok: true, leftovers: [] });
}

/** One byte is wrong of each object that is a file, and of a pack. */
async function damaged(rig: Rig): Promise<void> {
  await recorded(rig);
  const { stdout } = await rig.run('find', ['.pipe/cache/v1/loose', '.pipe/cache/v1/packs', '-type', 'f']);
  for (const file of stdout.trim().split('\n')) {
    const path = rig.path(file);
    await flip(path, Math.floor((await readFile(path)).length / 2));
  }
}

export const ADD: readonly DataWork[] = [
  { title: 'add', args: ['add', 'data', 'one.bin'], prepare: begin },
  {
    title: 'add of what changed, with hard links',
    args: ['add', 'data', 'one.bin'],
    async prepare(rig) {
      await recorded(rig, 'hardlink');
      await toVersion2(rig);
    },
  },
  {
    title: 'add inside a tracked folder, with symbolic links',
    args: ['add', 'data/new'],
    async prepare(rig) {
      await recorded(rig, 'symlink');
      await writeVersion(rig, 2, 'data/new');
    },
  },
];

export const COMMIT: readonly DataWork[] = [
  {
    title: 'commit',
    args: ['commit', '-f'],
    async prepare(rig) {
      await recorded(rig, 'hardlink');
      await rig.write({
        'pipeline.yaml': {
          stages: { s: { cmd: 'mkdir made; cp in made/a; cp in made/b', deps: ['in'], outs: ['made'] } },
        },
        in: 'in',
      });
      await pipe(rig, 'repro', '-q');
      await toVersion2(rig);
      await writeVersion(rig, 1, 'made');
    },
  },
];

export const CHECKOUT: readonly DataWork[] = [
  {
    title: 'checkout of another version',
    args: ['checkout'],
    async prepare(rig) {
      await both(rig);
      await rig.git('checkout', '-q', 'HEAD~1');
    },
  },
  {
    title: 'checkout of what is not there, with hard links',
    args: ['checkout'],
    async prepare(rig) {
      await both(rig, 'hardlink');
      await rig.remove('data', 'one.bin');
    },
  },
  {
    title: 'checkout --relink',
    args: ['checkout', '--relink'],
    async prepare(rig) {
      await recorded(rig);
      await pipe(rig, 'config', 'cache.type', 'symlink');
    },
  },
];

export const GC: readonly DataWork[] = [
  { title: 'gc', args: ['gc', '-w', '-f'], prepare: withGarbage, check: hasNoGarbage },
  { title: 'gc --trash', args: ['gc', '-w', '-f', '--trash', '3'], prepare: withGarbage, check: hasNoGarbage },
  {
    title: 'gc --undo',
    args: ['gc', '--undo'],
    async prepare(rig) {
      await withGarbage(rig);
      await pipe(rig, 'gc', '-q', '-w', '-f', '--trash', '3');
    },
  },
];

/** A folder whose files share a pack, but for a large one. In another version a few of them are others. */
async function writeLittle(rig: Rig, version: number, { others = 2 } = {}): Promise<void> {
  await rig.remove('d');
  const small = Array.from({ length: 17 }, (_, at) => [`d/${at}`, `${at < others ? version : 0} ${at}\n`]);
  await rig.write({ ...Object.fromEntries(small), 'd/large': `${version}`.repeat(70_000) });
}

/** Two versions of it are stored, one after the other. */
async function addLittle(rig: Rig, changes?: { readonly others: number }): Promise<void> {
  await rig.git('init', '-q', '-b', 'main');
  await pipe(rig, 'init', '-q');
  await writeLittle(rig, 1);
  await pipe(rig, 'add', '-q', 'd');
  await commit(rig, '1');
  if (changes === undefined) return;
  await writeLittle(rig, 2, changes);
  await pipe(rig, 'add', '-q', 'd');
}

/** Each of these writes little, so that every single write of it can be tried. */
export const LITTLE: readonly DataWork[] = [
  {
    title: 'add',
    args: ['add', 'd'],
    async prepare(rig) {
      await rig.git('init', '-q', '-b', 'main');
      await pipe(rig, 'init', '-q');
      await writeLittle(rig, 1);
    },
  },
  {
    title: 'commit',
    args: ['commit'],
    async prepare(rig) {
      await addLittle(rig);
      await writeLittle(rig, 2);
    },
  },
  {
    title: 'checkout',
    args: ['checkout'],
    async prepare(rig) {
      await addLittle(rig, { others: 2 });
      await rig.git('checkout', '-q', '--', 'd.pipe');
    },
  },
  {
    title: 'gc',
    args: ['gc', '-w', '-f'],
    prepare: (rig) => addLittle(rig, { others: 17 }),
    check: hasNoGarbage,
  },
];

export const MOVE: readonly DataWork[] = [
  {
    title: 'move of a tracked folder',
    args: ['move', 'data', 'moved/here'],
    prepare: recorded,
    isOver: 'PIPE_TARGET_UNKNOWN',
  },
  {
    title: 'move inside a tracked folder',
    args: ['move', 'data/same', 'data/moved'],
    prepare: recorded,
    isOver: 'PIPE_TARGET_UNKNOWN',
    meanwhile: ['data.pipe'],
  },
  {
    title: 'move from one tracked folder to another',
    args: ['move', 'data/same', 'other/same'],
    async prepare(rig) {
      await recorded(rig);
      await rig.write({ 'other/a': 'a' });
      await pipe(rig, 'add', '-q', 'other');
    },
    isOver: 'PIPE_TARGET_UNKNOWN',
  },
];

export const OTHERS: readonly DataWork[] = [
  { title: 'remove', args: ['remove', '--outs', 'data'], prepare: recorded, isOver: 'PIPE_TARGET_UNKNOWN' },
  {
    title: 'remove inside a tracked folder',
    args: ['remove', 'data/same'],
    prepare: recorded,
    isOver: 'PIPE_TARGET_UNKNOWN',
  },
  { title: 'fsck --repair', args: ['fsck', '--repair'], prepare: damaged },
  { title: 'unprotect', args: ['unprotect', 'data', 'one.bin'], prepare: async (rig) => recorded(rig, 'hardlink') },
];
