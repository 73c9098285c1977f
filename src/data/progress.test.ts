import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { add } from './add.ts';
import { addAt, checkoutAt, engineAt, newProject, write } from './project.fixture.ts';
import type { WorkProgress } from './workspace.ts';

let base: string;
let root: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'pipe-progress-'));
  root = newProject(base);
});
afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

interface Phase {
  readonly what: string;
  readonly expected: [number, number];
  readonly done: [number, number];
  /** How often it was told. */
  told: number;
}

function recorded(): { readonly phases: Phase[]; readonly progress: WorkProgress } {
  const phases: Phase[] = [{ what: '', expected: [0, 0], done: [0, 0], told: 0 }];
  const last = (): Phase => phases.at(-1) as Phase;
  const count = (sum: [number, number], files: number, bytes: number): void => {
    sum[0] += files;
    sum[1] += bytes;
  };
  const progress: WorkProgress = {
    begin: (what) => phases.push({ what, expected: [0, 0], done: [0, 0], told: 0 }),
    expect: (files, bytes) => {
      count(last().expected, files, bytes);
    },
    done: (files, bytes) => {
      count(last().done, files, bytes);
      last().told += 1;
    },
  };
  return { phases, progress };
}

const LARGE = 'x'.repeat(5 << 20);

test('an add tells of large files while they are read, and how much there is where it is files', async () => {
  write(root, { a: LARGE, b: 'b', 'd/large': LARGE, 'd/s/mall': 'small' });
  const engine = await engineAt(root);
  const adding = { known: { stages: [], pointers: [] }, links: engine.links, signal: new AbortController().signal };
  const [files, folder] = [recorded(), recorded()];
  await add(engine, ['a', 'b'], { ...adding, progress: files.progress });
  const amount = [2, LARGE.length + 1];
  expect(files.phases).toEqual([{ what: '', expected: amount, done: amount, told: expect.any(Number) }]);
  expect(files.phases[0]?.told).toBeGreaterThanOrEqual(5);
  await add(engine, ['d'], { ...adding, progress: folder.progress });
  expect(folder.phases).toMatchObject([{ expected: [0, 0], done: [2, LARGE.length + 5] }]);
});

test.each(['copy', 'hardlink', 'symlink', 'reflink'] as const)(
  'a checkout tells how much there is to do, and of all of it, and nothing of what is there: %s',
  async (type) => {
    const many = Object.fromEntries(Array.from({ length: 1_500 }, (_, at) => [`d/n${String(at)}`, 'n']));
    write(root, { ...many, a: LARGE, 'd/large': LARGE, 'd/s/kept': 'kept', kept: LARGE });
    await addAt(root, ['a', 'd', 'kept'], type);
    for (const path of ['a', 'd/large', 'd/n7']) rmSync(join(root, path));
    const { phases, progress } = recorded();
    await checkoutAt(root, { type, progress });
    const [, looking, placing] = phases;
    expect(looking?.what).toBe('looking at');
    const amount = [3, 2 * LARGE.length + 1];
    expect(placing).toMatchObject({ what: 'checking out', expected: amount, done: amount });
    rmSync(join(root, 'd'), { recursive: true });
    const again = recorded();
    await checkoutAt(root, { type, progress: again.progress });
    const all = [1_502, 1_500 + LARGE.length + 4];
    expect(again.phases[2]).toMatchObject({ expected: all, done: all });
  },
);
