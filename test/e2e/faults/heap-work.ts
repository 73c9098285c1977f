import { writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Rig } from '../../rig/rig.ts';
import type { DataWork } from './data-work.ts';
import { flip } from '../upkeep/project.ts';
import { hasNoGarbage, pipe } from './data-work.ts';

interface HeapSize {
  readonly small?: number;
  /** Of 70 KB each. */
  readonly medium?: number;
}

/** So many files that helper threads read and write them: the small ones first, so that threads run at the others. */
export async function writeHeap(rig: Rig, { small = 3_000, medium = 1_100 }: HeapSize = {}): Promise<void> {
  for (const folder of ['heap/1-small', 'heap/2-medium']) await rig.run('mkdir', ['-p', folder]);
  for (let at = 0; at < small; at += 1) writeFileSync(rig.path('heap/1-small', String(at)), `${at}\n`);
  for (let at = 0; at < medium; at += 1) {
    writeFileSync(rig.path('heap/2-medium', String(at)), Buffer.alloc(70_000, `${at} of many\n`));
  }
}

async function beginHeap(rig: Rig, size?: HeapSize): Promise<void> {
  await rig.git('init', '-q', '-b', 'main');
  await pipe(rig, 'init', '-q');
  await writeHeap(rig, size);
}

async function addHeap(rig: Rig, size?: HeapSize): Promise<void> {
  await beginHeap(rig, size);
  await pipe(rig, 'add', '-q', 'heap');
}

export const HEAP: readonly DataWork[] = [
  {
    title: 'add of thousands of files',
    args: ['add', 'heap'],
    prepare: (rig) => beginHeap(rig),
    byThreads: /O_CREAT.*x\d+x\d+>/,
  },
  {
    title: 'checkout of thousands of files',
    args: ['checkout'],
    async prepare(rig) {
      await addHeap(rig);
      await rig.remove('heap');
    },
    byThreads: /O_CREAT.*\/2-medium\/\d+>/,
  },
];

/** Long enough to be stopped in the middle. */
const MIDDLING = { small: 1_500, medium: 60 };

/** So many that a command which takes turns takes several of them in the middle. */
const LARGE_ONES = { small: 10, medium: 1_100 };

/** Each of these works on a middling heap of files. */
export const STOPPED: readonly DataWork[] = [
  {
    title: 'add',
    args: ['add', 'heap'],
    prepare: (rig) => beginHeap(rig, MIDDLING),
  },
  {
    title: 'commit',
    args: ['commit'],
    async prepare(rig) {
      await addHeap(rig, MIDDLING);
      await rig.run('sh', ['-c', 'for i in heap/2-medium/*; do echo changed >> "$i"; done']);
    },
  },
  {
    title: 'checkout',
    args: ['checkout'],
    async prepare(rig) {
      await addHeap(rig, MIDDLING);
      await rig.remove('heap');
    },
  },
  {
    title: 'gc',
    args: ['gc', '-w', '-f'],
    async prepare(rig) {
      await addHeap(rig, MIDDLING);
      await rig.remove('heap.pipe', 'heap');
    },
    check: hasNoGarbage,
  },
  {
    title: 'gc --undo',
    args: ['gc', '--undo'],
    async prepare(rig) {
      await addHeap(rig, LARGE_ONES);
      await rig.remove('heap.pipe', 'heap');
      await pipe(rig, 'gc', '-q', '-w', '-f', '--trash', '3');
    },
    async check(rig) {
      expect((await rig.pipe(['gc', '--undo'])).stdout).toBe('The trash is empty.\n');
    },
  },
  { title: 'remove --outs', args: ['remove', '--outs', 'heap'], prepare: (rig) => addHeap(rig, MIDDLING) },
  {
    title: 'remove inside a tracked folder',
    args: ['remove', 'heap/1-small'],
    prepare: (rig) => addHeap(rig, MIDDLING),
  },
  {
    title: 'unprotect',
    args: ['unprotect', 'heap'],
    async prepare(rig) {
      await beginHeap(rig, LARGE_ONES);
      await pipe(rig, 'config', 'cache.type', 'hardlink');
      await pipe(rig, 'add', '-q', 'heap');
    },
  },
  {
    title: 'move to another disk',
    args: ['move', 'heap', 'other/heap'],
    otherDisk: 'other',
    prepare: (rig) => addHeap(rig, MIDDLING),
  },
  {
    title: 'move to another place',
    args: ['move', 'heap', 'other/heap'],
    prepare: (rig) => addHeap(rig, MIDDLING),
    isWhole: true,
  },
  {
    title: 'fsck --repair',
    args: ['fsck', '--repair'],
    async prepare(rig) {
      await addHeap(rig, MIDDLING);
      const loose = await rig.files('.pipe/cache/v1/loose');
      for (const file of loose.slice(0, 30)) await flip(rig.path('.pipe/cache/v1/loose', file), 1_000);
    },
    isWhole: true,
  },
  { title: 'fsck', args: ['fsck'], prepare: (rig) => addHeap(rig, MIDDLING), onlyReads: true },
];
