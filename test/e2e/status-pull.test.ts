import { rm } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import type { Machine } from './share/project.ts';
import { REMOTE, cloneProject, commitAll, document, startProject, succeed } from './share/project.ts';

const STAGES = {
  read: { cmd: 'cat d/a > out', deps: ['d'], outs: ['out'] },
  other: { cmd: 'cp in other', deps: ['in'], outs: ['other'] },
};

interface Status {
  readonly upToDate: boolean;
  readonly stages: readonly { readonly stage: string; readonly state: string; readonly reasons: readonly { readonly kind: string }[] }[]; // prettier-ignore
  readonly data?: readonly { readonly path: string; readonly missing?: number }[];
}

/** A clone of a project whose stages have run, and whose tracked data nobody has but the first machine. */
async function start(rig: Rig): Promise<Machine> {
  await startProject(rig, { 'pipeline.yaml': { stages: STAGES }, in: 'in\n', 'd/a': 'a\n', 'd/b': 'b\n' });
  await succeed(rig, ['add', 'd']);
  await succeed(rig, ['repro', '-q']);
  await commitAll(rig);
  await succeed(rig, ['push', 'out', 'other']);
  return cloneProject(rig, 'b');
}

describe('tracked data that cannot be had', () => {
  test('is told as missing by status --pull, and by what repro --pull --dry says', async ({ rig }) => {
    const b = await start(rig);
    const status = await document<Status>(rig, ['status', '--pull'], b);
    expect(status).toMatchObject({ upToDate: false, data: [{ path: 'd', missing: 1 }] });
    const { stdout } = await succeed(rig, ['status', '--pull'], b);
    expect(stdout).toMatch(/d\.pipe:\n {2}d: 1 object of it in neither the cache nor storage\n/);
    expect((await rig.pipe(['status', '--pull', '-q'], b)).code).toBe(1);
    // Nothing that runs needs it.
    const dry = await rig.pipe(['repro', '--pull', '--dry'], b);
    expect(dry).toMatchObject({ code: 0, stderr: '' });
    expect(dry.stdout).toContain('neither the cache nor storage has all of d\n');

    await rig.write({ '../b/pipeline.yaml': { stages: { ...STAGES, read: { ...STAGES.read, cmd: 'cat d/b > out' } } } }); // prettier-ignore
    const failing = await rig.pipe(['repro', '--pull', '--dry'], b);
    expect(failing.code).toBe(1);
    expect(failing.stdout).toContain('neither the cache nor storage has all of d\n');
    expect((await rig.pipe(['repro', '--pull'], b)).code).toBe(1);

    await succeed(rig, ['push', 'd']);
    expect(await document<Status>(rig, ['status', '--pull', 'd'], b)).toMatchObject({ upToDate: true });
  });

  test('keeps nobody from seeing the rest where nobody can tell whether it is whole', async ({ rig }) => {
    const b = await start(rig);
    await rig.write({ '../b/d/a': 'a\n' });
    expect((await rig.pipe(['repro', '--pull'], b)).stderr).toContain('PIPE_OBJECT_MISSING');
    const status = await document<Status>(rig, ['status', '--pull'], b);
    const states = Object.fromEntries(status.stages.map((each) => [each.stage, [each.state, each.reasons.map(({ kind }) => kind)]])); // prettier-ignore
    expect(states).toEqual({ read: ['may-run', ['refused']], other: ['fresh', []] });
    expect((await succeed(rig, ['status', '--pull'], b)).stdout).toMatch(
      /read: may run\n {2}a run would be refused: neither the cache nor a remote has the list of d: /,
    );
    const dry = await rig.pipe(['repro', '--pull', '--dry'], b);
    expect(dry.code).toBe(1);
    expect(dry.stdout).toContain('hint: `pipe push` where it is at hand');
  });

  test('a link to nothing in it is told of the stage that reads it', async ({ rig }) => {
    await startProject(rig, { 'pipeline.yaml': { stages: STAGES }, in: 'in\n', 'd/a': 'a\n', 'd/b': 'b\n' });
    await succeed(rig, ['config', 'cache.type', 'symlink']);
    await succeed(rig, ['add', 'd']);
    await succeed(rig, ['repro', '-q']);
    await commitAll(rig);
    await succeed(rig, ['push']);
    await rm(rig.path('.pipe/cache'), { recursive: true, force: true });
    expect(await rig.exists(REMOTE)).toBe(true);
    const run = await rig.pipe(['repro', '--pull']);
    expect(run.stderr).toContain('PIPE_LINK_OBJECT');
    const status = await rig.pipe(['status', '--pull', '--json']);
    expect(status.code).toBe(0);
    expect(status.json<Status>().stages.find(({ stage }) => stage === 'read')).toMatchObject({
      reasons: [{ kind: 'refused' }],
    });
  });
});
