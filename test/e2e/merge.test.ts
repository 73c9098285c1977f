import { expect } from 'vitest';
import { parseLock } from '../../src/lockfile/lock.ts';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';

const STAGES = ['a', 'b', 'c'];

/** Three stages, run and committed, with the merge driver. */
async function project(rig: Rig): Promise<void> {
  const stage = (name: string) => ({ cmd: `cp ${name}.in ${name}.out`, deps: [`${name}.in`], outs: [`${name}.out`] });
  await rig.git('init', '-q');
  await rig.write({ 'pipeline.yaml': { stages: Object.fromEntries(STAGES.map((name) => [name, stage(name)])) } });
  await rig.write(Object.fromEntries(STAGES.map((name) => [`${name}.in`, 'start\n'])));
  await rig.pipe(['init']);
  await rig.pipe(['install']);
  await commitRun(rig, 'start');
}

/** Commits a run on a branch that begins at `main`. */
async function branch(rig: Rig, name: string, inputs: Readonly<Record<string, string>>): Promise<void> {
  await rig.git('switch', '-q', '-c', name, 'main');
  await rig.write(inputs);
  await commitRun(rig, name);
}

async function commitRun(rig: Rig, message: string): Promise<void> {
  expect(await rig.pipe(['repro', '-q'])).toMatchObject({ code: 0 });
  await rig.git('add', '-A');
  await rig.git('commit', '-q', '--no-verify', '-m', message);
}

test('two branches that ran different stages merge, and nothing is left to run', async ({ rig }) => {
  await project(rig);
  await branch(rig, 'left', { 'a.in': 'left\n' });
  await branch(rig, 'right', { 'b.in': 'right\n' });
  expect(await rig.run('git', ['merge', '-q', '--no-edit', 'left'])).toMatchObject({ code: 0 });
  expect([...parseLock(await rig.read('pipeline.lock'), '').keys()]).toEqual(STAGES);
  expect((await rig.pipe(['repro'])).stdout).not.toMatch(/will run|may run/);
  expect(await rig.git('status', '--short')).toBe('');
  expect((await rig.pipe(['status'])).stdout).toContain('Everything is up to date');
});

test('a stage that both branches ran is a conflict, shown by Git and explained by pipe', async ({ rig }) => {
  await project(rig);
  await branch(rig, 'left', { 'a.in': 'left\n', 'b.in': 'left\n' });
  await branch(rig, 'right', { 'b.in': 'right\n', 'c.in': 'right\n' });
  const merge = await rig.run('git', ['merge', 'left']);
  expect(merge).toMatchObject({ code: 1, stdout: expect.stringContaining('Merge conflict in pipeline.lock') });
  expect(merge.stdout).toContain('Both sides changed in pipeline.lock: "b"');
  const text = await rig.read('pipeline.lock');
  expect(text.match(/^<{7} ours\n {4}"b"/gm)).toHaveLength(1);
  expect(await rig.git('diff', '--name-only', '--diff-filter=U')).toBe('b.in\npipeline.lock');
  const status = await rig.pipe(['status']);
  expect(status).toMatchObject({ code: 2, stderr: expect.stringContaining('marks of a Git merge, around "b"') });
  // As the hint says: keep one side.
  await rig.write({ 'pipeline.lock': text.replace(/^<{7} ours\n([^]*?)={7}\n[^]*?>{7} theirs\n/m, '$1') });
  await rig.git('checkout', '--ours', '--', 'b.in');
  expect(await rig.pipe(['repro'])).toMatchObject({ code: 0 });
  expect((await rig.pipe(['status'])).stdout).toContain('Everything is up to date');
});

test('a merge over two common ancestors that differ keeps what both sides agree on', async ({ rig }) => {
  await project(rig);
  await branch(rig, 'left', { 'a.in': 'left\n', 'c.in': 'left\n' });
  await branch(rig, 'right', { 'b.in': 'right\n', 'c.in': 'right\n' });
  // Each takes in the other once, so that neither first commit is the only common ancestor.
  const [left, right] = [await rig.git('rev-parse', 'left'), await rig.git('rev-parse', 'right')];
  for (const [mine, other] of [
    ['left', right],
    ['right', left],
  ] as const) {
    await rig.git('switch', '-q', mine);
    await rig.run('git', ['merge', '-q', other]);
    await rig.write({ 'c.in': 'settled\n' });
    await rig.git('checkout', '-q', mine, '--', 'pipeline.lock');
    await commitRun(rig, 'both');
  }
  await rig.write({ 'b.in': 'later\n' });
  await commitRun(rig, 'later');
  expect(await rig.run('git', ['merge', '-q', '--no-edit', 'left'])).toMatchObject({ code: 0 });
  expect((await rig.pipe(['status'])).stdout).toContain('Everything is up to date');
});

test('pointers merge field by field', async ({ rig }) => {
  await project(rig);
  const pointer = (digest: string, more = ''): string =>
    `schema: pipe.pointer/1\n${more}outs:\n- path: data\n  digest: b3:${digest.repeat(64)}\n  size: 1\n`;
  await rig.write({ 'in/data.pipe': pointer('0') });
  await commitRun(rig, 'pointer');
  await rig.git('switch', '-q', '-c', 'left');
  await rig.write({ 'in/data.pipe': pointer('1') });
  await commitRun(rig, 'left');
  await branch(rig, 'right', { 'in/data.pipe': pointer('0', 'desc: photos\n') });
  expect(await rig.run('git', ['merge', '-q', '--no-edit', 'left'])).toMatchObject({ code: 0 });
  expect(await rig.read('in/data.pipe')).toBe(pointer('1', 'desc: photos\n'));
  await branch(rig, 'other', { 'in/data.pipe': pointer('2') });
  expect(await rig.run('git', ['merge', 'left'])).toMatchObject({ code: 1 });
  expect(await rig.read('in/data.pipe')).toMatch(
    /path: data\n<{7} ours\n {2}digest: b3:2+\n={7}\n {2}digest: b3:1+\n>{7}/,
  );
});

test('without pipe on the PATH Git says so, shows a conflict, and the merge can be made later', async ({ rig }) => {
  await project(rig);
  await branch(rig, 'left', { 'a.in': 'left\n' });
  await branch(rig, 'right', { 'c.in': 'right\n' });
  const merge = await rig.run('git', ['merge', 'left'], { env: { PATH: await pathWithoutPipe(rig) } });
  expect(merge).toMatchObject({ code: 1, stderr: expect.stringContaining('git checkout --merge -- pipeline.lock') });
  expect(merge.stdout).toContain('Merge conflict in pipeline.lock');
  await rig.git('checkout', '--merge', '--', 'pipeline.lock');
  expect(await rig.read('pipeline.lock')).not.toContain('<<<<<<<');
  await rig.git('add', 'pipeline.lock');
  await rig.git('commit', '-q', '--no-edit');
  expect((await rig.pipe(['repro'])).code).toBe(0);
  expect(await rig.git('status', '--short')).toBe('');
});

test('a side that is no lock is left to Git, with the reason', async ({ rig }) => {
  await project(rig);
  await branch(rig, 'left', { 'a.in': 'left\n' });
  await rig.git('switch', '-q', '-c', 'right', 'main');
  await rig.write({ 'pipeline.lock': '{"schema":"pipe.lock/9"}\n' });
  await rig.git('commit', '-qa', '--no-verify', '-m', 'right');
  const merge = await rig.run('git', ['merge', 'left']);
  expect(merge).toMatchObject({ code: 1, stderr: expect.stringContaining('PIPE_MERGE') });
  expect(await rig.read('pipeline.lock')).toContain('<<<<<<< ours');
});

/** The folders of a PATH in which there is no `pipe`. */
async function pathWithoutPipe(rig: Rig): Promise<string> {
  const folders = String(rig.env['PATH']).split(':');
  const found = await Promise.all(folders.map((folder) => rig.exists(`${folder}/pipe`)));
  return folders.filter((_, at) => found[at] === false).join(':');
}
