import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';

/** A project in Git with a README that Git tracks. */
async function project(rig: Rig, files: Parameters<Rig['write']>[0] = {}): Promise<void> {
  await rig.git('init', '-q');
  await rig.pipe(['init']);
  await rig.write({ README: 'read\n', ...files });
  await commit(rig);
}

async function commit(rig: Rig): Promise<void> {
  await rig.git('add', '-A');
  await rig.git('commit', '-q', '--no-verify', '-m', 'x');
}

describe('what Git tracks', () => {
  test('is not tracked by pipe, too: a file, and a folder with files of Git', async ({ rig }) => {
    await project(rig, { 'src/a': 'a\n', 'src/b': 'b\n' });
    await rig.write({ 'data/x': 'x\n' });
    for (const path of ['README', 'src', '.gitignore']) {
      const refused = await rig.pipe(['add', path, 'data']);
      expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/PIPE_PATH_(?:IN_GIT|RESERVED)/) }); // prettier-ignore
      expect(await rig.exists(`${path}.pipe`)).toBe(false);
    }
    expect((await rig.pipe(['add', 'src'])).stderr).toMatch(/src\/a, src\/b\n.*git rm -r --cached src/);
    expect(await rig.git('status', '--short')).toBe('?? data/');
    await rig.git('rm', '-q', '-r', '--cached', 'src');
    expect(await rig.pipe(['add', 'src', 'data'])).toMatchObject({ code: 0 });
    await rig.remove('README');
    expect(await rig.pipe(['move', 'data', 'README'])).toMatchObject({ code: 2, stderr: expect.stringContaining('PIPE_PATH_IN_GIT') }); // prettier-ignore
  });

  test('is no deleted data: outs that Git keeps are in no list of data status', async ({ rig }) => {
    await project(rig);
    await rig.pipe(['stage', 'add', '-n', 't', '-M', 'm.json', '-o', 'o', 'echo 1 > m.json; echo 1 > o']);
    expect(await rig.pipe(['repro', '-q'])).toMatchObject({ code: 0 });
    await commit(rig);
    expect((await rig.pipe(['data', 'status'])).stdout).toBe('No changes.\n');
    expect(JSON.parse((await rig.pipe(['data', 'status', '--json'])).stdout)).toMatchObject({ committed: { deleted: [] } }); // prettier-ignore
    // What the store keeps still counts, and so it is when the stage has gone.
    await rig.pipe(['remove', 't']);
    expect((await rig.pipe(['data', 'status'])).stdout).toMatch(/deleted: o$/m);
    expect((await rig.pipe(['data', 'status'])).stdout).not.toContain('m.json');
  });
});

test('a path that .pipeignore leaves out is refused with the rule, and the folder stays as it is', async ({ rig }) => {
  await project(rig, { '.pipeignore': '# none\n*.tmp\n' });
  await rig.write({ 'data/sub/a.tmp': 'a\n', 'data/b': 'b\n', 'x.tmp': 'x\n' });
  await rig.pipe(['add', 'data']);
  const pointer = await rig.read('data.pipe');
  for (const args of [
    ['add', 'data/sub/a.tmp'],
    ['add', 'x.tmp'],
    ['commit', 'data/sub/a.tmp'],
    ['move', 'data/b', 'data/b.tmp'],
  ]) {
    // prettier-ignore
    const refused = await rig.pipe(args);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/PIPE_PATH_IGNORED.*\.pipeignore:2 \(\*\.tmp\)/) }); // prettier-ignore
  }
  expect(await rig.read('data.pipe')).toBe(pointer);
  expect((await rig.pipe(['data', 'status', '--granular'])).stdout).not.toContain('uncommitted');
});
