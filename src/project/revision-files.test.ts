import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { numbersIn } from '../kit/ranges.ts';
import { git, temporaryFolder, write } from './fixture/folder.ts';
import { isRecordFile } from './project-files.ts';
import type { RevisionFile } from './revision-files.ts';
import { readRevisionFiles } from './revision-files.ts';

function repository(): string {
  const root = temporaryFolder();
  git(root, 'init', '-q', '-b', 'main');
  return root;
}

function commit(root: string, files: Record<string, string | Uint8Array> = {}): string {
  write(root, files);
  git(root, 'add', '-A', '-f');
  git(root, 'commit', '-q', '--allow-empty', '-m', 'change');
  return git(root, 'rev-parse', 'HEAD');
}

async function read(root: string, commits: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  const use = ({ path, content, commits: which }: RevisionFile): void => {
    found.push(`${path} ${'text' in content ? content.text : `(${content.fault})`} ${numbersIn(which).join(',')}`);
  };
  await readRevisionFiles({ command: { cwd: root, env: process.env }, commits, isWanted: isRecordFile }, use);
  return found.sort();
}

test('each content of each path is handed over once, with all commits that have it', async () => {
  const root = repository();
  const commits = [
    commit(root, { 'pipeline.lock': 'A', 'data/x.pipe': 'X', 'data/big.csv': 'not wanted' }),
    commit(root, { 'pipeline.lock': 'B', 'other.txt': '1' }),
    commit(root, { 'pipeline.lock': 'A', 'deep/er/y.pipe': 'X' }),
    commit(root),
  ];
  expect(await read(root, commits)).toEqual([
    'data/x.pipe X 0,1,2,3',
    'deep/er/y.pipe X 2,3',
    'pipeline.lock A 0,2,3',
    'pipeline.lock B 1',
  ]);
  expect(await read(root, [])).toEqual([]);
});

test('only files below the folder of the project count, whatever it is called', async () => {
  const root = repository();
  const before = commit(root, { 'pipeline.lock': 'outside' });
  const at = commit(root, { 'a b/line\nend/é/pipeline.lock': 'inside', 'a b/x.pipe': 'outside' });
  expect(await read(join(root, 'a b/line\nend/é'), [before, at])).toEqual(['pipeline.lock inside 1']);
});

test('hidden folders, node_modules, other projects and links are not looked into', async () => {
  const root = repository();
  write(root, {
    '.pipe/config.yaml': '',
    'x.pipe': 'X',
    '.pipe/y.pipe': '',
    '.hidden/y.pipe': '',
    'node_modules/y.pipe': '',
  });
  write(root, {
    'inner/.pipe/config.yaml': '',
    'inner/pipeline.lock': '',
    'inner/deep/y.pipe': '',
    'old/.dvc/config': '',
    'old/y.pipe': '',
  });
  write(root, { 'folder.pipe/z.pipe': 'Z' });
  symlinkSync('x.pipe', join(root, 'link.pipe'));
  symlinkSync('folder.pipe', join(root, 'linked'));
  expect(await read(root, [commit(root)])).toEqual(['folder.pipe/z.pipe Z 0', 'x.pipe X 0']);
});

test('what is not UTF-8 is told, not guessed', async () => {
  const root = repository();
  expect(await read(root, [commit(root, { 'x.pipe': Buffer.from([0xff]) })])).toEqual(['x.pipe (it is not UTF-8) 0']);
});

test('objects that the repository lost are told with their commits', async () => {
  const root = repository();
  const commits = [commit(root, { 'a/x.pipe': 'X', 'y.pipe': 'Y' }), commit(root, { 'a/x.pipe': 'X2', 'z.txt': '' })];
  const remove = (name: string): void => {
    const id = git(root, 'rev-parse', name);
    rmSync(join(root, '.git/objects', id.slice(0, 2), id.slice(2)));
  };
  remove(`${commits[0] ?? ''}:a`);
  remove('HEAD:y.pipe');
  expect(await read(root, commits)).toEqual([
    'a/ (the Git repository has lost the folder, or it nests too deep) 0',
    'a/x.pipe X2 1',
    'y.pipe (the Git repository has lost it) 0,1',
  ]);
});

test('without Git, and with a repository that is damaged, it says so', async () => {
  const root = repository();
  const id = commit(root, { 'x.pipe': randomBytes(100_000) });
  const blob = git(root, 'rev-parse', 'HEAD:x.pipe');
  const path = join(root, '.git/objects', blob.slice(0, 2), blob.slice(2));
  const half = readFileSync(path).subarray(0, 50_000);
  rmSync(path);
  writeFileSync(path, half);
  await expect(read(root, [id])).rejects.toMatchObject({ problems: [{ code: 'PIPE_GIT' }] });
  const command = { cwd: root, env: { PATH: root } };
  await expect(
    readRevisionFiles({ command, commits: [id], isWanted: isRecordFile }, () => undefined),
  ).rejects.toMatchObject({ problems: [{ code: 'PIPE_GIT_MISSING' }] });
});

test('what the receiver throws ends the reading', async () => {
  const root = repository();
  const id = commit(root, { 'x.pipe': 'X', 'y.pipe': 'Y' });
  const command = { cwd: root, env: process.env };
  const use = (): void => {
    throw new Error('enough');
  };
  await expect(readRevisionFiles({ command, commits: [id], isWanted: isRecordFile }, use)).rejects.toThrow('enough');
});

test('a file larger than a pipe holds arrives whole', async () => {
  const root = repository();
  const text = 'é'.repeat(3_000_000);
  const id = commit(root, { 'x.pipe': text, 'y.pipe': 'Y' });
  expect(await read(root, [id])).toEqual([`x.pipe ${text} 0`, 'y.pipe Y 0']);
});

test('ten thousand commits with a lock of their own are read by two Git processes', async () => {
  const root = repository();
  const count = 10_000;
  const lines = ['blob\nmark :1\ndata 1\nX\n'];
  for (let at = 0; at < count; at += 1) {
    const lock = `lock ${at}`;
    lines.push(`commit refs/heads/main\ncommitter a <a@b> ${1_700_000_000 + at} +0000\ndata 1\nm\n`);
    if (at === 0) lines.push('M 100644 :1 data/x.pipe\n');
    lines.push(`M 100644 inline pipeline.lock\ndata ${lock.length}\n${lock}\n`);
  }
  execFileSync('git', ['fast-import', '--quiet'], { cwd: root, input: lines.join('') });
  const commits = git(root, 'rev-list', '--reverse', 'main').split('\n');
  const folder = temporaryFolder();
  const log = join(folder, 'log');
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
  writeFileSync(join(folder, 'git'), `#!/bin/sh\necho x >> '${log}'\nexec '${real}' "$@"\n`, { mode: 0o755 });
  const found: RevisionFile[] = [];
  const command = { cwd: root, env: { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` } };
  await readRevisionFiles({ command, commits, isWanted: isRecordFile }, (file) => found.push(file));
  expect(found).toHaveLength(count + 1);
  expect(found.find(({ path }) => path === 'data/x.pipe')?.commits).toEqual([[0, count]]);
  expect(execFileSync('cat', [log], { encoding: 'utf8' })).toBe('x\nx\n');
});
