import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PipeError } from '../problem/problem.ts';
import { autostage } from './autostage.ts';
import { git, temporaryFolder, write } from './fixture/folder.ts';
import { openGit } from './git.ts';
import { openProject } from './project.ts';

function repository(): string {
  const root = temporaryFolder();
  git(root, 'init', '-q', '-b', 'main');
  return root;
}

function commit(root: string, files: Record<string, string>, message = 'change'): string {
  write(root, files);
  git(root, 'add', '-A');
  git(root, 'commit', '-q', '--allow-empty', '-m', message);
  return git(root, 'rev-parse', 'HEAD');
}

const open = (root: string) => openGit(root, process.env);

async function problem(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof PipeError)) throw error;
  const [{ code, message, hint } = { code: '', message: '' }] = error.problems;
  return `${code} ${message}; ${hint ?? ''}`;
}

test('a branch, a tag, an abbreviated id and HEAD~1 all name their commit', async () => {
  const root = repository();
  const first = commit(root, { a: '1' });
  git(root, 'tag', '-a', 'v1', '-m', 'one');
  const second = commit(root, { a: '2' });
  for (const [revision, id] of [
    ['main', second],
    ['v1', first],
    [first.slice(0, 8), first],
    ['HEAD~1', first],
  ] as const) {
    expect(await open(root).resolve(revision)).toBe(id);
  }
});

test('an unknown revision is a problem with the nearest branch or tag', async () => {
  const root = repository();
  commit(root, {});
  git(root, 'branch', 'experiment');
  expect(await problem(open(root).resolve('experimnt'))).toBe(
    'PIPE_GIT_REVISION "experimnt" names no commit in Git; did you mean experiment?',
  );
  expect(await problem(open(root).resolve('zzz'))).toContain('branches and tags here: experiment, main');
  for (const odd of ['', '--all', '-h', 'a b', ':/x\ny'])
    expect(await problem(open(root).resolve(odd))).toContain('PIPE_GIT_REVISION');
});

test('a tag of a file names no commit', async () => {
  const root = repository();
  commit(root, { a: 'text' });
  git(root, 'tag', 'blob', 'HEAD:a');
  expect(await problem(open(root).resolve('blob'))).toContain('PIPE_GIT_REVISION');
  expect(await open(root).tags()).toEqual([]);
});

test('before the first commit there is nothing to compare with, and it says so', async () => {
  const root = repository();
  expect(await problem(open(root).resolve('HEAD'))).toContain('has none yet');
  expect(await open(root).branches()).toEqual([]);
  expect(await open(root).commits()).toEqual([]);
  expect(await open(root).currentBranch()).toBe('main');
});

test('outside Git it says so', async () => {
  const root = temporaryFolder();
  const env = { ...process.env, GIT_CEILING_DIRECTORIES: root };
  expect(await problem(openGit(root, env).resolve('HEAD'))).toContain('PIPE_GIT_MISSING');
});

test('without git on the machine it says so', async () => {
  const root = repository();
  expect(await problem(openGit(root, { PATH: root }).resolve('HEAD'))).toContain('PIPE_GIT_MISSING there is no `git`');
});

test('branches, tags and all commits are listed', async () => {
  const root = repository();
  const first = commit(root, {});
  git(root, 'tag', 'light');
  git(root, 'tag', '-a', 'heavy', '-m', 'x');
  git(root, 'checkout', '-q', '-b', 'side/a');
  const second = commit(root, {});
  expect(await open(root).branches()).toEqual([
    { name: 'main', commit: first },
    { name: 'side/a', commit: second },
  ]);
  expect(await open(root).tags()).toEqual([
    { name: 'heavy', commit: first },
    { name: 'light', commit: first },
  ]);
  expect(await open(root).commits()).toEqual([second, first]);
  git(root, 'checkout', '-q', '--detach');
  expect(await open(root).currentBranch()).toBeUndefined();
});

test('files are read at a commit, whatever their names, relative to the project', async () => {
  const root = repository();
  const names = ['a', 'with space', 'line\nend', 'é', '*', '-x', 'deep/er/b', ':(glob)c', 'q"uote\\'];
  commit(root, Object.fromEntries(names.map((name) => [`sub/${name}`, `content of ${name}\n`])));
  const id = commit(root, { 'sub/empty': '', a: 'outside', 'sub/bytes': '' });
  write(root, { 'sub/a': 'changed since' });
  const { readFiles, readText, listFiles } = open(join(root, 'sub'));
  const found = await readFiles(id, [...names, 'empty', 'missing', 'deep']);
  expect(new Map([...found].map(([name, bytes]) => [name, bytes.toString()]))).toEqual(
    new Map([...names.map((name) => [name, `content of ${name}\n`] as const), ['empty', '']]),
  );
  expect(await readText(id, 'a')).toBe('content of a\n');
  expect(await readText(id, 'missing')).toBeUndefined();
  expect(await listFiles(id)).toEqual([...names, 'empty', 'bytes'].sort());
});

test('hundreds of files are read at once', async () => {
  const root = repository();
  const files = Object.fromEntries(
    Array.from({ length: 450 }, (_, at) => [`m${String(at)}.json`, `{"at":${String(at)}}`]),
  );
  const id = commit(root, files);
  const found = await open(root).readFiles(id, Object.keys(files));
  expect(Object.fromEntries([...found].map(([name, bytes]) => [name, bytes.toString()]))).toEqual(files);
});

test('tracked files are listed, those with a merge conflict once', async () => {
  const root = repository();
  commit(root, { a: '1', 'b c': '', 'd/e': '' });
  git(root, 'checkout', '-q', '-b', 'other');
  commit(root, { a: '2' });
  git(root, 'checkout', '-q', 'main');
  commit(root, { a: '3' });
  expect(() => git(root, 'merge', 'other')).toThrow();
  write(root, { untracked: '' });
  const { lsFiles, isTracked } = open(root);
  expect(await lsFiles()).toEqual(['a', 'b c', 'd/e']);
  expect(await lsFiles(['d', 'untracked'])).toEqual(['d/e']);
  expect(await isTracked('b c')).toBe(true);
  expect(await isTracked('d')).toBe(true);
  expect(await isTracked('untracked')).toBe(false);
});

test('in a shallow clone the hint tells how to get the rest', async () => {
  const origin = repository();
  const first = commit(origin, {});
  commit(origin, {});
  const clone = join(temporaryFolder(), 'clone');
  execFileSync('git', ['clone', '-q', '--depth', '1', `file://${origin}`, clone]);
  expect(await problem(open(clone).resolve(first.slice(0, 10)))).toContain('git fetch --unshallow');
});

test('the repository of a running Git hook does not get in the way', async () => {
  const root = repository();
  const id = commit(root, { a: '1' });
  const env = { ...process.env, GIT_DIR: '/nowhere', GIT_WORK_TREE: '/', GIT_INDEX_FILE: '/none' };
  expect(await openGit(root, env).resolve('HEAD')).toBe(id);
});

test('core.autostage adds what pipe wrote to the index; without it nothing is added', async () => {
  const root = repository();
  write(root, { '.pipe/': '', 'pipeline.lock': '{}', 'a b/.gitignore': '/x\n' });
  const env = { ...process.env, HOME: root, PIPE_SYSTEM_CONFIG_DIR: root };
  const paths = [join(root, 'pipeline.lock'), join(root, 'a b/.gitignore')];
  await autostage(openProject({ cwd: root, env }), env, paths);
  expect(await open(root).lsFiles()).toEqual([]);
  write(root, { '.pipe/config.yaml': 'core:\n  autostage: true\n' });
  await autostage(openProject({ cwd: root, env }), env, paths);
  expect(await open(root).lsFiles()).toEqual(['a b/.gitignore', 'pipeline.lock']);
});
