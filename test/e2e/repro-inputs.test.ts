import { rm } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectValid } from '../setup/schema.ts';
import type { Machine } from './share/project.ts';
import { cloneProject, commitAll, holds, startProject, succeed } from './share/project.ts';
import { reproPull } from './share/pull-run.ts';

const STAGES = { s: { cmd: 'cat d/* > out', deps: ['d'], outs: ['out'] } };
const FILES = { 'd/a': 'a\n', 'd/b': 'b\n', 'd/s/c': 'c\n' };

/** A project whose stage reads a tracked folder, that has run and was pushed. */
async function start(
  rig: Rig,
  stages: unknown = { s: { ...STAGES.s, cmd: 'cat d/a d/b d/s/c > out' } },
): Promise<void> {
  await startProject(rig, { ...FILES, 'pipeline.yaml': { stages } });
  await succeed(rig, ['add', 'd']);
  await succeed(rig, ['repro', '-q']);
  await commitAll(rig);
  await succeed(rig, ['push']);
}

const here = { cwd: '.', env: {} };

describe('data of which a part was never downloaded', () => {
  async function startPart(rig: Rig): Promise<Machine> {
    await start(rig, STAGES_OF_ALL);
    const b = await cloneProject(rig, 'b');
    await succeed(rig, ['pull', 'd/a'], b);
    return b;
  }
  const STAGES_OF_ALL = { s: { cmd: 'find d -type f | sort | xargs cat > out', deps: ['d'], outs: ['out'] } };

  test('no stage reads it without --pull, and what is missing is named', async ({ rig }) => {
    const b = await startPart(rig);
    const lock = await rig.read('../b/pipeline.lock');
    const run = await rig.pipe(['repro'], b);
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(/"s" needs d, of which not all was downloaded: d\/b, d\/s\n(.*\n)*.*`pipe pull d`/);
    expect(await rig.exists('../b/out')).toBe(false);
    expect(await rig.read('../b/pipeline.lock')).toBe(lock);
    expect((await rig.pipe(['repro', '-k', '-q'], b)).code).toBe(1);
    expect(await rig.exists('../b/out')).toBe(false);
  });

  test('status counts it', async ({ rig }) => {
    const b = await startPart(rig);
    expect((await rig.pipe(['status'], b)).stdout).toMatch(/d\.pipe:\n {2}d: 2 files not downloaded \(pipe pull d\)\n/);
    await rig.write({ '../b/d/a': 'x\n' });
    expect((await rig.pipe(['status'], b)).stdout).toMatch(/ {2}d modified, 2 files not downloaded \(pipe pull d\)\n/);
  });

  test('explain says that repro refuses, and what --pull makes of it', async ({ rig }) => {
    const b = await startPart(rig);
    const explain = async () => {
      const { stdout } = await succeed(rig, ['explain', 's'], b);
      const json = (await succeed(rig, ['explain', 's', '--json'], b)).json<{ stages: [Record<string, unknown>] }>();
      expectValid(json);
      return { stdout, ...json.stages[0] };
    };
    expect(await explain()).toMatchObject({ reasons: [{ kind: 'out', change: 'missing' }], withPull: 'run' });
    await succeed(rig, ['pull', 'out'], b);
    const part = await explain();
    expect(part).toMatchObject({ state: 'run', reasons: [], problems: [{ code: 'PIPE_DEP_MISSING' }], withPull: 'fresh' }); // prettier-ignore
    expect(part.stdout).toMatch(/^s cannot run: `pipe repro` refuses:\n {2}pipeline.yaml:\d+:\d+ "s" needs d, of which not all was downloaded: d\/b, d\/s\n {4}hint: .*`pipe pull d`/); // prettier-ignore
    expect(part.stdout).toContain('`pipe repro --pull` leaves it alone');
    expect(part.stdout).not.toContain('dep d changed');
    await rig.write({ '../b/d/a': 'edited\n' });
    const edited = await explain();
    expect(edited).toMatchObject({ problems: [{ code: 'PIPE_DEP_MISSING' }], withPull: 'may-run' });
    expect(edited.stdout).toContain('`pipe repro --pull` downloads what is missing first');
    await succeed(rig, ['pull', '-f', 'd'], b);
    const whole = await explain();
    expect(whole.stdout).not.toMatch(/refuses|--pull/);
    expect(whole).not.toHaveProperty('problems');
  });

  test('counts as what it is with --pull: nothing that is fresh runs, or needs it', async ({ rig }) => {
    const b = await startPart(rig);
    const run = await reproPull(rig, ['--pull'], b);
    expect(run.ends['s']).toMatchObject({ outcome: 'fresh' });
    expect(await rig.exists('../b/d/b')).toBe(false);
    expect(await rig.read('../b/out')).toBe('a\nb\nc\n');
  });

  test('comes with --pull before a stage reads it', async ({ rig }) => {
    const b = await startPart(rig);
    await rig.write({ '../b/pipeline.yaml': { stages: { s: { ...STAGES_OF_ALL.s, cmd: `${STAGES_OF_ALL.s.cmd} && true` } } } }); // prettier-ignore
    const run = await reproPull(rig, ['--pull'], b);
    expect(run.ends['s']).toMatchObject({ outcome: 'ran' });
    expect(await rig.read('../b/out')).toBe('a\nb\nc\n');
    expect(await rig.read('../b/d.pipe')).toBe(await rig.read('d.pipe'));
  });

  test('comes with --pull beside what was edited, and stays recorded', async ({ rig }) => {
    const b = await startPart(rig);
    await rig.write({ '../b/d/a': 'edited\n' });
    const run = await reproPull(rig, ['--pull'], b);
    expect(run.ends['s']).toMatchObject({ outcome: 'ran' });
    expect(await rig.read('../b/out')).toBe('edited\nb\nc\n');
    await commitAll(rig, 'edited', b);
    await succeed(rig, ['push'], b);
    const c = await cloneProject(rig, 'c');
    await rig.run('git', ['pull', '-q', rig.path('../b'), 'main'], c);
    await succeed(rig, ['pull'], c);
    expect([await rig.read('../c/d/a'), await rig.read('../c/d/b')]).toEqual(['edited\n', 'b\n']);
    expect((await rig.pipe(['status'], c)).stdout).toMatch(/^Everything is up to date/);
  });

  test('of an out of a stage that does not run, the same', async ({ rig }) => {
    await startProject(rig, {
      in: '1\n',
      'pipeline.yaml': {
        stages: {
          make: { cmd: 'mkdir -p m && cp in m/a && cp in m/b', deps: ['in'], outs: ['m'] },
          use: { cmd: 'cat m/* > used', deps: ['m'], outs: ['used'] },
        },
      },
    });
    await succeed(rig, ['repro', '-q']);
    await commitAll(rig);
    await succeed(rig, ['push']);
    const b = await cloneProject(rig, 'b');
    await succeed(rig, ['pull', 'm/a'], b);
    const run = await rig.pipe(['repro', '-s', 'use'], b);
    expect(run.code).toBe(2);
    // Both files have the same bytes: the cache has them.
    expect(run.stderr).toMatch(/"use" needs m, of which not all is in place: m\/b/);
    expect(run.stderr).toContain('`pipe checkout m`');
    const pulled = await reproPull(rig, ['--pull', '-f', '-s', 'use'], b);
    expect(pulled.ends['use']).toMatchObject({ outcome: 'ran' });
    expect(await rig.read('../b/used')).toBe('1\n1\n');
  });
});

describe('tracked data that was changed', () => {
  test('is stored and recorded before a stage reads it, and a push takes it along', async ({ rig }) => {
    await start(rig);
    await rig.write({ 'd/b': 'edited\n', 'd/e': 'new\n' });
    const dry = await succeed(rig, ['repro', '--dry']);
    expect(dry.stdout).toContain('d changed: it would be recorded in d.pipe');
    const before = await rig.read('d.pipe');
    const { stdout } = await succeed(rig, ['repro']);
    expect(stdout).toContain('d changed: recorded in d.pipe\nFor Git: git add d.pipe\n');
    expect(await rig.read('d.pipe')).not.toBe(before);
    await rig.git('commit', '-qam', 'edited');
    await succeed(rig, ['push']);
    const b = await cloneProject(rig, 'b');
    await succeed(rig, ['pull'], b);
    expect([await rig.read('../b/d/b'), await rig.read('../b/d/e')]).toEqual(['edited\n', 'new\n']);
    expect((await rig.pipe(['status'], b)).stdout).toMatch(/^Everything is up to date/);
  });

  test('is recorded as an event, and by a stage that is restored, too', async ({ rig }) => {
    await start(rig);
    const before = await rig.read('d.pipe');
    await rig.write({ 'd/b': 'edited\n' });
    const run = await reproPull(rig, [], here);
    expect(run.events.find(({ type }) => type === 'plan')).toMatchObject({ data: [{ path: 'd', pointer: 'd.pipe' }] });
    expect(run.events.filter(({ type }) => type === 'recorded')).toMatchObject([{ path: 'd', pointer: 'd.pipe', isStaged: false }]); // prettier-ignore
    await rig.write({ 'd/b': 'b\n' });
    expect((await reproPull(rig, [], here)).ends['s']).toMatchObject({ outcome: 'restored' });
    expect(await rig.read('d.pipe')).toBe(before);
  });

  test('what was removed is recorded, when it was here before', async ({ rig }) => {
    await start(rig, { s: { cmd: 'find d -type f | sort | xargs cat > out', deps: ['d'], outs: ['out'] } });
    await rm(rig.path('d/s'), { recursive: true });
    await succeed(rig, ['repro', '-q']);
    expect(await rig.read('out')).toBe('a\nb\n');
    await rm(rig.path('d/s'), { recursive: true, force: true });
    await succeed(rig, ['checkout', 'd']);
    expect(await rig.exists('d/s')).toBe(false);
  });

  test('a single file is recorded, and a part of a folder alone where only that is read', async ({ rig }) => {
    await startProject(rig, {
      ...FILES,
      one: '1\n',
      'pipeline.yaml': { stages: { s: { cmd: 'cat one d/a > out', deps: ['one', 'd/a'], outs: ['out'] } } },
    });
    await succeed(rig, ['add', 'd', 'one']);
    await succeed(rig, ['repro', '-q']);
    await rig.write({ one: '2\n', 'd/a': 'A\n', 'd/b': 'B\n' });
    await succeed(rig, ['repro', '-q']);
    expect((await rig.pipe(['status'])).stdout).toMatch(/d\.pipe:\n {2}d modified/);
    await succeed(rig, ['checkout', '-f', 'd', 'one']);
    expect([await rig.read('one'), await rig.read('d/a'), await rig.read('d/b')]).toEqual(['2\n', 'A\n', 'b\n']);
  });

  test('is left alone with --no-commit, when its pointer is frozen, and when it did not change here', async ({
    rig,
  }) => {
    await start(rig);
    const old = await rig.read('d.pipe');
    await rig.write({ 'd/b': 'edited\n' });
    await succeed(rig, ['repro', '-q', '--no-commit']);
    expect(await rig.read('d.pipe')).toBe(old);
    await succeed(rig, ['freeze', 'd.pipe']);
    const frozen = await rig.read('d.pipe');
    await succeed(rig, ['repro', '-qf']);
    expect(await rig.read('d.pipe')).toBe(frozen);
    await succeed(rig, ['unfreeze', 'd.pipe']);
    await succeed(rig, ['repro', '-qf']);
    const edited = await rig.read('d.pipe');
    expect(edited).not.toBe(old);
    // As after a `git pull`: the pointer is another one, the data are as they were.
    await rig.write({ 'd.pipe': old });
    const run = await rig.pipe(['repro']);
    expect(run.stdout).toMatch(/d is not what d\.pipe says, and was not changed since it came/);
    expect(await rig.read('d.pipe')).toBe(old);
    expect(await holds(rig, 'edited')).toBe(false);
  });
});
