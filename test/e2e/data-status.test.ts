import { appendFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectValid } from '../setup/schema.ts';

type Tool = 'pipe' | 'dvc';

interface Changes {
  readonly [kind: string]: readonly unknown[];
}

interface Status {
  readonly not_in_cache?: readonly string[];
  readonly committed?: Changes;
  readonly uncommitted?: Changes;
  readonly untracked?: readonly string[];
  readonly unchanged?: readonly string[];
}

/** What both tools say, without empty lists, in one order. */
function plain({ not_in_cache, committed, uncommitted, untracked, unchanged }: Status): unknown {
  const sorted = (list: readonly unknown[] = []): unknown[] =>
    [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  const changes = (all: Changes = {}): unknown =>
    Object.fromEntries(
      Object.entries(all).flatMap(([kind, list]) => (list.length === 0 ? [] : [[kind, sorted(list)]])),
    );
  return {
    not_in_cache: sorted(not_in_cache),
    committed: changes(committed),
    uncommitted: changes(uncommitted),
    untracked: sorted((untracked ?? []).map((path) => path.replace(/\.(pipe|dvc)$/, '.pointer'))),
    unchanged: sorted(unchanged),
  };
}

async function ask(rig: Rig, tool: Tool, args: readonly string[]): Promise<Status> {
  if (tool === 'dvc') return JSON.parse(await rig.dvc('data', 'status', '--json', ...args)) as Status;
  const { stdout, stderr, code } = await rig.pipe(['data', 'status', '--json', ...args]);
  expect([stderr, code]).toEqual(['', 0]);
  const status = JSON.parse(stdout) as Status;
  expectValid(status);
  return status;
}

async function add(rig: Rig, tool: Tool, ...paths: string[]): Promise<void> {
  if (tool === 'dvc') await rig.dvc('add', '-q', ...paths);
  else expect(await rig.pipe(['add', ...paths])).toMatchObject({ code: 0 });
}

/** Does the same in a project of either tool, and asks at each step. */
async function scenario(rig: Rig, tool: Tool): Promise<unknown[]> {
  const answers: unknown[] = [];
  const note = async (...args: string[]): Promise<void> => {
    answers.push([args, plain(await ask(rig, tool, args))]);
  };
  const all = async (): Promise<void> => {
    await note();
    await note('--granular', '--unchanged', '--untracked-files');
    await note('--granular', 'd/sub', 'g', '--untracked-files', 'no');
  };
  await rig.git('init', '-q');
  if (tool === 'dvc') await rig.dvc('init', '-q');
  else await rig.pipe(['init']);
  // Files of the tools themselves are no concern of either.
  await rig.git('add', '-A');
  await rig.write({ 'd/a': '1\n', 'd/sub/b': '2\n', 'd/c': '3\n', f: 'f\n', g: 'g\n', h: 'h\n', gone: 'gone\n' });
  await add(rig, tool, 'd', 'f', 'g', 'h', 'gone');
  await note('--granular', '--unchanged');
  await rig.git('add', '-A');
  await rig.git('commit', '-q', '-m', 'one');
  await all();

  await rig.write({ 'd/new': '4\n', g: 'g2\n' });
  await add(rig, tool, 'd', 'g');
  renameSync(rig.path('f'), rig.path('f2'));
  await add(rig, tool, 'f2');
  const pointer = tool === 'dvc' ? 'f.dvc' : 'f.pipe';
  unlinkSync(rig.path(pointer));
  await all();

  await rig.write({ h: 'h2\n', untracked: 'x\n', 'd/c': '33\n' });
  rmSync(rig.path('gone'));
  rmSync(rig.path('d/a'));
  renameSync(rig.path('d/sub/b'), rig.path('d/sub/bb'));
  await all();
  return answers;
}

test('data status tells what DVC tells, step by step', async ({ rig }) => {
  const mine = await scenario(rig, 'pipe');
  for (const name of await rig.files()) await rig.remove(name);
  await rig.remove('d', '.git', '.pipe', '.gitignore', '.pipeignore');
  expect(mine).toEqual(await scenario(rig, 'dvc'));
});

/** What a tool says while the cache lacks a file of a folder, before and after another one is removed from the folder. */
async function lacking(rig: Rig, tool: 'pipe' | 'dvc'): Promise<unknown[]> {
  const answers: unknown[] = [];
  const note = async (): Promise<void> => {
    for (const flags of [[], ['--granular'], ['--granular', '--unchanged'], ['d/sub', '--granular'], ['f']])
      answers.push({ flags, said: plain(await ask(rig, tool, flags)) });
  };
  await rig.git('init', '-q');
  if (tool === 'dvc') await rig.dvc('init', '-q');
  else await rig.pipe(['init']);
  // Large enough for a file of its own in either cache.
  await rig.write({ 'd/a': '1\n', 'd/sub/large': 'x'.repeat(70_000), f: 'f\n' });
  await add(rig, tool, 'd', 'f');
  await rig.git('add', '-A');
  await rig.git('commit', '-q', '-m', 'one');
  await rig.run('find', [`.${tool}/cache`, '-type', 'f', '-size', '70000c', '-delete']);
  await note();
  rmSync(rig.path('d/a'));
  await note();
  return answers;
}

test('what is not in the cache is what DVC means: what locks and pointers record, changed in the workspace or not', async ({
  rig,
}) => {
  const mine = await lacking(rig, 'pipe');
  expect(mine.slice(0, 2)).toMatchObject([{ said: { not_in_cache: [] } }, { said: { not_in_cache: ['d/sub/large'] } }]);
  expect((await rig.pipe(['data', 'status', '--granular'])).stdout).toContain('Not in cache:\n  (use `pipe fetch` or `pipe pull` to get them)\n        d/sub/large\n'); // prettier-ignore
  // Of a folder whose list is gone nobody knows what is in it: it is named itself, also for a path inside.
  await rig.remove('.pipe/cache');
  for (const flags of [[], ['d/sub'], ['d/sub', '--granular']])
    expect(plain(await ask(rig, 'pipe', flags))).toMatchObject({ not_in_cache: flags.length === 0 ? ['d/', 'f'] : ['d/'] }); // prettier-ignore
  for (const name of await rig.files()) await rig.remove(name);
  await rig.remove('d', '.git', '.pipe', '.gitignore', '.pipeignore');
  expect(mine).toEqual(await lacking(rig, 'dvc'));
});

test('what the cache lacks is named, and of folders whose list is lost the files are unknown', async ({ rig }) => {
  await rig.git('init', '-q');
  await rig.pipe(['init']);
  await rig.write({ 'd/a': '1\n', 'd/b': '2\n', f: 'f\n' });
  await rig.pipe(['add', 'd', 'f']);
  await rig.git('add', '-A');
  await rig.git('commit', '-q', '-m', 'one');
  rmSync(rig.path('.pipe/cache'), { recursive: true });
  expect(plain(await ask(rig, 'pipe', []))).toMatchObject({ not_in_cache: ['d/', 'f'], uncommitted: {} });
  await rig.write({ 'd/c': '3\n' });
  const status = plain(await ask(rig, 'pipe', ['--granular']));
  expect(status).toMatchObject({
    not_in_cache: ['d/', 'f'],
    uncommitted: { modified: ['d/'], unknown: ['d/a', 'd/b', 'd/c'] },
  });
});

test('before the first commit and outside Git, there is nothing that was committed', async ({ rig }) => {
  await rig.pipe(['init', '--no-scm']);
  await rig.write({ f: 'f\n' });
  await add(rig, 'pipe', 'f');
  expect(plain(await ask(rig, 'pipe', ['--unchanged']))).toMatchObject({ committed: {}, unchanged: ['f'] });
});

test('paths are relative to the folder, and text says what to do', async ({ rig }) => {
  await rig.git('init', '-q');
  await rig.pipe(['init']);
  await rig.write({ 'x/f': 'f\n' });
  await add(rig, 'pipe', 'x/f');
  appendFileSync(rig.path('x/f'), 'more');
  const { stdout } = await rig.pipe(['data', 'status'], { cwd: 'x' });
  expect(stdout).toContain('Uncommitted changes:');
  expect(stdout).toContain('modified: f\n');
  expect(await rig.pipe(['data', 'status', '--untracked-files=some'])).toMatchObject({ code: 2 });
});

test('pipe status looks at pointers, and repro says how to get what one tracks', async ({ rig }) => {
  await rig.git('init', '-q');
  await rig.pipe(['init']);
  await rig.write({ 'd/a': '1\n', 'pipeline.yaml': { stages: { s: { cmd: 'cat d/a', deps: ['d/a'] } } } });
  await add(rig, 'pipe', 'd');
  await rig.pipe(['repro']);
  expect(await rig.pipe(['status', '-q'])).toMatchObject({ code: 0 });
  expectValid(JSON.parse((await rig.pipe(['status', '--json'])).stdout));
  writeFileSync(rig.path('d/b'), '2\n');
  const status = await rig.pipe(['status']);
  expect(status.stdout).toContain('d.pipe:\n  d modified');
  expect(await rig.pipe(['status', '-q', 's'])).toMatchObject({ code: 0 });
  expect(await rig.pipe(['status', '-q', 'd.pipe'])).toMatchObject({ code: 1 });
  expect((await rig.pipe(['status', 'd/b', 's'])).stdout).toContain('d.pipe:');
  await rig.remove('d');
  const repro = await rig.pipe(['repro']);
  expect([repro.code, repro.stderr]).toEqual([2, expect.stringContaining('pipe checkout d.pipe')]);
});

test('what is not in the cache and lies in the workspace is stored by a commit, which is named', async ({ rig }) => {
  await rig.pipe(['init', '-q', '--no-scm']);
  await rig.write({ 'a b': '1', c: '2' });
  await rig.pipe(['add', '-q', '--no-commit', 'a b', 'c']);
  const told = "Not in cache, but in the workspace:\n  (use `pipe commit 'a b' c` to store them)\n";
  expect((await rig.pipe(['data', 'status'])).stdout).toContain(told);
  await rig.remove('c');
  const { stdout } = await rig.pipe(['data', 'status']);
  expect(stdout).toContain('Not in cache:\n  (use `pipe fetch` or `pipe pull` to get them)\n        c\n');
  await rig.pipe(['commit', 'a b']);
  expect((await rig.pipe(['data', 'status'])).stdout).not.toContain('in the workspace');
});
