import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { expectValid } from '../../test/setup/schema.ts';
import { VERSION } from '../kit/version.ts';
import { git, temporaryFolder, write } from '../project/fixture/folder.ts';
import type { Command, Context, Outcome } from './command.ts';
import config from './config.ts';
import doctor from './doctor.ts';
import init from './init.ts';
import { parseInvocation } from './parse.ts';
import root from './root.ts';
import version from './version.ts';

interface Place {
  readonly cwd: string;
  readonly env?: Record<string, string>;
}

async function run(command: Command, { cwd, env = {} }: Place, words: readonly string[] = []): Promise<Outcome> {
  const stdout = new PassThrough();
  const { signal } = new AbortController();
  const around = {
    PATH: process.env['PATH'] ?? '',
    XDG_CONFIG_HOME: join(cwd, 'xdg'),
    PIPE_SYSTEM_CONFIG_DIR: join(cwd, 'etc'),
    ...env,
  };
  const context: Context = {
    cwd,
    env: around,
    stdin: new PassThrough(),
    stdout,
    stderr: stdout,
    signal,
    forceSignal: signal,
  };
  const outcome = await command.run(context, parseInvocation('command', command, words));
  if (outcome.json !== undefined) expectValid(outcome.json);
  return outcome;
}

function folder(): string {
  const cwd = temporaryFolder();
  git(cwd, 'init', '-q');
  return cwd;
}

test('init makes a project that Git shows, without what is not to be shared', async () => {
  const cwd = folder();
  const { text, json } = await run(init, { cwd });
  expect(text).toContain('pipe stage add');
  expect(json).toMatchObject({
    root: cwd,
    git: cwd,
    created: ['.pipe/.gitignore', '.pipe/config.yaml', '.pipeignore'],
  });
  write(cwd, { '.pipe/config.local.yaml': '', '.pipe/tmp/x': '', '.pipe/cache/y': '' });
  git(cwd, 'add', '-A');
  expect(git(cwd, 'ls-files').split('\n')).toEqual(['.pipe/.gitignore', '.pipe/config.yaml', '.pipeignore']);
});

test('a second init is refused, and --force resets the config alone', async () => {
  const cwd = folder();
  await run(init, { cwd });
  write(cwd, { '.pipe/config.yaml': 'core:\n  jobs: 2\n', '.pipe/cache/x': 'kept', '.pipeignore': 'mine\n' });
  await expect(run(init, { cwd })).rejects.toThrow(/PIPE_INIT .*is a project already/);
  expect((await run(init, { cwd }, ['-f'])).json).toMatchObject({ created: ['.pipe/config.yaml'] });
  expect(readFileSync(join(cwd, '.pipe/config.yaml'), 'utf8')).not.toContain('jobs: 2');
  expect(readFileSync(join(cwd, '.pipe/cache/x'), 'utf8')).toBe('kept');
  expect(readFileSync(join(cwd, '.pipeignore'), 'utf8')).toBe('mine\n');
});

test('outside Git init wants --no-scm, and the project then leaves Git alone', async () => {
  const cwd = temporaryFolder();
  await expect(run(init, { cwd })).rejects.toThrow(/lies outside Git/);
  expect(existsSync(join(cwd, '.pipe'))).toBe(false);
  expect((await run(init, { cwd }, ['--no-scm'])).json).toMatchObject({ git: null });
  expect((await run(config, { cwd }, ['core.no_scm'])).text).toBe('true');
});

test('below the root of a work tree init wants --subdir', async () => {
  const cwd = folder();
  write(cwd, { 'sub/': '' });
  await expect(run(init, { cwd: join(cwd, 'sub') })).rejects.toThrow(/not the root of its Git work tree/);
  await expect(run(init, { cwd }, ['--subdir', '--no-scm'])).rejects.toThrow(/cannot be combined/);
  expect((await run(init, { cwd }, ['--subdir', 'sub'])).json).toMatchObject({ root: join(cwd, 'sub'), git: cwd });
});

test('a folder whose .pipe Git would ignore is refused', async () => {
  const cwd = folder();
  write(cwd, { '.gitignore': '.*\n' });
  await expect(run(init, { cwd })).rejects.toThrow(/makes Git ignore \.pipe/);
});

test('root prints the way up', async () => {
  const cwd = folder();
  await run(init, { cwd });
  write(cwd, { 'a/b/': '' });
  expect(await run(root, { cwd: join(cwd, 'a/b') })).toMatchObject({
    text: '../..',
    json: { root: realpathSync(cwd) },
  });
  expect((await run(root, { cwd })).text).toBe('.');
});

test('an option is set, shown, listed with its file, and taken out', async () => {
  const cwd = folder();
  await run(init, { cwd });
  expect((await run(config, { cwd }, ['core.jobs', '3'])).json).toMatchObject({
    changed: { level: 'project', set: true },
  });
  await run(config, { cwd }, ['--global', 'core.jobs', '2']);
  await run(config, { cwd }, ['--local', 'cache.type', 'hardlink,copy']);
  expect((await run(config, { cwd }, ['core.jobs'])).text).toBe('3');
  expect((await run(config, { cwd }, ['--global', 'core.jobs'])).text).toBe('2');
  expect((await run(config, { cwd }, ['--list', '--show-origin'])).text).toBe(
    '.pipe/config.yaml\tcore.jobs=3\n.pipe/config.local.yaml\tcache.type=hardlink,copy',
  );
  await run(config, { cwd }, ['-u', 'core.jobs']);
  expect((await run(config, { cwd }, ['core.jobs', '--show-origin'])).text).toBe(
    `${join(cwd, 'xdg/pipe/config.yaml')}\t2`,
  );
  await expect(run(config, { cwd }, ['-u', 'core.jobs'])).rejects.toThrow(/PIPE_CONFIG_UNSET/);
  await expect(run(config, { cwd }, ['parsing.list'])).rejects.toThrow(/not set/);
});

test('the global level needs no project, the project level does', async () => {
  const cwd = temporaryFolder();
  await run(config, { cwd }, ['--global', 'core.jobs', '2']);
  expect((await run(config, { cwd }, ['core.jobs'])).text).toBe('2');
  await expect(run(config, { cwd }, ['core.jobs', '2'])).rejects.toThrow(/PIPE_NO_PROJECT/);
});

test('a secret goes to the local level alone, in a file for its owner, and no list shows it', async () => {
  const cwd = folder();
  await run(init, { cwd });
  const words = ['remote.o.secret_access_key', 'sesame'];
  await expect(run(config, { cwd }, words)).rejects.toThrow(/PIPE_CONFIG_SECRET/);
  await expect(run(config, { cwd }, ['remote.o.url', 's3://a:sesame@h/b'])).rejects.toThrow(/PIPE_CONFIG_SECRET/);
  expect(readFileSync(join(cwd, '.pipe/config.yaml'), 'utf8')).not.toContain('sesame');
  await run(config, { cwd }, ['--local', ...words]);
  expect(statSync(join(cwd, '.pipe/config.local.yaml')).mode & 0o077).toBe(0);
  const listed = await run(config, { cwd }, ['-l']);
  expect(listed.text).toBe('remote.o.secret_access_key=***');
  expect(JSON.stringify(listed.json)).not.toContain('sesame');
  expect((await run(config, { cwd }, [words[0] as string])).text).toBe('sesame');
  await run(config, { cwd }, ['remote.o.password', '${PASSWORD}']);
  expect((await run(config, { cwd }, ['--project', '-l'])).text).toBe('remote.o.password=${PASSWORD}');
});

test('a file with unknown options can be mended', async () => {
  const cwd = folder();
  await run(init, { cwd });
  write(cwd, { '.pipe/config.yaml': 'core:\n  jbos: 3 # how many\n  jobs: x\n' });
  await expect(run(config, { cwd }, ['core.jobs'])).rejects.toThrow(/PIPE_CONFIG_KEY[^]*PIPE_CONFIG_VALUE/);
  await run(config, { cwd }, ['core.jobs', '4']);
  await run(config, { cwd }, ['--unset', 'core.jbos']);
  expect((await run(config, { cwd }, ['core.jobs'])).text).toBe('4');
});

test.each(['x\n', '- x\n', 'core: x\n'])(
  'a file with something else where options belong is refused: %j',
  async (text) => {
    const cwd = folder();
    await run(init, { cwd });
    write(cwd, { '.pipe/config.yaml': text });
    await expect(run(config, { cwd }, ['core.jobs', '3'])).rejects.toThrow(/^PIPE_CONFIG_VALUE .* holds /);
    expect(readFileSync(join(cwd, '.pipe/config.yaml'), 'utf8')).toBe(text);
  },
);

test('a file that is written with aliases is left to its writer', async () => {
  const cwd = folder();
  await run(init, { cwd });
  const text = 'core: &a\n  remote: x\ncache: *a\n';
  write(cwd, { '.pipe/config.yaml': text });
  await expect(run(config, { cwd }, ['cache.dir', 'y'])).rejects.toThrow(/PIPE_CONFIG/);
  expect(readFileSync(join(cwd, '.pipe/config.yaml'), 'utf8')).toBe(text);
});

test.each([
  [['core.jbos', '1'], /did you mean core\.jobs|PIPE_CONFIG_KEY/],
  [['core.jobs', 'x'], /whole number/],
  [[], /name of an option/],
  [['--list', 'core.jobs'], /takes no option/],
  [['--unset'], /name of an option/],
  [['--unset', 'a', 'b'], /takes no value/],
  [['--local', '--global', 'core.jobs'], /cannot be combined/],
])('a config command that makes no sense is refused: %j', async (words, message) => {
  const cwd = folder();
  await run(init, { cwd });
  await expect(run(config, { cwd }, words)).rejects.toThrow(message);
});

test('in a DVC project, setting an option makes .pipe, and Git ignores what is local', async () => {
  const cwd = folder();
  write(cwd, { '.dvc/config': '' });
  await run(config, { cwd }, ['--local', 'core.jobs', '2']);
  git(cwd, 'add', '-A');
  expect(git(cwd, 'ls-files')).toBe('.dvc/config\n.pipe/.gitignore');
});

test('version prints the version', async () => {
  expect(await run(version, { cwd: temporaryFolder() })).toMatchObject({ text: VERSION });
});

test('doctor tells of the machine, and of a project what its disk can do', async () => {
  const cwd = folder();
  expect((await run(doctor, { cwd })).json).toMatchObject({ project: null });
  await run(init, { cwd });
  const { text, json } = await run(doctor, { cwd });
  expect(json).toMatchObject({ version: VERSION, project: { root: cwd, links: expect.arrayContaining(['hardlink']) } });
  expect(text).toMatch(/^pipe +\d/);
  expect(text).toMatch(/^links +.*hardlink.*copy$/m);
});

test('doctor finds a cache type that the disks cannot do, a config that cannot be read, and a missing git', async () => {
  const cwd = folder();
  await run(init, { cwd });
  write(cwd, { '.pipe/config.yaml': 'core:\n  jbos: 1\n' });
  expect((await run(doctor, { cwd })).json).toMatchObject({
    findings: expect.arrayContaining([
      { message: expect.stringMatching(/^\.pipe\/config\.yaml:2:3 .*core\.jbos/), hint: expect.any(String) },
    ]),
  });
  expect((await run(doctor, { cwd, env: { PATH: cwd } })).json).toMatchObject({
    git: null,
    findings: expect.arrayContaining([{ message: expect.stringContaining('git'), hint: expect.any(String) }]),
  });
});
