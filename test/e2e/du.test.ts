import { expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectValid } from '../setup/schema.ts';

interface Sum {
  readonly path: string;
  readonly size: number;
  readonly files: number;
  readonly ownObjects: number;
  readonly ownBytes: number;
}

async function du(rig: Rig, ...args: string[]): Promise<{ rev: string | null; things: Sum[]; sums?: Sum[] }> {
  const run = await rig.pipe(['du', '--json', ...args]);
  expect(run, run.stderr).toMatchObject({ code: 0 });
  const document = run.json<{ rev: string | null; things: Sum[]; sums?: Sum[] }>();
  expectValid(document);
  return document;
}

async function start(rig: Rig): Promise<void> {
  await rig.git('init', '-q', '-b', 'main');
  await rig.pipe(['init', '-q']);
  // What both folders of `data` hold, and nothing else does.
  await rig.write({ 'data/a/1': 'shared\n', 'data/b/1': 'shared\n', 'data/b/2': 'own\n', other: 'other\n' });
  await rig.pipe(['add', 'data/a', 'data/b', 'other']);
  await rig.git('add', '-A');
  await rig.git('commit', '-q', '-m', 'one');
}

test('-s adds up each target, or all that is tracked; what parts of a target share counts as its own', async ({
  rig,
}) => {
  await start(rig);
  const each = await du(rig, '-s', 'data', 'other');
  expect(each.sums).toMatchObject([
    { path: 'data', size: 18, files: 3, ownObjects: 4 },
    { path: 'other', size: 6, files: 1, ownObjects: 1, ownBytes: 6 },
  ]);
  const ownBytes = each.sums!.reduce((sum, one) => sum + one.ownBytes, 0);
  expect((await du(rig, '-s')).sums).toEqual([{ path: '.', size: 24, files: 4, ownObjects: 5, ownBytes }]);
  expect((await du(rig)).sums).toBeUndefined();
  expect((await rig.pipe(['du', '-s', 'b'], { cwd: 'data' })).stdout).toMatch(
    /^SIZE {6}ALONE {4,}PATH\n11 bytes .* b\n$/,
  );
});

test('--rev measures what a revision tracks, whatever the workspace does', async ({ rig }) => {
  await start(rig);
  await rig.pipe(['remove', 'data/b']);
  await rig.git('add', '-A');
  await rig.git('commit', '-q', '-m', 'two');
  expect((await du(rig)).things.map(({ path }) => path)).toEqual(['data/a', 'other']);
  const { rev, things, sums } = await du(rig, '--rev', 'HEAD~1', '-s');
  expect(rev).toBe('HEAD~1');
  expect(things.map(({ path, size }) => [path, size])).toEqual([
    ['data/b', 11],
    ['data/a', 7],
    ['other', 6],
  ]);
  expect(sums).toMatchObject([{ path: '.', size: 24 }]);
  expect(await rig.pipe(['du', '--rev', 'nosuch'])).toMatchObject({ code: 2 });
  const gone = await rig.pipe(['du', 'data/b']);
  expect(gone.stderr).toContain('nothing is tracked at data/b or below it');
});

test('a path inside a tracked folder is named as what it is', async ({ rig }) => {
  await start(rig);
  const run = await rig.pipe(['du', 'data/b/1']);
  expect(run).toMatchObject({ code: 2 });
  expect(run.stderr).toContain('data/b/1 lies inside data/b, which is measured as a whole');
});
