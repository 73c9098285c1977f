import { describe, expect } from 'vitest';
import { test } from '../rig/test.ts';
import { expectProblems } from './faults/problem.ts';
import { cloneProject, commitAll, startProject, succeed } from './share/project.ts';

const READING = [
  ['pull'],
  ['fetch'],
  ['pull', '--dry'],
  ['status', '-c'],
  ['repro', '--pull'],
  ['status', '--pull'],
  ['push', '--dry'],
  ['fsck', '--remote'],
  ['remote', 'repair', '--dry', 'storage'],
  ['gc', '-w', '-c', '--dry'],
  ['gc', '-w', '-c', '-f'],
  ['list', '.'],
  ['get', '.', 'data', '-o', 'got'],
];

describe('a folder that is misspelt is not made by who reads from it, who is told that it is not there', () => {
  test('each command', async ({ rig }) => {
    await startProject(rig, { 'data/a': '1\n' });
    await succeed(rig, ['add', 'data']);
    await commitAll(rig);
    await succeed(rig, ['push']);
    const b = await cloneProject(rig, 'b');
    const spelt = rig.path('../remtoe');
    await succeed(rig, ['remote', 'modify', '--local', 'storage', 'url', spelt], b);
    for (const args of READING) {
      const run = await rig.pipe(args, b);
      expect([args, await rig.exists('../remtoe')]).toEqual([args, false]);
      const isSilent = args[0] === 'push' || args.join(' ').match(/repro|status --pull|^list/) !== null;
      if (isSilent) continue;
      expect(run.stderr, args.join(' ')).toContain(`PIPE_REMOTE_NO_FOLDER  there is no folder ${spelt}, where`);
    }
    await succeed(rig, ['remote', 'modify', '--local', '--unset', 'storage', 'url'], b);
    expect((await succeed(rig, ['pull'], b)).stderr).toBe('');
  });

  test('data of another repository', async ({ rig }) => {
    await startProject(rig, { 'data/a': '1\n' });
    await succeed(rig, ['add', 'data']);
    await commitAll(rig);
    const b = await cloneProject(rig, 'b');
    for (const args of [
      ['get', '.', 'data', '-o', 'got'],
      ['list', '.', 'data'],
    ]) {
      const run = await rig.pipe(args, b);
      expectProblems(run, 'PIPE_REMOTE_NO_FOLDER');
      expect(await rig.exists('../remote')).toBe(false);
    }
  });
});
