import { expect } from 'vitest';
import { test } from '../rig/test.ts';
import { expectValid } from '../setup/schema.ts';

test('init, config, root, doctor and version work from a subfolder, in text and JSON', async ({ rig }) => {
  await rig.git('init', '-q');
  const started = await rig.pipe(['init', '--json']);
  expect(started).toMatchObject({ code: 0, stderr: '' });
  expectValid(JSON.parse(started.stdout));
  await rig.write({ 'sub/deep/x': '' });
  const cwd = 'sub/deep';
  expect(await rig.pipe(['config', 'core.jobs', '3'], { cwd })).toMatchObject({ code: 0, stdout: '', stderr: '' });
  expect(await rig.pipe(['config', 'core.jobs'], { cwd })).toMatchObject({ code: 0, stdout: '3\n' });
  expect(await rig.pipe(['root'], { cwd })).toMatchObject({ code: 0, stdout: '../..\n' });
  expect(await rig.pipe(['--cd', 'sub', 'root'])).toMatchObject({ code: 0, stdout: '..\n' });
  for (const command of ['root', 'doctor', 'version']) {
    const { code, stdout } = await rig.pipe([command, '--json'], { cwd });
    expect(code).toBe(0);
    expectValid(JSON.parse(stdout));
  }
  expect((await rig.pipe(['doctor'])).stdout).toMatch(/^links +.*copy$/m);
});

test('user errors exit with 2 and say what to do', async ({ rig }) => {
  expect(await rig.pipe(['root'])).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('pipe init') });
  expect(await rig.pipe(['init'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--no-scm') });
  await rig.pipe(['init', '--no-scm']);
  await rig.write({ '.pipe/config.yaml': 'core:\n  jbos: 3\n' });
  const { code, stderr } = await rig.pipe(['status']);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('.pipe/config.yaml:2:3') });
  expect(stderr).toContain('did you mean core.jobs?');
  expect(await rig.pipe(['root'])).toMatchObject({ code: 0 });
});

test('a secret in the project’s config is refused without being printed', async ({ rig }) => {
  await rig.pipe(['init', '--no-scm']);
  await rig.write({ '.pipe/config.yaml': 'remote:\n  a:\n    password: sesame\n' });
  const { code, stdout, stderr } = await rig.pipe(['status']);
  expect(code).toBe(2);
  expect(stderr).toContain('pipe config --local remote.a.password');
  expect(stdout + stderr).not.toContain('sesame');
});

test('processes that set options at once all get them in', async ({ rig }) => {
  await rig.pipe(['init', '--no-scm']);
  const names = Array.from({ length: 6 }, (_, at) => `remote.r${String(at)}.url`);
  const runs = await Promise.all(names.map((name) => rig.pipe(['config', name, '/data'])));
  expect(runs.map(({ code, stderr }) => `${String(code)}${stderr}`)).toEqual(names.map(() => '0'));
  const { stdout } = await rig.pipe(['config', '--list', '--project']);
  expect(stdout.trimEnd().split('\n').sort()).toEqual(['core.no_scm=true', ...names.map((name) => `${name}=/data`)]);
});

test('the completion script of bash asks this project for its stages', async ({ rig }) => {
  await rig.pipe(['init', '--no-scm']);
  await rig.write({
    'pipeline.yaml': { stages: { prepare: { cmd: 'true' }, train: { foreach: ['a', 'b'], do: { cmd: 'true' } } } },
    'sub/pipeline.yaml': { stages: { other: { cmd: 'true' } } },
  });
  expect((await rig.pipe(['completion', 'stages'])).stdout.trimEnd().split('\n').sort()).toEqual([
    'prepare',
    'sub/pipeline.yaml:other',
    'train',
    'train@a',
    'train@b',
  ]);
  const script = `
    eval "$(pipe completion -s bash)"
    COMP_LINE='pipe repro train@'; COMP_POINT=\${#COMP_LINE}; COMP_WORDBREAKS=' '; _pipe; printf '%s\\n' "\${COMPREPLY[@]}"
  `;
  expect(await rig.run('bash', ['--norc', '-c', script])).toMatchObject({
    code: 0,
    stdout: 'train@a\ntrain@b\n',
    stderr: '',
  });
});

test('the completion script follows the shell that is used, and refuses others', async ({ rig }) => {
  expect((await rig.pipe(['completion'], { env: { SHELL: '/usr/bin/fish' } })).stdout).toContain('complete -c pipe');
  expect((await rig.pipe(['completion'], { env: { SHELL: '/bin/sh' } })).stdout).toContain('bash completion');
  expect(await rig.pipe(['completion', '-s', 'tcsh'])).toMatchObject({ code: 2 });
});
