import { mkdir, rm } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import type { Machine } from './share/project.ts';
import { REMOTE, cloneProject, commitAll, smallFiles, startProject, succeed } from './share/project.ts';
import { reproPull } from './share/pull-run.ts';

const COUNT = { cmd: 'find data -type f | wc -l > count', deps: ['data'], outs: ['count'] };
const FILES = { 'data/a/1': 'a1\n', 'data/b/1': 'b1\n', 'data/b/2': 'b2\n', 'pipeline.yaml': { stages: { count: COUNT } } }; // prettier-ignore

/** A clone of a project that has run, and of which only a part was pushed. */
async function start(rig: Rig, files: Readonly<Record<string, unknown>>, pushed: readonly string[]): Promise<Machine> {
  await startProject(rig, files as typeof FILES);
  await succeed(rig, ['add', 'data']);
  await succeed(rig, ['repro', '-q']);
  await commitAll(rig);
  await succeed(rig, ['push', ...pushed]);
  return cloneProject(rig, 'b');
}

/** Nothing runs, and nothing is recorded. */
async function expectRefused(rig: Rig, b: Machine, about: RegExp): Promise<void> {
  for (const how of [[], ['--pull'], ['--pull', '-f'], ['--allow-missing', '-f']]) {
    const run = await rig.pipe(['repro', ...how], b);
    expect(run, `${how.join(' ')}\n${run.stdout}`).not.toMatchObject({ code: 0 });
    expect(run.stderr).toMatch(about);
  }
  expect(await rig.exists('../b/count')).toBe(false);
  expect((await rig.run('git', ['status', '--short'], b)).stdout).toBe('');
}

describe('of a folder of which a part was pushed', () => {
  for (const [name, commands] of [
    ['pull', [['pull']]],
    ['pull --allow-missing', [['pull', '--allow-missing']]],
    ['fetch and checkout', [['fetch'], ['checkout', '--allow-missing']]],
  ] as const) {
    test(`${name} leaves no empty folder, and no stage takes the part for the whole`, async ({ rig }) => {
      const b = await start(rig, FILES, ['data/a']);
      for (const args of commands) {
        const run = await rig.pipe(args, b);
        expect([run.code, run.stderr]).toEqual([args.includes('--allow-missing' as never) ? 0 : 1, '']);
      }
      expect(await rig.read('../b/data/a/1')).toBe('a1\n');
      expect(await rig.exists('../b/data/b')).toBe(false);
      expect((await rig.pipe(['status'], b)).stdout).toMatch(/ {2}data: 2 files not downloaded \(pipe pull data\)/);
      await expectRefused(rig, b, /"count" needs .*data\/b|PIPE_OBJECT_MISSING|PIPE_DEP_MISSING/);
    });
  }

  test('what a killed checkout left of it is no whole: the list comes with --pull, and what is missing', async ({
    rig,
  }) => {
    const b = await start(rig, FILES, ['data/a']);
    await rig.pipe(['pull'], b);
    await mkdir(rig.path('../b/data/b'));
    expect((await rig.pipe(['status'], b)).stdout).toMatch(/ {2}data: up to 2 files not downloaded/);
    await expectRefused(rig, b, /"count" needs data, of which not all was downloaded: data\/b|has the list of data\/b/);
    await succeed(rig, ['push', 'data']);
    const run = await reproPull(rig, ['--pull', '-f'], b);
    expect(run.ends['count']).toMatchObject({ outcome: 'ran' });
    expect((await rig.read('../b/count')).trim()).toBe('3');
    expect((await rig.pipe(['status'], b)).stdout).toMatch(/^Everything is up to date/);
  });

  test('a dep inside of it is looked for, too', async ({ rig }) => {
    const stages = { count: { ...COUNT, cmd: 'find data/b -type f | wc -l > count', deps: ['data/b'] } };
    const b = await start(rig, { ...FILES, 'pipeline.yaml': { stages } }, ['count']);
    await mkdir(rig.path('../b/data/b'), { recursive: true });
    await expectRefused(rig, b, /data\/b/);
  });

  test('of a large one with some of its lists, the same', async ({ rig }) => {
    const b = await start(rig, { ...FILES, ...smallFiles('data', 5_000) }, ['data/7.txt']);
    expect((await rig.pipe(['pull'], b)).code).toBe(1);
    expect(await rig.exists('../b/data')).toBe(false);
    await mkdir(rig.path('../b/data'));
    expect((await rig.pipe(['status'], b)).stdout).toMatch(/ {2}data: up to 5,?003 files not downloaded/);
    await expectRefused(rig, b, /of which not all was downloaded: data|has the list of data/);
    await succeed(rig, ['push', 'data']);
    await reproPull(rig, ['--pull', '-f'], b);
    expect((await rig.read('../b/count')).trim()).toBe('5003');
    expect((await rig.run('git', ['status', '--short'], b)).stdout).toBe('');
  });
});

test('where nothing of a folder can be had, none is left', async ({ rig }) => {
  const b = await start(rig, FILES, []);
  await rm(rig.path(REMOTE, 'v1/packs'), { recursive: true });
  expect((await rig.pipe(['pull'], b)).code).toBe(1);
  expect(await rig.exists('../b/data')).toBe(false);
  const run = await rig.pipe(['repro', '--pull', '-f'], b);
  expect(run.stderr).toMatch(/neither the cache nor storage has all of data\n(.*\n)*.*then `pipe pull` here/);
  expect((await rig.run('git', ['status', '--short'], b)).stdout).toBe('');
});

test('what a checkout could not bring back is not recorded as removed', async ({ rig }) => {
  await start(rig, FILES, ['data/a']);
  await rm(rig.path('.pipe/cache'), { recursive: true });
  await rm(rig.path('data/b'), { recursive: true });
  expect((await rig.pipe(['pull'])).code).toBe(1);
  const pointer = await rig.read('data.pipe');
  const run = await rig.pipe(['repro']);
  expect(run.stderr).toMatch(/of which not all was downloaded: data\/b/);
  expect(await rig.read('data.pipe')).toBe(pointer);
});
