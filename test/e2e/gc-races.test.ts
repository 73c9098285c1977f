import { readdir } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { FAULT_SEED, seededRandom } from './faults/random.ts';
import { expectProblems } from './faults/problem.ts';
import { fsck, gc, makeFor, PIPELINE, startProject } from './upkeep/project.ts';

/** A second project, without Git, that shares the cache and has the same stages and more. */
async function secondProject(rig: Rig, more: Readonly<Record<string, unknown>> = {}): Promise<{ cwd: string }> {
  await rig.write({
    '../other/pipeline.yaml': { stages: { ...PIPELINE.stages, ...more } },
    '../other/number': '7\n',
  });
  await rig.pipe(['init', '-q', '--no-scm'], { cwd: '../other' });
  await rig.pipe(['cache', 'dir', rig.path('.pipe/cache')], { cwd: '../other' });
  return { cwd: '../other' };
}

async function leases(rig: Rig): Promise<string[]> {
  return readdir(rig.path('.pipe/cache/v1/leases'));
}

describe('while a run goes on in another project that shares the cache', () => {
  test('gc leaves what it has stored, until it has ended', async ({ rig }) => {
    const command = await rig.command();
    await startProject(rig);
    const slow = { cmd: command.line, deps: ['data', 'large'], outs: ['slow'] };
    const other = await secondProject(rig, { slow });
    const run = rig.spawn(['repro', '-q'], other);
    const call = await command.next();
    expect(await leases(rig)).toHaveLength(1);
    expect(await gc(rig, ['-w', '-f'])).toMatchObject({ objects: 0, runs: 0 });
    await call.write({ slow: 'x' });
    await call.exit();
    expect(await run.done).toMatchObject({ code: 0, stderr: '' });
    expect(await leases(rig)).toEqual([]);
    expect(await fsck(rig, [], other)).toMatchObject({ ok: true });
    expect((await gc(rig, ['-w', '-f'])).objects).toBeGreaterThan(18);
    expect(await fsck(rig)).toMatchObject({ ok: true });
  });

  test('gc leaves what it found there and restored', async ({ rig }) => {
    const command = await rig.command();
    await startProject(rig);
    await makeFor(rig, 7);
    await makeFor(rig, 1);
    const slow = { cmd: command.line, deps: ['data', 'large'], outs: ['slow'] };
    const other = await secondProject(rig, { slow });
    const run = rig.spawn(['repro', '--json'], other);
    const call = await command.next();
    expect(run.stdout).toMatch(/"stage":"make","outcome":"restored"/);
    // The record of the run and its log: no lock will name them.
    expect(await gc(rig, ['-w', '-f'])).toMatchObject({ objects: 1, runs: 1 });
    await call.write({ slow: 'x' });
    await call.exit();
    expect(await run.done).toMatchObject({ code: 0, stderr: '' });
    expect(await fsck(rig, [], other)).toMatchObject({ ok: true });
  });

  test('what a killed one had stored is nobody’s at the next gc', async ({ rig }) => {
    const command = await rig.command();
    await startProject(rig);
    const other = await secondProject(rig, { slow: { cmd: command.line, deps: ['data'], outs: ['slow'] } });
    const run = rig.spawn(['repro', '-q'], other);
    await command.next();
    run.kill('SIGKILL');
    await run.done;
    expect(await leases(rig)).toHaveLength(1);
    expect(await fsck(rig)).toMatchObject({ ok: true, leftovers: [expect.stringMatching(/^v1\/leases\//)] });
    expect((await gc(rig, ['-w', '-f'])).objects).toBeGreaterThan(18);
    expect(await leases(rig)).toEqual([]);
    expect(await fsck(rig)).toMatchObject({ ok: true, leftovers: [] });
  });
});

test('a gc that asks has the cache: a second one waits and then says for whom', async ({ rig }) => {
  await startProject(rig);
  await makeFor(rig, 2);
  const first = rig.terminal(['gc', '-w']);
  await first.shows(/for good\?/);
  // It stores meanwhile, and ends; what it stored was decided about before.
  await makeFor(rig, 1);
  const second = await rig.pipe(['gc', '-w', '-f']);
  expectProblems(second, 'PIPE_STORE_BUSY');
  first.type('y\n');
  expect(await first.done).toBe(0);
  expect(await fsck(rig)).toMatchObject({ ok: true });
  expect(await leases(rig)).toEqual([]);
});

describe(`seed ${FAULT_SEED}`, () => {
  test('runs and collections of two projects at once: whatever a lock names is there afterwards', async ({ rig }) => {
    await startProject(rig);
    const other = await secondProject(rig);
    const random = seededRandom(FAULT_SEED);
    const numbers = Array.from({ length: 10 }, () => random.next(3));
    const reproduce = async (cwd: string): Promise<void> => {
      for (const number of numbers) {
        await rig.write({ [`${cwd}/number`]: `${number}\n` });
        expect(await rig.pipe(['repro', '-q'], { cwd })).toMatchObject({ code: 0, stderr: '' });
      }
    };
    let isOver = false;
    const collect = async (cwd: string, peer: string): Promise<void> => {
      while (!isOver) {
        const run = await rig.pipe(['gc', '-w', '-f', '-p', peer], { cwd });
        expect([run.code, run.stderr], run.stderr).toEqual([0, '']);
      }
    };
    const collections = [collect('.', '../other'), collect('../other', '../project')];
    await Promise.all([reproduce('.'), reproduce('../other')]).finally(() => {
      isOver = true;
    });
    await Promise.all(collections);
    for (const options of [{}, other]) expect(await fsck(rig, [], options)).toMatchObject({ ok: true, missing: [] });
  }, 240_000);
});
