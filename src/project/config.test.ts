import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PipeError } from '../problem/problem.ts';
import type { Problem } from '../problem/problem.ts';
import type { Config } from './config.ts';
import { openConfig } from './config.ts';
import { temporaryFolder, write } from './fixture/folder.ts';

interface Levels {
  readonly system?: string;
  readonly global?: string;
  readonly project?: string;
  readonly local?: string;
}

function config(levels: Levels, env: Record<string, string> = {}): Config {
  const root = temporaryFolder();
  const places = {
    system: 'etc/config.yaml',
    global: 'xdg/pipe/config.yaml',
    project: '.pipe/config.yaml',
    local: '.pipe/config.local.yaml',
  };
  for (const [level, text] of Object.entries(levels)) write(root, { [places[level as keyof Levels]]: text as string });
  const around = { PIPE_SYSTEM_CONFIG_DIR: join(root, 'etc'), XDG_CONFIG_HOME: join(root, 'xdg'), ...env };
  return openConfig({ root, pipeDir: join(root, '.pipe'), env: around });
}

/** A remote of a project that asks for two variables. */
const ASKING = 'remote:\n  r:\n    url: s3://bucket/${A}\n    region: ${C}\n';

function problems(levels: Levels): readonly Problem[] {
  try {
    config(levels).settings();
  } catch (error) {
    if (error instanceof PipeError) return error.problems;
    throw error;
  }
  return [];
}

test('an option that nothing sets holds its default, or nothing', () => {
  const { get } = config({});
  expect(get('core.jobs')).toBeUndefined();
  expect(get('core.autostage')).toBe(false);
  expect(get('cache.type')).toEqual(['reflink', 'copy']);
  expect(get('parsing.list')).toBe('nargs');
});

test('local beats project, project beats global, global beats system', () => {
  const all = {
    system: 'core: {jobs: 1}',
    global: 'core: {jobs: 2}',
    project: 'core: {jobs: 3}',
    local: 'core: {jobs: 4}',
  };
  expect(config(all).get('core.jobs')).toBe(4);
  expect(config({ system: all.system, global: all.global, project: all.project }).get('core.jobs')).toBe(3);
  expect(config({ system: all.system, global: all.global }).get('core.jobs')).toBe(2);
  expect(config({ system: all.system }).get('core.jobs')).toBe(1);
});

test('PIPE_GLOBAL_CONFIG_DIR names the folder of the global level', () => {
  const root = temporaryFolder();
  write(root, { 'mine/config.yaml': 'core:\n  jobs: 7\n' });
  const env = { PIPE_GLOBAL_CONFIG_DIR: join(root, 'mine'), PIPE_SYSTEM_CONFIG_DIR: root };
  expect(openConfig({ env }).get('core.jobs')).toBe(7);
});

test('a folder of a level that is no absolute path is refused: what is set there is not left out without a word', () => {
  for (const name of ['PIPE_GLOBAL_CONFIG_DIR', 'PIPE_SYSTEM_CONFIG_DIR']) {
    const { get } = openConfig({ env: { [name]: './mine' } });
    expect(() => get('core.jobs')).toThrow(`PIPE_CONFIG_VALUE ${name} is ./mine: it takes an absolute path`);
  }
});

test('options of a remote come from several levels', () => {
  const { remote, remotes } = config({
    project: 'remote:\n  origin:\n    url: s3://bucket/data\n  other:\n    url: /mnt\n',
    local: 'remote:\n  origin:\n    secret_access_key: key\n',
  });
  expect(remotes()).toEqual(['origin', 'other']);
  expect(remote('origin', 'url')).toBe('s3://bucket/data');
  expect(remote('origin', 'secret_access_key')).toBe('key');
  expect(remote('origin', 'use_ssl')).toBe(true);
  expect(remote('nobody', 'url')).toBeUndefined();
});

test('placeholders take their value from the environment on use', () => {
  const levels = { local: 'cache:\n  dir: ${SCRATCH}/${USER}\ncore:\n  jobs: ${JOBS}\n  remote: \\${x}\n' };
  const { get } = config(levels, { SCRATCH: '/scratch', USER: 'ann', JOBS: '3' });
  expect(get('cache.dir')).toBe('/scratch/ann');
  expect(get('core.jobs')).toBe(3);
  expect(get('core.remote')).toBe('${x}');
});

test('a placeholder without its variable is a problem only where the option is used', () => {
  const { get } = config({ global: 'cache:\n  dir: ${SCRATCH}/x\n' });
  expect(get('core.jobs')).toBeUndefined();
  expect(() => get('cache.dir')).toThrow(/cache\.dir needs the environment variable SCRATCH, which is not set/);
});

test('a placeholder that gives nonsense is a problem that does not show it', () => {
  const { get } = config({ local: 'core:\n  jobs: ${JOBS}\n' }, { JOBS: 'sesame' });
  expect(() => get('core.jobs')).toThrow(/core\.jobs cannot hold what the environment says/);
  expect(() => get('core.jobs')).not.toThrow(/sesame/);
});

test('every unknown option is a problem with its place and the nearest one', () => {
  const found = problems({ project: 'core:\n  jbos: 3\n', local: 'cahce:\n  dir: x\nremote:\n  a:\n    ulr: x\n' });
  expect(found.map(({ code, hint }) => [code, hint])).toEqual([
    ['PIPE_CONFIG_KEY', 'did you mean core.jobs?'],
    ['PIPE_CONFIG_KEY', 'did you mean cache?'],
    ['PIPE_CONFIG_KEY', 'did you mean remote.a.url?'],
  ]);
  expect(found[0]?.at).toMatchObject({ source: { file: '.pipe/config.yaml' }, offset: 8, length: 4 });
});

test.each([
  ['core:\n  jobs: many\n', 'whole number'],
  ['core:\n  jobs: 0\n', 'whole number'],
  ['core:\n  jobs: 1.5\n', 'single value'],
  ['core:\n  autostage: maybe\n', 'true or false'],
  ['cache:\n  type: [reflink, magic]\n', 'one or more of'],
  ['cache:\n  type: [copy, copy]\n', 'each once'],
  ['cache:\n  dir: {a: b}\n', 'single value'],
  ['cache: x\n', 'holds options'],
  ['- core\n', 'sections'],
  ['remote:\n  a: x\n', 'holds options'],
])('a value that makes no sense is a problem: %j', (text, message) => {
  expect(problems({ project: text })).toEqual([
    expect.objectContaining({ code: 'PIPE_CONFIG_VALUE', message: expect.stringContaining(message) }),
  ]);
});

test('a secret in the project’s config is refused, at its place, without showing it', () => {
  const found = problems({ project: 'remote:\n  a:\n    password: sesame\n    url: s3://u:sesame@host/x\n' });
  expect(found.map(({ code }) => code)).toEqual(['PIPE_CONFIG_SECRET', 'PIPE_CONFIG_SECRET']);
  expect(found[0]?.hint).toContain('pipe config --local remote.a.password');
  for (const { hint } of found) {
    expect(hint).toContain("write '${NAME}' ");
    expect(hint).toContain('`pipe config --local core.env NAME`');
  }
  expect(JSON.stringify(found)).not.toContain('sesame');
  expect(found[0]?.at?.source.text).toContain('password: ******');
});

test('a placeholder for a secret may stand in the project’s config', () => {
  const project = 'remote:\n  a:\n    password: ${PASSWORD}\n';
  const { remote } = config({ project, local: 'core: {env: PASSWORD}' }, { PASSWORD: 'p' });
  expect(remote('a', 'password')).toBe('p');
});

test.each(['system', 'global', 'local'] as const)('the %s level says what the project may ask for', (level) => {
  const env = { A: 'a', B: 'b', C: 'c' };
  const { remote, allowed } = config({ project: ASKING, [level]: 'core:\n  env: [A, B]\n' }, env);
  expect([...allowed()]).toEqual(['A', 'B']);
  expect(remote('r', 'url')).toBe('s3://bucket/a');
  expect(() => remote('r', 'region')).toThrow(/PIPE_ENV_REFUSED.* C,/);
});

test('the project is given no variable unless it is allowed, and is not told whether it is set', () => {
  const { remote } = config({ project: ASKING });
  expect(() => remote('r', 'url')).toThrow(/remote\.r\.url asks for the environment variable A/);
  const { get } = config({ global: 'core: {env: X}', project: 'core: {remote: "${A}"}' }, { A: 'a' });
  try {
    get('core.remote');
    expect.unreachable();
  } catch (error) {
    expect((error as PipeError).problems[0]?.hint).toContain('`pipe config --local core.env X,A`');
  }
});

test.each([
  ['project', 'A', 'cannot be set in the project'],
  ['local', 'A,PIPE_SIGNING_KEY', 'PIPE_SIGNING_KEY is never given'],
  ['global', '[AWS_SECRET_ACCESS_KEY]', 'AWS_SECRET_ACCESS_KEY is never given'],
  ['local', 'a b', 'names of environment variables'],
])('core.env in the %s level cannot hold %s', (level, names, message) => {
  expect(problems({ [level]: `core:\n  env: ${names}\n` })).toEqual([
    expect.objectContaining({ code: 'PIPE_CONFIG_VALUE', message: expect.stringContaining(message) }),
  ]);
});

test('a local config that Git tracks is as much a stranger’s as that of the project', () => {
  const root = temporaryFolder();
  const git = (...args: string[]): unknown => execFileSync('git', args, { cwd: root });
  write(root, { '.pipe/config.yaml': ASKING, '.pipe/config.local.yaml': `core: {env: A}\ncache: {dir: "\${A}"}\n` });
  const open = (): Config => openConfig({ root, pipeDir: join(root, '.pipe'), env: { ...process.env, PIPE_GLOBAL_CONFIG_DIR: root, A: 'a' } }); // prettier-ignore
  expect(open().get('cache.dir')).toBe('a');
  git('init', '-q');
  expect(open().remote('r', 'url')).toBe('s3://bucket/a');
  git('add', '-f', '.pipe');
  expect(() => open().remote('r', 'url')).toThrow(/PIPE_ENV_REFUSED/);
  expect(() => open().get('cache.dir')).toThrow(/PIPE_ENV_REFUSED/);
});

test('a syntax error beside a secret does not show it', () => {
  const found = problems({ local: 'remote:\n  a:\n    password: "sesame\n' });
  expect(found[0]?.code).toBe('PIPE_YAML_SYNTAX');
  expect(JSON.stringify(found)).not.toContain('sesame');
});

test('a name such as __proto__ is an unknown option like any other', () => {
  expect(
    problems({ project: 'remote:\n  __proto__:\n    constructor: x\ncore:\n  toString: 1\n' }).map(({ code }) => code),
  ).toEqual(['PIPE_CONFIG_KEY', 'PIPE_CONFIG_KEY']);
});
