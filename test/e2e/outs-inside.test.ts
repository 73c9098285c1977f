import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { does, pointer, project, refuses, save } from './data/commands.ts';

/** A tracked folder in which two stages make a file each, one of them in a folder of its own. */
async function mixed(rig: Rig): Promise<void> {
  await project(rig);
  await rig.write({ 'data/a.txt': 'a', 'data/b/c.txt': 'c' });
  await does(rig, 'add', 'data');
  await rig.write({
    'pipeline.yaml': {
      stages: {
        count: {
          cmd: 'cat data/a.txt data/b/c.txt > data/all.txt',
          deps: ['data/a.txt', 'data/b'],
          outs: ['data/all.txt'],
        },
        deep: {
          cmd: 'mkdir -p data/made/deep && cp data/all.txt data/made/deep/copy',
          deps: ['data/all.txt'],
          outs: ['data/made/deep/copy'],
        },
      },
    },
  });
}

describe.concurrent('an out of a stage inside a tracked folder', () => {
  test('is the stage’s, and no part of what the pointer records', async ({ rig }) => {
    await mixed(rig);
    const before = await pointer(rig, 'data.pipe');
    expect(await rig.pipe(['repro'])).toMatchObject({ code: 0 });
    expect(await rig.read('data/made/deep/copy')).toBe('ac');
    expect((await rig.pipe(['status'])).stdout).toContain('Everything is up to date');
    await does(rig, 'add', 'data');
    await does(rig, 'commit');
    expect(await pointer(rig, 'data.pipe')).toEqual(before);
    expect(await does(rig, 'data', 'status')).toMatchObject({ uncommitted: {} });
    await save(rig, 'first');

    await rig.write({ 'data/a.txt': 'A' });
    expect((await rig.pipe(['status'])).stdout).toMatch(/data/);
    await does(rig, 'commit', 'data', '--force');
    expect(await rig.pipe(['repro'])).toMatchObject({ code: 0 });
    expect(await rig.read('data/all.txt')).toBe('Ac');
    await save(rig, 'second');
    await rig.git('checkout', 'HEAD~1');
    await does(rig, 'checkout');
    expect([await rig.read('data/a.txt'), await rig.read('data/made/deep/copy')]).toEqual(['a', 'ac']);
    expect((await rig.pipe(['status'])).stdout).toContain('Everything is up to date');

    await rig.remove('data');
    expect(await does(rig, 'checkout')).toMatchObject({ added: 4, missing: 0 });
    expect(await rig.files('data')).toEqual(['a.txt', 'all.txt', 'b/c.txt', 'made/deep/copy']);
    await does(rig, 'checkout', '--relink');
    expect(await rig.files('data')).toEqual(['a.txt', 'all.txt', 'b/c.txt', 'made/deep/copy']);
    await does(rig, 'remove', '--outs', 'data.pipe');
    expect(await rig.files('data')).toEqual(['all.txt', 'made/deep/copy']);
  });

  test('that the folder still lists is left to the stage once it is committed', async ({ rig }) => {
    await project(rig);
    await rig.write({ 'data/a.txt': 'a', 'data/all.txt': 'by hand' });
    await does(rig, 'add', 'data');
    await rig.write({
      'pipeline.yaml': {
        stages: { count: { cmd: 'cat data/a.txt > data/all.txt', deps: ['data/a.txt'], outs: ['data/all.txt'] } },
      },
    });
    expect(await rig.pipe(['repro'])).toMatchObject({ code: 0 });
    expect(await refuses(rig, 'checkout', 'data')).toEqual(['PIPE_POINTER_CONFLICT']);
    expect(await rig.read('data/all.txt')).toBe('a');
    await does(rig, 'commit', 'data');
    expect(await pointer(rig, 'data.pipe')).toMatchObject({ files: 1 });
    await does(rig, 'checkout');
    expect(await rig.read('data/all.txt')).toBe('a');
  });

  test('stays in its folder when what is recorded comes beside it', async ({ rig }) => {
    await mixed(rig);
    expect(await rig.pipe(['repro'])).toMatchObject({ code: 0 });
    await rig.write({ 'data/made/own.txt': 'own', 'data/made/deep/er/own.txt': 'own' });
    await does(rig, 'add', 'data');
    const all = await rig.files('data');
    for (const before of [[], ['data', 'status']]) {
      await rig.remove('data/made/own.txt', 'data/made/deep/er');
      if (before.length > 0) await does(rig, ...before);
      expect(await does(rig, 'checkout')).toMatchObject({ added: 2, missing: 0 });
      expect(await rig.files('data')).toEqual(all);
      expect(await rig.read('data/made/deep/copy')).toBe('ac');
      expect(await does(rig, 'data', 'status')).toMatchObject({ uncommitted: {} });
    }
    await rig.remove('data/made/own.txt', 'data/made/deep/er');
    await rig.write({ '.pipeignore': '*.tmp\n', 'data/made/mine.tmp': 'mine' });
    expect(await does(rig, 'checkout')).toMatchObject({ added: 2, missing: 0 });
    expect(await rig.files('data')).toEqual([...all, 'made/mine.tmp'].sort());
  });

  test('is neither added nor moved with it, and nothing is tracked inside it', async ({ rig }) => {
    await mixed(rig);
    expect(await rig.pipe(['repro'])).toMatchObject({ code: 0 });
    expect(await refuses(rig, 'add', 'data/all.txt')).toEqual(['PIPE_STAGE_OUT']);
    expect(await refuses(rig, 'move', 'data', 'other')).toEqual(['PIPE_STAGE_OUT', 'PIPE_STAGE_OUT']);
    await rig.remove('data');
    expect(await does(rig, 'checkout', 'data/all.txt')).toMatchObject({ added: 1 });
    expect(await rig.files('data')).toEqual(['all.txt']);
    expect(await does(rig, 'checkout', 'data')).toMatchObject({ added: 2 });
    expect(await does(rig, 'checkout', '-R', 'data')).toMatchObject({ added: 1 });
    await does(rig, 'move', 'data/b/c.txt', 'data/d.txt');
    expect(await pointer(rig, 'data.pipe')).toMatchObject({ files: 2 });
  });
});

test('checkout --relink and a file in place of a folder leave alone what .pipeignore leaves out', async ({ rig }) => {
  await project(rig);
  await rig.write({ '.pipeignore': '*.tmp\n', 'data/a.txt': 'a', 'data/b/c.txt': 'c' });
  await does(rig, 'add', 'data');
  await rig.write({ 'data/mine.tmp': 'mine', 'data/b/mine.tmp': 'mine' });
  await does(rig, 'checkout', '--relink');
  expect(await rig.files('data')).toEqual(['a.txt', 'b/c.txt', 'b/mine.tmp', 'mine.tmp']);
  const folder = await rig.read('data.pipe');
  await rig.run('sh', ['-c', 'mv data aside; echo file > data']);
  await does(rig, 'add', 'data');
  const file = await rig.read('data.pipe');
  await rig.run('sh', ['-c', 'rm data; mv aside data']);
  await rig.write({ 'data.pipe': file });
  expect(await refuses(rig, 'checkout')).toEqual(['PIPE_FOLDER_NOT_EMPTY']);
  expect(await rig.read('data/mine.tmp')).toBe('mine');
  await rig.write({ 'data.pipe': folder });
  await does(rig, 'checkout');
  expect(await rig.files('data')).toEqual(['a.txt', 'b/c.txt', 'b/mine.tmp', 'mine.tmp']);
});
