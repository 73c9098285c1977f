import { mkdir, rm } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { runAndKill, someMoment } from './faults/kill.ts';
import { FAULT_SEED, seededRandom } from './faults/random.ts';
import { REMOTE, cloneProject, commitAll, remoteFiles, smallFiles, startProject, succeed } from './share/project.ts';
import type { PullRun } from './share/pull-run.ts';
import { reproPull } from './share/pull-run.ts';

/** A project whose stages have run, committed and pushed. */
async function start(rig: Rig, stages: object, files: Readonly<Record<string, string>>): Promise<void> {
  await startProject(rig, { 'pipeline.yaml': { stages }, ...files });
  expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
  await commitAll(rig);
  await succeed(rig, ['push']);
}

function outcomes({ ends }: PullRun): Record<string, string> {
  return Object.fromEntries(Object.entries(ends).map(([stage, { outcome }]) => [stage, outcome]));
}

describe('repro --pull', () => {
  test('finds what a pattern means among outs that are not downloaded', async ({ rig }) => {
    const stages = {
      split: {
        cmd: 'mkdir -p parts && cp left parts/left.txt && cp right parts/right.txt && cp left parts/left.bin',
        deps: ['left', 'right'],
        outs: ['parts'],
      },
      join: { cmd: 'cat parts/*.txt add > joined', deps: ['parts/*.txt', 'add'], outs: ['joined'] },
    };
    await start(rig, stages, { left: 'left\n', right: 'right\n', add: '1\n' });
    const b = await cloneProject(rig, 'b');
    expect(outcomes(await reproPull(rig, ['--pull'], b))).toEqual({ split: 'fresh', join: 'fresh' });
    await rig.write({ '../b/add': '2\n' });
    expect(outcomes(await reproPull(rig, ['--pull'], b))).toEqual({ split: 'fresh', join: 'ran' });
    expect(await rig.read('../b/joined')).toBe('left\nright\n2\n');
  });

  test('runs no frozen stage, and brings what it once made where that is needed', async ({ rig }) => {
    const stages = {
      old: { cmd: 'false', deps: ['gone'], outs: ['made'], frozen: true },
      new: { cmd: 'cat made add > new', deps: ['made', 'add'], outs: ['new'] },
    };
    await startProject(rig, { gone: 'gone\n', add: '1\n', 'pipeline.yaml': { stages: { ...stages, old: { ...stages.old, cmd: 'cp gone made', frozen: false } } } }); // prettier-ignore
    await succeed(rig, ['repro', '-q']);
    await rig.write({ 'pipeline.yaml': { stages }, gone: 'something else\n' });
    await commitAll(rig);
    await succeed(rig, ['push']);
    const b = await cloneProject(rig, 'b');
    await rig.write({ '../b/add': '2\n' });
    expect(outcomes(await reproPull(rig, ['--pull'], b))).toEqual({ old: 'frozen', new: 'ran' });
    expect(await rig.read('../b/new')).toBe('gone\n2\n');
  });

  test('fails and says so where what a frozen stage once made is lost everywhere; without --pull it is told', async ({
    rig,
  }) => {
    const stages = { old: { cmd: 'cp in made', deps: ['in'], outs: ['made'] } };
    await start(rig, stages, { in: 'once\n' });
    await succeed(rig, ['freeze', 'old']);
    await commitAll(rig);
    const b = await cloneProject(rig, 'b');
    await rm(rig.path(REMOTE), { recursive: true });
    await mkdir(rig.path(REMOTE));
    for (const flags of [['--dry'], []]) {
      const lost = await rig.pipe(['repro', '--pull', ...flags], b);
      expect(lost.stdout).toContain('neither the cache nor a remote has all of made, and its stage is frozen');
      expect(lost.stdout).toContain('hint: `pipe unfreeze` of it lets it be made again');
      expect(lost.code).toBe(1);
    }
    const quiet = await rig.pipe(['repro', '--pull', '-q'], b);
    expect(quiet).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('its stage is frozen') });
    const plain = await rig.pipe(['repro'], b);
    expect(plain.stdout).toContain('the cache does not have all of made, and its stage is frozen');
    expect(plain.stdout).toContain('hint: `pipe pull` may bring it; `pipe unfreeze` of it lets it be made again');
    expect(plain.code).toBe(0);
    expect(outcomes(await reproPull(rig, ['--pull', '--allow-missing'], b))).toEqual({ old: 'frozen' });
    await succeed(rig, ['unfreeze', 'old'], b);
    expect(outcomes(await reproPull(rig, ['--pull'], b))).toEqual({ old: 'ran' });
  });

  test('hands a stage the outs that it goes on from', async ({ rig }) => {
    const stages = { grow: { cmd: 'cat add >> log', deps: ['add'], outs: [{ log: { persist: true } }] } };
    await start(rig, stages, { add: '1\n' });
    const b = await cloneProject(rig, 'b');
    await rig.write({ '../b/add': '2\n' });
    expect(outcomes(await reproPull(rig, ['--pull'], b))).toEqual({ grow: 'ran' });
    expect(await rig.read('../b/log')).toBe('1\n2\n');
  });

  test('makes again what is never pushed, where something needs it', async ({ rig }) => {
    const stages = {
      secret: { cmd: 'cp in secret', deps: ['in'], outs: [{ secret: { push: false } }] },
      open: { cmd: 'wc -c < secret > open && cat add >> open', deps: ['secret', 'add'], outs: ['open'] },
    };
    await start(rig, stages, { in: 'secret\n', add: '1\n' });
    for (const bytes of (await remoteFiles(rig)).values()) expect(bytes.includes('secret\n')).toBe(false);
    const b = await cloneProject(rig, 'b');
    await rig.write({ '../b/add': '2\n' });
    expect(outcomes(await reproPull(rig, ['--pull'], b))).toEqual({ secret: 'ran', open: 'ran' });
    expect(await rig.read('../b/open')).toBe('7\n2\n');
  });

  test('brings each out from the remote that it is pushed to', async ({ rig }) => {
    const stages = {
      here: { cmd: 'cp in here', deps: ['in'], outs: ['here'] },
      there: { cmd: 'cat in in > there', deps: ['in'], outs: [{ there: { remote: 'second' } }] },
      both: { cmd: 'cat here there add > both', deps: ['here', 'there', 'add'], outs: ['both'] },
    };
    await startProject(rig, { 'pipeline.yaml': { stages }, in: 'in\n', add: '1\n' });
    await succeed(rig, ['remote', 'add', '-q', 'second', rig.path('../second')]);
    await succeed(rig, ['repro', '-q']);
    await commitAll(rig);
    await succeed(rig, ['push']);
    const b = await cloneProject(rig, 'b');
    await rig.write({ '../b/add': '2\n' });
    const run = await reproPull(rig, ['--pull'], b);
    expect(outcomes(run)).toEqual({ here: 'fresh', there: 'fresh', both: 'ran' });
    expect(await rig.read('../b/both')).toBe('in\nin\nin\n2\n');
    expect((await rig.files(`${REMOTE}/v1/packs`)).length).toBeGreaterThan(0);
  });
});

const MANY = {
  ...Object.fromEntries(
    ['a', 'b', 'c', 'd'].map((name) => [
      `make-${name}`,
      { cmd: `mkdir -p ${name} && cp data/* ${name} && echo ${name} > ${name}/own`, deps: ['data'], outs: [name] },
    ]),
  ),
  sum: { cmd: 'cat a/* b/* c/* d/* add > sum', deps: ['a', 'b', 'c', 'd', 'add'], outs: ['sum'] },
};

describe(`seed ${FAULT_SEED}: repro --pull`, () => {
  test('that is killed is ended by the same command, and nothing half-downloaded is believed', async ({ rig }) => {
    const random = seededRandom(FAULT_SEED);
    await start(rig, MANY, { ...smallFiles('data', 200), add: '1\n' });
    for (let round = 0; round < 6; round += 1) {
      const clone = await cloneProject(rig, `clone${round}`);
      await rig.write({ [`${clone.cwd}/add`]: `${round}\n` });
      await runAndKill(rig, ['repro', '--pull', '--json'], { ...clone, moment: someMoment(random, 6) });
      const run = await reproPull(rig, ['--pull'], clone);
      expect(run.end.ok).toBe(true);
      const made = await rig.read(`${clone.cwd}/sum`);
      await rig.write({ add: `${round}\n` });
      await succeed(rig, ['repro', '-q']);
      expect(made, `round ${round}`).toBe(await rig.read('sum'));
      // What it did not need is missing in its cache, as it should be.
      const { stdout } = await rig.pipe(['fsck', '--json'], clone);
      expect(JSON.parse(stdout), `round ${round}`).toMatchObject({ damaged: [] });
    }
  });

  test('twice at once in one clone does each thing once', async ({ rig }) => {
    await start(rig, MANY, { ...smallFiles('data', 200), add: '1\n' });
    const clone = await cloneProject(rig, 'clone');
    await rig.write({ [`${clone.cwd}/add`]: '2\n' });
    const runs = await Promise.all([0, 1, 2].map(() => reproPull(rig, ['--pull'], clone)));
    const sums = runs.map((run) => outcomes(run)['sum']).sort();
    expect(sums).toEqual(['fresh', 'fresh', 'ran']);
    await rig.write({ add: '2\n' });
    await succeed(rig, ['repro', '-q']);
    expect(await rig.read(`${clone.cwd}/sum`)).toBe(await rig.read('sum'));
  });
});
