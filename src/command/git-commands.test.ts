import { chmodSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { expectValid } from '../../test/setup/schema.ts';
import { git, temporaryFolder, write } from '../project/fixture/folder.ts';
import cacheDir from './cache-dir.ts';
import type { Command, Context, Outcome } from './command.ts';
import { gitHookOf } from './git-hook.ts';
import init from './init.ts';
import install from './install.ts';
import mergeDriver from './merge-driver.ts';
import { parseInvocation } from './parse.ts';

/** What a command runs in, with this on standard input. */
function contextOf(cwd: string, stdin: PassThrough): Context {
  const { signal } = new AbortController();
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: cwd,
    GIT_CONFIG_NOSYSTEM: '1',
    PIPE_GLOBAL_CONFIG_DIR: join(cwd, 'xdg'),
    PIPE_SYSTEM_CONFIG_DIR: join(cwd, 'etc'),
  };
  return { cwd, env, stdin, stdout: new PassThrough(), stderr: new PassThrough(), signal, forceSignal: signal };
}

async function run(command: Command, cwd: string, words: readonly string[] = []): Promise<Outcome> {
  const outcome = await command.run(
    contextOf(cwd, new PassThrough().end()),
    parseInvocation('command', command, words),
  );
  if (outcome.json !== undefined) expectValid(outcome.json);
  return outcome;
}

/** What the hook before a push stands for. */
async function prePush(cwd: string, stdin: PassThrough, isOurs = true): Promise<Outcome> {
  const hook = gitHookOf(() => KNOWN);
  const context = contextOf(cwd, stdin);
  const env = { ...context.env, ...(isOurs ? { PIPE_HOOK_INPUT: '1' } : {}) };
  return hook.run({ ...context, env }, parseInvocation('git-hook', hook, ['pre-push', 'origin', 'url']));
}

async function project(): Promise<string> {
  const cwd = temporaryFolder();
  git(cwd, 'init', '-q');
  await run(init, cwd);
  return cwd;
}

test('cache dir prints the folder of the cache, and keeps a relative one relative to the config', async () => {
  const cwd = await project();
  write(cwd, { 'sub/': '' });
  const sub = join(cwd, 'sub');
  expect(await run(cacheDir, sub)).toMatchObject({
    text: join(cwd, '.pipe/cache'),
    json: { dir: join(cwd, '.pipe/cache') },
  });
  await expect(run(cacheDir, cwd, ['--project'])).rejects.toThrow(/PIPE_CONFIG_UNSET/);
  expect((await run(cacheDir, sub, ['../../cache'])).json).toMatchObject({
    changed: { level: 'project', file: '.pipe/config.yaml', set: true },
  });
  expect(readFileSync(join(cwd, '.pipe/config.yaml'), 'utf8')).toContain('dir: ../../cache\n');
  expect((await run(cacheDir, sub)).text).toBe(join(cwd, '../cache'));
  await run(cacheDir, sub, ['--local', 'mine']);
  expect(readFileSync(join(cwd, '.pipe/config.local.yaml'), 'utf8')).toContain('dir: ../sub/mine\n');
  expect((await run(cacheDir, cwd)).text).toBe(join(sub, 'mine'));
  expect((await run(cacheDir, cwd, ['--project'])).text).toBe(join(cwd, '../cache'));
  await run(cacheDir, cwd, ['--local', '-u']);
  await run(cacheDir, cwd, ['-u']);
  expect((await run(cacheDir, cwd)).text).toBe(join(cwd, '.pipe/cache'));
});

test('cache dir keeps absolute folders, placeholders, and absolute ones for all projects', async () => {
  const cwd = await project();
  await run(cacheDir, cwd, ['/scratch/cache']);
  expect(readFileSync(join(cwd, '.pipe/config.yaml'), 'utf8')).toContain('dir: /scratch/cache\n');
  await run(cacheDir, cwd, ['${SCRATCH}/cache']);
  expect((await run(cacheDir, cwd, ['--project'])).text).toBe('${SCRATCH}/cache');
  await run(cacheDir, cwd, ['--global', 'shared']);
  expect((await run(cacheDir, cwd, ['--global'])).text).toBe(join(cwd, 'shared'));
  await expect(run(cacheDir, cwd, ['--unset', 'x'])).rejects.toThrow(/takes no folder/);
  await expect(run(cacheDir, cwd, [''])).rejects.toThrow(/PIPE_USAGE/);
  await expect(run(cacheDir, cwd, ['--local', '--global'])).rejects.toThrow(/cannot be combined/);
});

test('install says what it wrote, and undo what it took back', async () => {
  const cwd = await project();
  write(cwd, { 'sub/': '' });
  expect((await run(install, join(cwd, 'sub'))).text).toContain('../.git/hooks/pre-push');
  expect((await run(install, cwd)).text).toBe('Everything is in place already.');
  expect((await run(install, cwd, ['--undo'])).text).toMatch(/^Taken back:\n {2}\.git\/hooks\/post-checkout$/m);
  expect((await run(install, cwd, ['--undo'])).text).toBe('Nothing was installed.');
  expect((await run(install, cwd, ['--use-pre-commit-tool'])).text).toContain('pre-commit install -t');
  await expect(run(install, cwd, ['--undo', '--force'])).rejects.toThrow(/PIPE_USAGE/);
});

test('install needs Git', async () => {
  const cwd = temporaryFolder();
  await run(init, cwd, ['--no-scm']);
  await expect(run(install, cwd)).rejects.toThrow(/PIPE_GIT_MISSING/);
});

test('with core.autostage the attributes are staged', async () => {
  const cwd = await project();
  write(cwd, { '.pipe/config.yaml': 'core:\n  autostage: true\n' });
  await run(install, cwd);
  expect(git(cwd, 'ls-files')).toBe('.gitattributes');
});

const KNOWN = ['status', 'checkout', 'push'].map((name) => ({ name }));

test('a hook calls its command in each project that it was installed for and that is there', async () => {
  const cwd = await project();
  const hook = gitHookOf(() => KNOWN);
  expect((await run(hook, cwd, ['pre-commit'])).next).toEqual([['--cd', cwd, 'status']]);
  write(cwd, { 'sub/.pipe/config.yaml': '', 'gone/': '' });
  await run(install, join(cwd, 'sub'));
  git(cwd, 'config', '--add', 'pipe.project', 'gone');
  git(cwd, 'config', '--add', 'pipe.project', 'nowhere');
  expect((await run(hook, cwd, ['pre-commit'])).next).toEqual([['--cd', join(cwd, 'sub'), 'status']]);
});

test('a hook does nothing for a command that is not known yet, without a remote, and outside Git', async () => {
  const cwd = await project();
  expect(
    await run(
      gitHookOf(() => KNOWN.slice(0, 1)),
      cwd,
      ['pre-push', 'origin', 'url'],
    ),
  ).toEqual({});
  const hook = gitHookOf(() => KNOWN);
  expect((await run(hook, cwd, ['pre-push', 'origin', 'url'])).next).toEqual([]);
  write(cwd, { '.pipe/config.yaml': 'remote:\n  store:\n    url: /data\n' });
  expect((await run(hook, cwd, ['pre-push', 'origin', 'url'])).next).toEqual([['--cd', cwd, 'push']]);
  expect(await run(hook, temporaryFolder(), ['pre-commit'])).toEqual({});
});

test('before a push, the hook names the commits that Git sends', async () => {
  const cwd = await project();
  write(cwd, { '.pipe/config.yaml': 'remote:\n  store:\n    url: /data\n' });
  const commit = (): string => {
    git(cwd, '-c', 'user.name=x', '-c', 'user.email=x', 'commit', '-q', '--allow-empty', '-m', 'x');
    return git(cwd, 'rev-parse', 'HEAD');
  };
  const [one, two, three] = [commit(), commit(), commit()];
  const zero = '0'.repeat(40);
  const sent = (text: string) => prePush(cwd, new PassThrough().end(text));
  expect((await sent(`refs/heads/x ${three} refs/heads/x ${one}\n`)).next).toEqual([
    ['--cd', cwd, 'push', '--rev', three],
    // What a tip keeps from being pushed is kept of older commits, too.
    ['--cd', cwd, 'push', '--allow-missing', '--rev', three, '--rev', two],
  ]);
  // The very commit is there.
  expect((await sent(`refs/heads/x ${three} refs/heads/x ${three}\n`)).next).toEqual([]);
  // In a hook of somebody else, it is for others.
  const stdin = new PassThrough().end(`refs/heads/x ${three} refs/heads/x ${one}\n`);
  expect((await prePush(cwd, stdin, false)).next).toEqual([['--cd', cwd, 'push']]);
  expect(stdin.readableLength).toBeGreaterThan(0);
  expect((await sent(`(delete) ${zero} refs/heads/x ${one}\n`)).next).toEqual([]);
});

test('a terminal is not read', async () => {
  const cwd = await project();
  write(cwd, { '.pipe/config.yaml': 'remote:\n  store:\n    url: /data\n' });
  const { next } = await prePush(cwd, Object.assign(new PassThrough(), { isTTY: true }));
  expect(next).toEqual([['--cd', cwd, 'push']]);
});

test('after a merge the hook checks out', async () => {
  const cwd = await project();
  const { next } = await run(
    gitHookOf(() => KNOWN),
    cwd,
    ['post-merge', '0'],
  );
  expect(next).toEqual([['--cd', cwd, 'checkout', '--allow-missing']]);
});

function driven(files: Readonly<Record<'O' | 'A' | 'B', string>>, path: string): { cwd: string; words: string[] } {
  const cwd = temporaryFolder();
  write(cwd, files);
  return { cwd, words: ['--ancestor=O', '--our=A', '--their=B', '--mark-size=9', `--path=${path}`] };
}

test('the merge driver writes the merged pointer in place of ours, and keeps its mode', async () => {
  const files = { O: 'a: 1\nb: 1\n', A: 'a: 2\nb: 1\n', B: 'a: 1\nb: 2\n' };
  const { cwd, words } = driven(files, '-x.pipe');
  chmodSync(join(cwd, 'A'), 0o600);
  expect(await run(mergeDriver, cwd, words)).toEqual({});
  expect(readFileSync(join(cwd, 'A'), 'utf8')).toBe('a: 2\nb: 2\n');
  expect(statSync(join(cwd, 'A')).mode & 0o777).toBe(0o600);
  expect(existsSync(join(cwd, 'O'))).toBe(true);
});

test('the merge driver shows a conflict with marks as long as Git asks for', async () => {
  const { cwd, words } = driven({ O: 'a: 1\n', A: 'a: 2\n', B: 'a: 3\n' }, 'x.pipe');
  expect(await run(mergeDriver, cwd, words)).toEqual({ exit: 1, text: 'Both sides changed in x.pipe: "a"' });
  const marks = (character: string): string => character.repeat(9);
  expect(readFileSync(join(cwd, 'A'), 'utf8')).toBe(
    `${marks('<')} ours\na: 2\n${marks('=')}\na: 3\n${marks('>')} theirs\n`,
  );
});

test.each([
  ['pipeline.lock', 'x\n', /one side of pipeline\.lock cannot be merged: .*not a lock/],
  ['x.pipe', '- x\n', /PIPE_MERGE .*plain fields/],
  ['x.txt', 'x\n', /neither a lock nor a pointer/],
])('the merge driver leaves alone what it cannot merge: %s', async (path, B, problem) => {
  const { cwd, words } = driven({ O: '', A: 'a: 1\n', B }, path);
  await expect(run(mergeDriver, cwd, words)).rejects.toThrow(problem);
  expect(readFileSync(join(cwd, 'A'), 'utf8')).toBe('a: 1\n');
  await expect(run(mergeDriver, cwd)).rejects.toThrow(/PIPE_USAGE/);
});
