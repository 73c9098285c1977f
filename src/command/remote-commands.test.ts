import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { beforeEach, expect, test } from 'vitest';
import { expectValid } from '../../test/setup/schema.ts';
import { git, temporaryFolder, write } from '../project/fixture/folder.ts';
import { openProject } from '../project/project.ts';
import { openRemote } from '../remote/open-remote.ts';
import type { Command, Context, Outcome } from './command.ts';
import init from './init.ts';
import { parseInvocation } from './parse.ts';
import add from './remote-add.ts';
import standard from './remote-default.ts';
import list from './remote-list.ts';
import modify from './remote-modify.ts';
import remove from './remote-remove.ts';
import rename from './remote-rename.ts';

let root: string;
beforeEach(async () => {
  root = temporaryFolder();
  git(root, 'init', '-q');
  await run(init);
});

const environment = (): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '',
  HOME: join(root, 'home'),
  XDG_CONFIG_HOME: join(root, 'xdg'),
  PIPE_SYSTEM_CONFIG_DIR: join(root, 'etc'),
});

async function run(command: Command, ...words: readonly string[]): Promise<Outcome> {
  return runIn(root, command, words);
}

async function runIn(cwd: string, command: Command, words: readonly string[]): Promise<Outcome> {
  const stdout = new PassThrough();
  const { signal } = new AbortController();
  const context: Context = {
    cwd,
    env: environment(),
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

const listed = async (...words: readonly string[]): Promise<string | undefined> => (await run(list, ...words)).text;
const file = (name: string): string => readFileSync(join(root, name), 'utf8');
const config = (): string =>
  file('.pipe/config.yaml')
    .replace(/^#.*\n/gm, '')
    .trim();
const problem = (code: string, hint?: string): unknown =>
  expect.objectContaining({
    problems: [
      expect.objectContaining({ code, ...(hint === undefined ? {} : { hint: expect.stringContaining(hint) }) }),
    ],
  });
const opened = async (name?: string): Promise<string> => {
  const env = environment();
  const { place } = await openRemote(openProject({ cwd: root, env }), { env, name });
  place.close();
  return place.name;
};

test('a remote is added, listed, and the default one where that is asked for', async () => {
  await run(add, 'origin', 's3://bucket/data', '-d');
  await run(add, 'other', '/mnt/data');
  expect(await listed()).toBe('origin\ts3://bucket/data\t(default)\nother\t/mnt/data');
  expect((await run(standard)).text).toBe('origin');
  expect((await run(list)).json).toMatchObject({
    remotes: [
      { name: 'origin', url: 's3://bucket/data', default: true, level: 'project', file: '.pipe/config.yaml' },
      { name: 'other', url: '/mnt/data', default: false },
    ],
  });
});

test('adding a remote again is refused; --force replaces it with all its options', async () => {
  await run(add, 'origin', 's3://bucket/data');
  await run(modify, 'origin', 'region', 'eu-central-1');
  await expect(run(add, 'origin', 's3://bucket/new')).rejects.toEqual(problem('PIPE_USAGE', '--force'));
  await run(add, '-f', 'origin', 's3://bucket/new');
  expect(config()).toBe('remote:\n  origin:\n    url: s3://bucket/new');
});

test.each([
  ['gs://bucket/x', 'gs:// is no kind of remote'],
  ['s3://', 'no bucket'],
  ['s3://b/x', 'no bucket'],
  ['s3://bucket/../x', 'no parts'],
  ['file://host/x', 'no host'],
])('the URL %s is refused before anything is written', async (url, reason) => {
  await expect(run(add, 'origin', url)).rejects.toThrow(reason);
  expect(config()).not.toContain('origin');
});

test('a name that no option could be called after is refused', async () => {
  for (const name of ['a.b', '', 'a b', 'a/b'])
    await expect(run(add, name, '/mnt')).rejects.toEqual(problem('PIPE_USAGE'));
});

test('a relative folder is relative to where one stands, is written relative to the file, and opens from everywhere', async () => {
  write(root, { 'sub/deeper/file': '' });
  await runIn(join(root, 'sub/deeper'), add, ['-d', 'disk', '../storage']);
  expect(config()).toContain('url: ../sub/storage');
  expect(await opened()).toBe(join(root, 'sub/storage'));
  await run(add, '--global', 'mine', 'folder');
  expect(file('xdg/pipe/config.yaml')).toContain(`url: ${root}/folder`);
  expect(await opened('mine')).toBe(join(root, 'folder'));
  await run(add, 'local', `file://${root}/with%20space`);
  expect(await opened('local')).toBe(join(root, 'with space'));
  await run(add, 'home', '~/remote');
  expect(await opened('home')).toBe(join(root, 'home/remote'));
});

test('secrets are refused where Git would track them, with the command that keeps them here', async () => {
  await run(add, 'origin', 's3://bucket/data');
  const secret = 'wJalrXUtnFEMI';
  const kept = problem('PIPE_CONFIG_SECRET', '`pipe remote modify --local origin secret_access_key …`');
  await expect(run(modify, 'origin', 'secret_access_key', secret)).rejects.toEqual(kept);
  await expect(run(modify, 'origin', 'secret_access_key', secret)).rejects.not.toThrow(secret);
  const url = 'https://ann:hunter22@minio.example';
  await expect(run(modify, 'origin', 'endpointurl', url)).rejects.toEqual(problem('PIPE_CONFIG_SECRET'));
  await run(modify, '--local', 'origin', 'secret_access_key', secret);
  await run(modify, 'origin', 'access_key_id', '${S3_KEY}');
  expect(config()).not.toContain(secret);
  expect(file('.pipe/config.local.yaml')).toContain(secret);
  expect(statSync(join(root, '.pipe/config.local.yaml')).mode & 0o077).toBe(0);
});

test('modify sets what there is to set, for a remote that is there', async () => {
  await run(add, 'origin', 's3://bucket/data');
  await run(modify, 'origin', 'jobs', '4');
  await expect(run(modify, 'origin', 'jobs', 'many')).rejects.toEqual(problem('PIPE_CONFIG_VALUE'));
  await expect(run(modify, 'origin', 'regoin', 'x')).rejects.toEqual(problem('PIPE_CONFIG_KEY', 'region'));
  await expect(run(modify, 'orgin', 'jobs', '4')).rejects.toEqual(problem('PIPE_REMOTE_UNKNOWN', 'origin'));
  await expect(run(modify, '--global', 'origin', 'jobs', '4')).rejects.toEqual(problem('PIPE_REMOTE_UNKNOWN'));
  await expect(run(modify, 'origin', 'jobs')).rejects.toEqual(problem('PIPE_USAGE'));
  await expect(run(modify, 'origin', 'jobs', '4', '-u')).rejects.toEqual(problem('PIPE_USAGE'));
  await run(modify, 'origin', 'jobs', '-u');
  await expect(run(modify, 'origin', 'jobs', '-u')).rejects.toEqual(problem('PIPE_CONFIG_UNSET'));
  expect(config()).toBe('remote:\n  origin:\n    url: s3://bucket/data');
});

test('removing a remote takes the default with it, unless another level still has the remote', async () => {
  await run(add, '-d', 'origin', 's3://bucket/data');
  await run(modify, '--local', 'origin', 'profile', 'work');
  await run(remove, '--local', 'origin');
  expect((await run(standard)).text).toBe('origin');
  await run(modify, '--local', 'origin', 'profile', 'work');
  await run(standard, '--local', 'origin');
  await run(remove, '--local', 'origin');
  await run(remove, 'origin');
  expect(config()).toBe('');
  await expect(run(standard)).rejects.toEqual(problem('PIPE_REMOTE_NONE'));
  await expect(run(remove, 'origin')).rejects.toEqual(problem('PIPE_REMOTE_UNKNOWN'));
});

test('what is kept of a remote on this machine is renamed and removed with it, unless it has a URL of its own', async () => {
  await run(add, 'origin', 's3://bucket');
  await run(modify, '--local', 'origin', 'secret_access_key', 'a secret');
  const local = (): string => readFileSync(join(root, '.pipe', 'config.local.yaml'), 'utf8');
  await run(rename, 'origin', 'minio');
  expect(local()).toMatch(/minio/);
  expect(local()).not.toMatch(/origin/);
  await run(remove, 'minio');
  expect(local()).not.toMatch(/secret/);
  await run(add, 'both', 's3://bucket');
  await run(add, '--local', 'both', 's3://mine');
  await run(remove, 'both');
  expect(local()).toMatch(/s3:\/\/mine/);
});

test('a remote takes up nothing that this machine keeps under its name, unless it is forced, and then nothing is left', async () => {
  await run(add, 'origin', 's3://bucket');
  await run(modify, '--local', 'origin', 'secret_access_key', 'a secret');
  const local = (): string => readFileSync(join(root, '.pipe', 'config.local.yaml'), 'utf8');
  // As a switch of branches does it.
  write(root, { '.pipe/config.yaml': '' });
  const kept = problem('PIPE_USAGE', 'pipe remote remove --local origin');
  await expect(run(add, 'origin', 's3://elsewhere')).rejects.toEqual(kept);
  expect(config()).toBe('');
  await run(add, '-f', 'origin', 's3://elsewhere');
  expect(local()).not.toMatch(/secret/);
  await run(modify, '--local', 'origin', 'secret_access_key', 'a secret');
  write(root, { '.pipe/config.yaml': '' });
  await run(remove, '--local', 'origin');
  await run(add, 'origin', 's3://elsewhere');
  await run(add, '--local', 'mine', 's3://mine');
  await expect(run(add, 'mine', 's3://bucket')).rejects.toEqual(problem('PIPE_USAGE', '--local mine'));
});

test('a renamed remote keeps its options, and stays the default one', async () => {
  await run(add, '-d', 'origin', 's3://bucket/data');
  await run(modify, 'origin', 'region', 'eu-central-1');
  await run(add, 'other', '/mnt');
  await expect(run(rename, 'origin', 'other')).rejects.toEqual(problem('PIPE_USAGE'));
  await run(rename, 'origin', 'minio');
  expect(await listed()).toBe('other\t/mnt\nminio\ts3://bucket/data\t(default)');
  expect(config()).toContain('region: eu-central-1');
  expect((await run(standard)).text).toBe('minio');
});

test('the default remote is one that there is, and can be none', async () => {
  await run(add, 'origin', 's3://bucket/data');
  await expect(run(standard)).rejects.toEqual(problem('PIPE_REMOTE_NONE'));
  await expect(run(standard, 'orign')).rejects.toEqual(problem('PIPE_REMOTE_UNKNOWN', 'origin'));
  await run(standard, 'origin');
  await run(standard, '-u');
  await expect(run(standard)).rejects.toEqual(problem('PIPE_REMOTE_NONE'));
});

test('who opens a remote is told how to add one, which there are, and which is nearest', async () => {
  await expect(opened()).rejects.toEqual(problem('PIPE_REMOTE_NONE', 'pipe remote add -d'));
  await expect(opened('origin')).rejects.toEqual(problem('PIPE_REMOTE_UNKNOWN', 'pipe remote add origin'));
  await run(add, 'origin', 's3://bucket/data');
  await expect(opened()).rejects.toEqual(problem('PIPE_REMOTE_NONE', 'pipe remote default origin'));
  await expect(opened('orign')).rejects.toEqual(problem('PIPE_REMOTE_UNKNOWN', 'did you mean origin?'));
  expect(await opened('origin')).toBe('s3://bucket/data');
  write(root, { '.pipe/config.local.yaml': 'core:\n  remote: gone\n' });
  await expect(opened()).rejects.toThrow('core.remote');
});

/** A remote with a secret that is kept on this machine, in a file that cannot be changed. */
async function withSecret(): Promise<void> {
  await run(add, 'one', 's3://first/place');
  write(root, { '.pipe/config.local.yaml': 'remote:\n  one: &same\n    secret_access_key: hidden\n  other: *same\n' });
}

/** Where the remote is that a secret goes to. */
function placeOf(name: string): string | undefined {
  const { config: all } = openProject({ cwd: root, env: environment() });
  return all.remote(name, 'secret_access_key') === undefined ? 'no secret' : all.remote(name, 'url');
}

test('a removal that breaks off leaves no secret under a name that another remote may take', async () => {
  await withSecret();
  await expect(run(remove, 'one')).rejects.toEqual(problem('PIPE_CONFIG_EDIT'));
  expect(placeOf('one')).toBe('s3://first/place');
});

test('a new name that is given by half leaves no secret under a name that another remote may take, and is given by the same command', async () => {
  await withSecret();
  await expect(run(rename, 'one', 'two')).rejects.toEqual(problem('PIPE_CONFIG_EDIT'));
  expect(placeOf('one')).toBe('s3://first/place');
  expect(placeOf('two')).toBe('no secret');

  write(root, { '.pipe/config.local.yaml': 'remote:\n  one:\n    secret_access_key: hidden\n' });
  await run(rename, 'one', 'two');
  expect(placeOf('two')).toBe('s3://first/place');
  expect(await listed()).not.toContain('one');

  // The secret has moved, and the old name was not taken out.
  await run(add, 'one', 's3://first/place');
  await run(rename, 'one', 'two');
  expect(placeOf('two')).toBe('s3://first/place');
  expect(await listed()).not.toContain('one');
});

test('a remote gets no name under which secrets of another one are kept', async () => {
  await run(add, 'one', 's3://first/place');
  write(root, { '.pipe/config.local.yaml': 'remote:\n  two:\n    secret_access_key: hidden\n' });
  await expect(run(rename, 'one', 'two')).rejects.toEqual(
    problem('PIPE_USAGE', 'take them out first: `pipe remote remove --local two`'),
  );
  await run(remove, '--local', 'two');
  await run(rename, 'one', 'two');
  expect(placeOf('two')).toBe('no secret');
});

test('what cannot be an option of a remote, or a signer, is refused when it is set, and told with its file and key', async () => {
  await run(add, 'one', 's3://first/place');
  await expect(run(modify, 'one', 'sse', 'aes')).rejects.toThrow('remote.one.sse cannot hold this: it takes AES256');
  await run(modify, 'one', 'sse', 'aws:kms');
  write(root, { '.pipe/config.local.yaml': 'remote:\n  one:\n    sse: aes\nsigners:\n  me: nobody\n' });
  const told = await opened('one').catch((error: unknown) => error);
  expect(told).toMatchObject({
    problems: [
      { code: 'PIPE_CONFIG_VALUE', at: { source: { file: '.pipe/config.local.yaml' } } },
      { code: 'PIPE_CONFIG_VALUE', message: expect.stringContaining('signers.me cannot hold this') as string },
    ],
  });
});

test('of a URL with a password it is said that it holds one', async () => {
  await run(add, 'one', 's3://first/place');
  await expect(run(modify, 'one', 'endpointurl', 'https://me:secret@server')).rejects.toMatchObject({
    problems: [
      {
        code: 'PIPE_CONFIG_SECRET',
        message: "remote.one.endpointurl holds a password, and Git tracks the project's config",
        hint: "keep the whole URL on this machine: `pipe remote modify --local one endpointurl …`; or write '${NAME}' in place of the password, for a variable of the environment that each user allows: `pipe config --local core.env NAME`",
      },
    ],
  });
});

test('files of AWS that a clone may have brought along are not read: they can make programs run', async () => {
  await run(add, '-d', 'origin', 's3://bucket/data');
  for (const option of ['credentialpath', 'configpath'] as const) {
    await run(modify, 'origin', option, 'aws');
    await expect(opened()).rejects.toEqual(problem('PIPE_CONFIG_VALUE', `--local origin ${option}`));
    await run(modify, '-u', 'origin', option);
    await run(modify, '--local', 'origin', option, 'aws');
    expect(await opened()).toBe('s3://bucket/data');
  }
});
