import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectProblems } from './faults/problem.ts';
import type { Machine } from './share/project.ts';
import {
  REMOTE,
  cloneProject,
  commitAll,
  document,
  overwrite,
  remoteFiles,
  smallFiles,
  startProject,
  succeed,
} from './share/project.ts';
import type { PullRun } from './share/pull-run.ts';
import { reproPull } from './share/pull-run.ts';

/** `data` is tracked; prepare → train → publish, and measure, which needs nothing of train. */
const STAGES = {
  prepare: {
    cmd: 'mkdir -p prepared && cat data/*.txt > prepared/all && cp size prepared/size',
    deps: ['data', 'size'],
    outs: ['prepared'],
  },
  train: {
    cmd: 'cat prepared/all extra > model && wc -c < model > score.json && echo $(cat rate) >> model',
    deps: ['prepared', 'extra', 'rate'],
    outs: ['model'],
    metrics: [{ 'score.json': { cache: false } }],
  },
  publish: { cmd: 'cp model published', deps: ['model'], outs: ['published'] },
  measure: {
    cmd: 'cat data/1.txt > lines && seq 90000 >> lines && cp lines report',
    deps: ['data'],
    outs: ['lines', 'report'],
  },
};

const FILES = { ...smallFiles('data', 20), size: '1\n', rate: '1\n', 'pipeline.yaml': { stages: STAGES } };

/** A project that has run and was pushed, `extra` with bytes that tell it apart. */
async function start(rig: Rig): Promise<void> {
  await startProject(rig, { ...FILES, extra: 'extra bytes\n'.repeat(5000) });
  await succeed(rig, ['add', 'data', 'extra']);
  expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
  await commitAll(rig);
  await succeed(rig, ['push']);
}

function outcomes({ ends }: PullRun): Record<string, string> {
  return Object.fromEntries(Object.entries(ends).map(([stage, { outcome }]) => [stage, outcome]));
}

const FRESH = { prepare: 'fresh', train: 'fresh', publish: 'fresh', measure: 'fresh' };

/** What lies in a clone beside what Git put there. */
async function untracked(rig: Rig, { cwd }: Machine): Promise<string[]> {
  const { stdout } = await rig.run('git', ['ls-files', '-o', '-x', '.pipe'], { cwd });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}

describe('repro --pull in a fresh clone', () => {
  test('runs nothing where nothing changed, and downloads only what no stage needs', async ({ rig }) => {
    await start(rig);
    const b = await cloneProject(rig, 'b');
    const run = await reproPull(rig, ['--pull'], b);
    expect(outcomes(run)).toEqual(FRESH);
    expect(run.downloads.flatMap(({ paths }) => paths).sort()).toEqual(['lines', 'published', 'report']);
    expect(await untracked(rig, b)).toEqual(['lines', 'published', 'report']);
    expect(run.end).toMatchObject({ ok: true, downloaded: { objects: 2 } });
    const again = await reproPull(rig, ['--pull'], b);
    expect(outcomes(again)).toEqual(FRESH);
    expect(again.end.downloaded).toEqual({ objects: 0, bytes: 0, records: 0 });
  });

  test('downloads nothing at all with --allow-missing', async ({ rig }) => {
    await start(rig);
    const b = await cloneProject(rig, 'b');
    const run = await reproPull(rig, ['--pull', '--allow-missing'], b);
    expect(outcomes(run)).toEqual(FRESH);
    expect(run.end.downloaded).toEqual({ objects: 0, bytes: 0, records: 0 });
    expect(await untracked(rig, b)).toEqual([]);
    expect(await rig.exists('../b/.pipe/cache/v1/packs')).toBe(false);
  });

  test('downloads of a stage that changed its deps alone, and runs it and what follows', async ({ rig }) => {
    await start(rig);
    const b = await cloneProject(rig, 'b');
    await rig.write({ '../b/rate': '2\n' });
    const run = await reproPull(rig, ['--pull'], b);
    expect(outcomes(run)).toEqual({ prepare: 'fresh', train: 'ran', publish: 'ran', measure: 'fresh' });
    expect(run.downloads.map(({ stage, paths }) => [stage, [...paths].sort()])).toEqual([
      ['train', ['extra', 'prepared']],
      [undefined, ['lines', 'report']],
    ]);
    expect(await rig.exists('../b/data')).toBe(false);
    expect(await rig.read('../b/published')).toMatch(/\n2\n$/);
    await succeed(rig, ['push'], b);
    await commitAll(rig, 'from b', b);
    await rig.git('pull', '-q', rig.path('../b'), 'main');
    const back = await reproPull(rig, ['--pull'], { cwd: '.', env: {} });
    expect(new Set(Object.values(outcomes(back)))).not.toContain('ran');
    expect(await rig.read('published')).toMatch(/\n2\n$/);
  });

  test('restores what a colleague ran on a branch, though no lock here names it', async ({ rig }) => {
    await start(rig);
    const b = await cloneProject(rig, 'b');
    const c = await cloneProject(rig, 'c');
    await rig.write({ '../b/rate': '3\n', '../c/rate': '3\n' });
    await reproPull(rig, ['--pull'], b);
    await succeed(rig, ['push'], b);
    const run = await reproPull(rig, ['--pull'], c);
    expect(outcomes(run)).toEqual({ prepare: 'fresh', train: 'restored', publish: 'restored', measure: 'fresh' });
    expect(run.ends['train']).toMatchObject({ from: 'storage' });
    expect(run.end.downloaded!.records).toBe(2);
    expect(await untracked(rig, c)).toEqual(['lines', 'published', 'report']);
    expect(await rig.read('../c/published')).toMatch(/\n3\n$/);
    const lock = await rig.read('../c/pipeline.lock');
    expect(lock).toBe(await rig.read('../b/pipeline.lock'));
    const text = await rig.pipe(['explain', 'train'], c);
    expect(text.stdout).toMatch(/storage/);
  });

  test('runs what nobody pushed', async ({ rig }) => {
    await start(rig);
    await rig.write({ rate: '4\n' });
    expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
    await commitAll(rig, 'and no push');
    const b = await cloneProject(rig, 'b');
    const run = await reproPull(rig, ['--pull'], b);
    // What train makes is what the lock of publish has, and it is at hand by then.
    expect(outcomes(run)).toEqual({ ...FRESH, train: 'ran' });
    expect(await rig.read('../b/published')).toMatch(/\n4\n$/);
  });

  test('says of which final out the remote holds wrong bytes, puts the rest in place, and exits with 1', async ({
    rig,
  }) => {
    const stages = {
      final: { cmd: 'head -c 5000000 /dev/zero > final', deps: ['size'], outs: ['final'] },
      other: { cmd: 'cp size other', deps: ['size'], outs: ['other'] },
    };
    await startProject(rig, { 'pipeline.yaml': { stages }, size: '1\n' });
    await succeed(rig, ['repro', '-q']);
    await commitAll(rig);
    await succeed(rig, ['push']);
    const [loose] = [...(await remoteFiles(rig))].find(([key]) => key.startsWith('v1/loose/'))!;
    await overwrite(rig.path(REMOTE, loose), Buffer.alloc(5_000_000, 'x'));
    const b = await cloneProject(rig, 'b');
    const run = await rig.pipe(['repro', '--pull'], b);
    expect(run).toMatchObject({ code: 1, stderr: '' });
    expect(run.stdout).toContain('note: neither the cache nor storage has all of final\n');
    expect(await untracked(rig, b)).toEqual(['other']);
    await succeed(rig, ['push', '--verify']);
    expect(outcomes(await reproPull(rig, ['--pull'], b))).toEqual({ final: 'fresh', other: 'fresh' });
    expect(await untracked(rig, b)).toEqual(['final', 'other']);
  });

  test('runs nothing of which the remote has lost an input, and says which one it is', async ({ rig }) => {
    await start(rig);
    const b = await cloneProject(rig, 'b');
    await rig.write({ '../b/rate': '5\n' });
    const packs = [...(await remoteFiles(rig)).keys()].filter((key) => key.startsWith('v1/packs/'));
    await rig.remove(...packs.map((key) => `${REMOTE}/${key}`));
    const run = await rig.pipe(['repro', '--pull'], b);
    expect(run.code).toBe(1);
    // Each stage is told of by its own name, although they wait for the same.
    for (const stage of ['prepare', 'measure'])
      expect(run.stderr).toMatch(new RegExp(`^${stage}: failed .*\\n.*PIPE_OBJECT_MISSING {2}"${stage}" needs what cannot be had: neither the cache nor storage has all of data\\n`, 'm')); // prettier-ignore
    expect(run.stdout).toContain('Failed after');
    expect(await untracked(rig, b)).toEqual([]);
  });

  test('runs a stage of which all comes, beside one that needs the same and something that is lost', async ({
    rig,
  }) => {
    const stages = {
      // It takes longer to look at: the other one is the first to ask for what both need.
      one: { cmd: 'cat shared.csv rate > one', deps: ['shared.csv', 'rate', 'slow'], outs: ['one'] },
      both: { cmd: 'cat shared.csv lost.bin | wc -c > both', deps: ['shared.csv', 'lost.bin', 'rate'], outs: ['both'] },
    };
    const files = { 'shared.csv': 'shared\n', 'lost.bin': Buffer.alloc(5_000_000, 'l'), rate: '1\n', ...smallFiles('slow', 900) }; // prettier-ignore
    await startProject(rig, { 'pipeline.yaml': { stages }, ...files });
    await succeed(rig, ['add', 'shared.csv', 'lost.bin']);
    await succeed(rig, ['repro', '-q']);
    await commitAll(rig);
    await succeed(rig, ['push']);
    await rig.remove(`${REMOTE}/v1/loose`);
    const b = await cloneProject(rig, 'b');
    await rig.write({ '../b/rate': '2\n' });
    const run = await rig.pipe(['repro', '--pull', '-k'], b);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain(
      '"both" needs what cannot be had: neither the cache nor storage has all of lost.bin\n',
    );
    expect(run.stderr).not.toMatch(/^one: failed/m);
    expect(await rig.read('../b/one')).toBe('shared\n2\n');
  });
});

describe('repro --pull where the remote lacks something', () => {
  test('runs a stage of whose folder only the list is there, and says why', async ({ rig }) => {
    const stages = {
      first: {
        cmd: `mkdir -p made && echo small > made/small && head -c 5000000 /dev/zero > made/big`,
        deps: ['in'],
        outs: ['made'],
      },
      second: { cmd: 'wc -c < made/big > size && cat add >> size', deps: ['made', 'add'], outs: ['size'] },
    };
    await startProject(rig, { 'pipeline.yaml': { stages }, in: 'in\n', add: '1\n' });
    await succeed(rig, ['repro', '-q']);
    await commitAll(rig);
    await succeed(rig, ['push']);
    const loose = [...(await remoteFiles(rig)).keys()].filter((key) => key.startsWith('v1/loose/'));
    expect(loose).toHaveLength(1);
    await rig.remove(...loose.map((key) => `${REMOTE}/${key}`));
    const b = await cloneProject(rig, 'b');
    await rig.write({ '../b/add': '2\n' });
    const run = await reproPull(rig, ['--pull'], b);
    expect(outcomes(run)).toEqual({ first: 'ran', second: 'ran' });
    expect(await rig.read('../b/size')).toBe('5000000\n2\n');
    const notices = run.events.filter(({ type }) => type === 'notice');
    expect(notices).toMatchObject([
      { stage: 'first', message: 'made cannot be downloaded: storage has its list, and lacks 1 object of it' },
    ]);
    // Where nothing changed, it is made again as well: what was said to be up to date would be nowhere.
    const c = await cloneProject(rig, 'c');
    expect(outcomes(await reproPull(rig, ['--pull'], c))).toEqual({ first: 'ran', second: 'fresh' });
  });
});

describe('repro --pull', () => {
  test('stops before anything runs when the remote cannot be reached', async ({ rig }) => {
    await start(rig);
    const b = await cloneProject(rig, 'b');
    await succeed(rig, ['remote', 'modify', '-q', 'storage', 'url', 's3://bucket/x'], b);
    await succeed(rig, ['remote', 'modify', '-q', 'storage', 'endpointurl', 'http://127.0.0.1:1'], b);
    const env = { ...b.env, AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y' };
    const run = await rig.pipe(['repro', '--pull'], { ...b, env });
    expectProblems(run, 'PIPE_REMOTE_UNREACHABLE');
    expect(await untracked(rig, b)).toEqual([]);
  });

  test('needs no remote where nothing has to come, and -r needs --pull', async ({ rig }) => {
    await startProject(rig, FILES);
    expectProblems(await rig.pipe(['repro', '-r', 'storage']), 'PIPE_USAGE');
    expectProblems(await rig.pipe(['repro', '--pull', '-r', 'nowhere']), 'PIPE_REMOTE_UNKNOWN');
    await succeed(rig, ['remote', 'remove', 'storage']);
    expect(outcomes(await reproPull(rig, ['--pull', 'prepare'], {}))).toEqual({ prepare: 'ran' });
  });
});

describe('status', () => {
  interface Status {
    readonly upToDate: boolean;
    readonly stages: readonly { readonly stage: string; readonly state: string }[];
  }
  const states = (status: Status): Record<string, string> =>
    Object.fromEntries(status.stages.map(({ stage, state }) => [stage, state]));

  test('says with --pull or --allow-missing of a fresh clone what repro --dry with these flags says', async ({
    rig,
  }) => {
    await start(rig);
    const b = await cloneProject(rig, 'b');
    for (const flag of ['--pull', '--allow-missing']) {
      const status = await document<Status>(rig, ['status', flag], b);
      expect(status).toMatchObject({ upToDate: true });
      expect(states(status)).toEqual(FRESH);
      expect((await succeed(rig, ['status', flag], b)).stdout).toBe('Everything is up to date: 4 stages.\n');
      expect((await rig.pipe(['status', '-q', flag], b)).code).toBe(0);
    }
    expect(await untracked(rig, b)).toEqual([]);
    // Without them, it is said that nothing is here.
    expect((await rig.pipe(['status', '-q'], b)).code).toBe(1);

    await rig.write({ '../b/rate': '2\n' });
    const changed = await document<Status>(rig, ['status', '--pull'], b);
    expect(changed).toMatchObject({ upToDate: false });
    const dry = await reproPull(rig, ['--pull', '--dry'], b);
    const plan = dry.events.find(({ type }) => type === 'plan') as unknown as Status;
    expect(states(changed)).toEqual(states(plan));
    expect(states(changed)).toEqual({ ...FRESH, train: 'run', publish: 'may-run' });
    expect((await rig.pipe(['status', '-q', '--pull'], b)).code).toBe(1);
    expect(await untracked(rig, b)).toEqual([]);

    await rig.write({ '../b/rate': '1\n', '../b/data/1.txt': 'another\n' });
    const edited = await document<Status>(rig, ['status', '--pull'], b);
    expect(edited).toMatchObject({ upToDate: false, data: [{ state: 'modified' }, { state: 'lost' }] });
    // What is missing of the folder comes first; then it shows.
    expect(states(edited)).toMatchObject({ prepare: 'may-run', measure: 'may-run' });
  });

  test('restores with --pull what a colleague ran, and knows one remote', async ({ rig }) => {
    await start(rig);
    const [b, c] = [await cloneProject(rig, 'b'), await cloneProject(rig, 'c')];
    await rig.write({ '../b/rate': '3\n', '../c/rate': '3\n' });
    await reproPull(rig, ['--pull'], b);
    await succeed(rig, ['push'], b);
    const status = await document<Status>(rig, ['status', '--pull', '-r', 'storage'], c);
    expect(states(status)).toEqual({ ...FRESH, train: 'restore', publish: 'restore' });
    expectProblems(await rig.pipe(['status', '--pull', '-r', 'nowhere'], c), 'PIPE_REMOTE_UNKNOWN');
    expectProblems(await rig.pipe(['status', '--pull', '-c'], c), 'PIPE_USAGE');
  });
});
