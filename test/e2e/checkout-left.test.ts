import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectValid } from '../setup/schema.ts';
import { flipUnseen } from './upkeep/project.ts';

/** Two branches: `main`, and `x` with a stage's out and tracked data of its own, which is checked out. */
async function branches(rig: Rig): Promise<void> {
  await rig.git('init', '-q');
  await rig.pipe(['init']);
  await rig.write({ 'pipeline.yaml': { stages: { s: { cmd: 'echo s > s.out', outs: ['s.out'] } } } });
  await rig.pipe(['repro', '-q']);
  await commit(rig);
  await rig.git('switch', '-q', '-c', 'x');
  await rig.pipe(['stage', 'add', '-n', 'only', '-o', 'only_x', '-M', 'kept.json', 'echo x > only_x; echo 1 > kept.json']); // prettier-ignore
  await rig.pipe(['repro', '-q']);
  await rig.write({ 'y.csv': 'y\n', 'in/deep/a': 'a\n', 'in/deep/b': 'b\n' });
  expect(await rig.pipe(['add', 'y.csv', 'in/deep'])).toMatchObject({ code: 0 });
  await commit(rig);
}

async function commit(rig: Rig): Promise<void> {
  await rig.git('add', '-A');
  await rig.git('commit', '-q', '--no-verify', '-m', 'x');
}

describe('after a switch, a checkout without targets', () => {
  test('removes what only the other branch tracks, and brings it back there', async ({ rig }) => {
    await branches(rig);
    await rig.git('switch', '-q', 'main');
    expect(await rig.pipe(['checkout', 's.out'])).toMatchObject({ code: 0 });
    expect(await rig.exists('y.csv')).toBe(true);
    const { code, stdout } = await rig.pipe(['checkout']);
    expect(code).toBe(0);
    expect(stdout).toBe('D  in/deep  2 deleted\nD  only_x  1 deleted\nD  y.csv  1 deleted\nFiles: 0 added, 0 modified, 4 deleted.\n'); // prettier-ignore
    for (const path of ['y.csv', 'only_x', 'in', 'kept.json']) expect(await rig.exists(path)).toBe(false);
    expect(await rig.exists('s.out')).toBe(true);
    expect(await rig.git('status', '--short')).toBe('');
    await rig.git('switch', '-q', 'x');
    expect(await rig.pipe(['checkout'])).toMatchObject({ code: 0 });
    expect([await rig.read('y.csv'), await rig.read('only_x'), await rig.read('in/deep/b')]).toEqual(['y\n', 'x\n', 'b\n']); // prettier-ignore
  });

  test('leaves alone what was changed or is not saved, and says so', async ({ rig }) => {
    await branches(rig);
    await rig.git('switch', '-q', 'main');
    await rig.write({ 'y.csv': 'mine\n', 'in/deep/c': 'mine\n' });
    const { code, stdout } = await rig.pipe(['checkout', '-f', '--json']);
    expect(code).toBe(0);
    const done: unknown = JSON.parse(stdout);
    expectValid(done);
    expect(done).toMatchObject({
      left: [
        { path: 'in/deep', state: 'changed', files: 3 },
        { path: 'only_x', state: 'removed', files: 1 },
        { path: 'y.csv', state: 'changed', files: 1 },
      ],
    });
    expect([await rig.read('y.csv'), await rig.read('in/deep/c')]).toEqual(['mine\n', 'mine\n']);
    // Told once.
    expect((await rig.pipe(['checkout'])).stdout).toContain('Everything is in place');
  });

  test('leaves alone what the cache lacks', async ({ rig }) => {
    await branches(rig);
    await rig.git('switch', '-q', 'main');
    await rig.remove('.pipe/cache');
    await rig.pipe(['commit', '-f']);
    const { stdout } = await rig.pipe(['checkout']);
    expect(stdout).toContain('y.csv stays: nothing tracks it here, and the cache lacks some of it');
    expect(await rig.exists('in/deep/a')).toBe(true);
  });

  test('stores again what the cache holds damaged, before the only right copy goes', async ({ rig }) => {
    await branches(rig);
    const hex = /[0-9a-f]{64}/.exec(await rig.read('y.csv.pipe'))?.[0] ?? '';
    await flipUnseen(rig.path(`.pipe/cache/v1/loose/${hex.slice(0, 2)}/${hex.slice(2)}`), 0);
    await rig.git('switch', '-q', 'main');
    const { stdout, stderr } = await rig.pipe(['checkout']);
    expect(stdout).toContain('D  y.csv  1 deleted');
    expect(stderr).toContain('what the workspace holds was stored again: y.csv');
    await rig.git('switch', '-q', 'x');
    expect(await rig.pipe(['checkout'])).toMatchObject({ code: 0 });
    expect(await rig.read('y.csv')).toBe('y\n');
  });

  test('never takes what somebody stopped to track, made themselves, or gave to Git', async ({ rig }) => {
    await branches(rig);
    await rig.pipe(['remove', 'y.csv.pipe']);
    await rig.git('commit', '-q', '-a', '--no-verify', '-m', 'stopped');
    expect((await rig.pipe(['checkout'])).stdout).toContain('Everything is in place');
    expect(await rig.read('y.csv')).toBe('y\n');
    await rig.git('switch', '-q', 'main');
    await rig.git('add', '-f', 'only_x');
    await rig.git('commit', '-q', '--no-verify', '-m', 'given to Git');
    await rig.pipe(['checkout']);
    expect([await rig.exists('only_x'), await rig.exists('y.csv'), await rig.exists('in/deep')]).toEqual([true, true, false]); // prettier-ignore
  });

  test('never takes what was left to track after a switch to a branch that tracks it as well', async ({ rig }) => {
    await branches(rig);
    await rig.pipe(['checkout']);
    await rig.git('switch', '-q', '-c', 'z');
    await rig.pipe(['remove', 'y.csv.pipe', 'in/deep.pipe']);
    // Git does not get them.
    await rig.git('commit', '-q', '-a', '--no-verify', '-m', 'stopped');
    await rig.git('switch', '-q', '-c', 'other');
    expect((await rig.pipe(['checkout'])).stdout).toContain('Everything is in place');
    expect([await rig.read('y.csv'), await rig.read('in/deep/a')]).toEqual(['y\n', 'a\n']);
  });

  test('does so beside records that cannot be read and have nothing to do with it', async ({ rig }) => {
    await rig.write({ '.pipeignore': 'samples/\n', 'samples/bad.csv.pipe': 'no pointer\n' });
    await branches(rig);
    await rig.git('switch', '-q', 'main');
    expect(await rig.pipe(['checkout'])).toMatchObject({ code: 0 });
    expect([await rig.exists('y.csv'), await rig.exists('in/deep')]).toEqual([false, false]);
  });

  test('never takes what is another name of what is tracked', async ({ rig }) => {
    await branches(rig);
    await rig.git('switch', '-q', 'main');
    await rig.run('mv', ['in', 'real']);
    await rig.run('ln', ['-s', 'real', 'in']);
    expect(await rig.pipe(['add', 'real/deep'])).toMatchObject({ code: 0 });
    expect((await rig.pipe(['checkout'])).stdout).not.toContain('deep');
    expect(await rig.read('real/deep/a')).toBe('a\n');
  });

  test('leaves alone what no branch records any more', async ({ rig }) => {
    await branches(rig);
    await rig.git('switch', '-q', 'main');
    await rig.git('branch', '-q', '-D', 'x');
    await rig.pipe(['checkout']);
    expect(await rig.exists('y.csv')).toBe(true);
  });

  test('does so by way of the hook, in each worktree for itself', async ({ rig }) => {
    await branches(rig);
    await rig.pipe(['install']);
    await commit(rig);
    await rig.git('worktree', 'add', '-q', '-b', 'z', '../linked', 'x');
    expect(await rig.pipe(['checkout'], { cwd: '../linked' })).toMatchObject({ code: 0 });
    await rig.git('switch', '-q', 'main');
    expect(await rig.exists('y.csv')).toBe(false);
    expect(await rig.pipe(['checkout'], { cwd: '../linked' })).toMatchObject({ code: 0 });
    expect(await rig.read('../linked/y.csv')).toBe('y\n');
  });
});
