import { expect } from 'vitest';
import { readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { test } from '../rig/test.ts';
import { PIPE } from '../rig/rig.ts';

/** Whether a disk can be mounted here for the sake of a command. */
const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

/** A script that runs with another disk at `other`. */
const WITH_DISK = 'mount -t tmpfs none other && cp -a kept/. other && sh -ec "$0" && cp -a other/. kept';

test.runIf(canMount)(
  'a move to another disk that was interrupted while the source went is ended by the same command',
  async ({ rig }) => {
    await rig.pipe(['init', '-q', '--no-scm']);
    await rig.write({ 'd/a': 'a', 'd/b': 'b', 'd/s/c': 'c', 'other/.keep': '', 'kept/.keep': '' });
    await rig.pipe(['add', 'd']);
    // As it was left: all is there, and recorded, and some of the source is still here.
    await rig.run('sh', ['-c', 'cp d.pipe kept/d.pipe && cp -r d kept/d && rm d/a']);
    const script = `'${PIPE}' move d other/d; ls -A . other other/d`;
    const run = await rig.run('unshare', ['-rm', 'sh', '-ec', WITH_DISK, script]);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toContain('d -> other/d\n');
    expect(await rig.files('kept')).toEqual(['.gitignore', '.keep', 'd.pipe', 'd/a', 'd/b', 'd/s/c'].filter((name) => name !== '.gitignore')); // prettier-ignore
    expect([await rig.exists('d'), await rig.exists('d.pipe')]).toEqual([false, false]);
  },
);

test.runIf(canMount)(
  'a move to another disk leaves what is not as it was recorded, and what is saved nowhere',
  async ({ rig }) => {
    await rig.pipe(['init', '-q', '--no-scm']);
    await rig.write({ 'd/a': 'a', 'd/b': 'b', 'other/.keep': '', 'kept/.keep': '' });
    await rig.pipe(['add', 'd']);
    await rig.run('sh', ['-c', 'cp d.pipe kept/d.pipe && cp -r d kept/d && echo precious > d/b']);
    const script = `'${PIPE}' move d other/d || true`;
    const unsaved = await rig.run('unshare', ['-rm', 'sh', '-ec', WITH_DISK, script]);
    expect(unsaved.stderr).toContain('PIPE_UNSAVED');
    await rig.run('sh', ['-c', 'echo b > d/b; echo edited > kept/d/a']);
    const edited = await rig.run('unshare', ['-rm', 'sh', '-ec', WITH_DISK, script]);
    expect(edited.stderr).toContain('PIPE_POINTER_CONFLICT  something lies at other/d already');
    expect(readFileSync(rig.path('kept/d/a'), 'utf8')).toBe('edited\n');
    expect(await rig.files('d')).toEqual(['a', 'b']);
  },
);
