import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Digest } from '../kit/digest.ts';
import { PipeError } from '../problem/problem.ts';
import type { Entry } from '../store/tree.ts';
import { git, temporaryFolder, write } from './fixture/folder.ts';
import { openProject } from './project.ts';
import { writePointer, writePointers } from './write-pointer.ts';

const A = `b3:${'a'.repeat(64)}` as Digest;
const B = `b3:${'b'.repeat(64)}` as Digest;
const FILE: Entry = { kind: 'file', digest: A, size: 3 };

function projectWith(files: Readonly<Record<string, string>> = {}): {
  root: string;
  put: (path: string, entry?: Entry) => unknown;
} {
  const root = temporaryFolder();
  write(root, { '.pipe/': '', ...files });
  const project = openProject({ cwd: root, env: { HOME: root, PIPE_SYSTEM_CONFIG_DIR: root } });
  return { root, put: (path, entry = FILE) => writePointer(project, path, entry) };
}

function read(root: string, file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

function problemOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof PipeError) return error.message;
    throw error;
  }
  return '';
}

test('a pointer is made beside what it tracks', () => {
  const { root, put } = projectWith({ 'sub/': '' });
  expect(put('sub/data.csv')).toEqual({ file: 'sub/data.csv.pipe', done: 'created' });
  expect(read(root, 'sub/data.csv.pipe')).toBe(
    `schema: pipe.pointer/1\nouts:\n  - path: data.csv\n    digest: ${A}\n    size: 3\n`,
  );
  expect(readdirSync(join(root, 'sub'))).toEqual(['data.csv.pipe']);
  expect(readdirSync(join(root, '.pipe/tmp'))).toEqual([]);
});

test('a pointer that is there is changed, and all else in it stays', () => {
  const { root, put } = projectWith({ 'sub/': '' });
  const text = `# ours\nschema: pipe.pointer/1\nouts:\n- digest: ${A} # old\n  path: data\n  size: 3\n  push: false\n`;
  write(root, { 'data.pipe': text });
  expect(put('data')).toEqual({ file: 'data.pipe', done: 'unchanged' });
  const { ino } = statSync(join(root, 'data.pipe'));
  expect(put('data', { kind: 'dir', digest: B, size: 9, files: 2 })).toEqual({ file: 'data.pipe', done: 'changed' });
  expect(read(root, 'data.pipe')).toBe(text.replace(A, B).replace('size: 3\n', 'size: 9\n  files: 2\n'));
  expect(statSync(join(root, 'data.pipe')).ino).not.toBe(ino);
});

test.each([
  ['../x', 'PIPE_PATH_OUTSIDE ../x cannot be tracked: it lies outside the project'],
  ['/etc/passwd', 'PIPE_PATH_OUTSIDE'],
  ['.', 'PIPE_PATH_OUTSIDE . cannot be tracked: it is the whole project'],
  ['.git/config', 'PIPE_PATH_RESERVED .git/config cannot be tracked: it points into .git'],
  ['sub/x.pipe', 'PIPE_PATH_RESERVED'],
  ['a\0b', 'PIPE_PATH_RESERVED'],
  ['.hidden/x', 'PIPE_POINTER_IGNORED the pointer .hidden/x.pipe lies in .hidden, whose name begins with a dot'],
  ['node_modules/x', 'PIPE_POINTER_IGNORED the pointer node_modules/x.pipe lies in node_modules'],
  [
    'nested/x',
    'PIPE_POINTER_IGNORED the pointer nested/x.pipe lies in nested, which is a project of its own or a Python',
  ],
  ['old/x', 'PIPE_POINTER_IGNORED the pointer old/x.pipe is ignored: a rule of .pipeignore or .gitignore covers old/'],
  [
    'data-1',
    'PIPE_POINTER_IGNORED the pointer data-1.pipe is ignored: a rule of .pipeignore or .gitignore covers data-1.pipe',
  ],
  ['taken', 'PIPE_POINTER_CONFLICT taken.pipe tracks other, so it cannot be the pointer of taken'],
  ['broken', 'PIPE_POINTER_FORMAT broken.pipe is no pointer'],
])('no pointer is written for %j', (path, problem) => {
  const { root, put } = projectWith({
    '.pipeignore': 'old\n',
    '.gitignore': '/data-*\n',
    'taken.pipe': `schema: pipe.pointer/1\nouts:\n- {path: other, digest: "${A}", size: 3}\n`,
    'broken.pipe': 'x',
    'sub/': '',
    'old/': '',
    '.hidden/': '',
    'node_modules/': '',
    'nested/.pipe/': '',
  });
  git(root, 'init', '-q');
  const project = openProject({ cwd: root, env: { HOME: root, PIPE_SYSTEM_CONFIG_DIR: root } });
  const before = readdirSync(root, { recursive: true }).filter((name) => !String(name).startsWith('.git'));
  expect(problemOf(() => writePointer(project, path, FILE))).toContain(problem);
  const after = readdirSync(root, { recursive: true }).filter((name) => !String(name).startsWith('.git'));
  expect(after.filter((name) => !String(name).startsWith('.pipe/tmp'))).toEqual(before);
  expect(problemOf(() => put('fine'))).toBe('');
});

test('no pointer is written through a symbolic link that leads out of the project', () => {
  const outside = temporaryFolder();
  const { root, put } = projectWith();
  symlinkSync(outside, join(root, 'link'));
  expect(problemOf(() => put('link/x'))).toContain('PIPE_PATH_ESCAPES');
  expect(readdirSync(outside)).toEqual([]);
});

test('a symbolic link in place of a pointer is replaced, never followed', () => {
  const { root, put } = projectWith({ 'else.txt': 'mine' });
  mkdirSync(join(root, 'sub'));
  symlinkSync('../else.txt', join(root, 'sub/x.pipe'));
  expect(problemOf(() => put('sub/x'))).toContain('PIPE_POINTER_FORMAT');
  expect(read(root, 'else.txt')).toBe('mine');
});

test('processes that write into one pointer at once do not lose one another’s fields', async () => {
  const { root } = projectWith();
  write(root, { 'data.pipe': `schema: pipe.pointer/1\nouts:\n- path: data\n  digest: ${A}\n  size: 3\n` });
  const script = (act: string): string => `
    import { openProject } from ${JSON.stringify(join(import.meta.dirname, 'project.ts'))};
    import { writePointer, writePointers } from ${JSON.stringify(join(import.meta.dirname, 'write-pointer.ts'))};
    const project = openProject({ cwd: ${JSON.stringify(root)}, env: { HOME: ${JSON.stringify(root)} } });
    for (let size = 0; size < 20; size++) writePointer(project, 'data', { kind: 'file', digest: '${A}', size: ${act} });`;
  const started = ['size', '1000 + size'].map((act) =>
    spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script(act)], { stdio: 'inherit' }),
  );
  const codes = await Promise.all(started.map(async (child) => (await once(child, 'exit'))[0] as number));
  expect(codes).toEqual([0, 0]);
  expect(read(root, 'data.pipe')).toMatch(
    new RegExp(`^schema: .*\\nouts:\\n- path: data\\n {2}digest: ${A}\\n {2}size: (10)?19\\n$`),
  );
  expect(readdirSync(root).sort()).toEqual(['.pipe', 'data.pipe']);
});

test('of many pointers each is made or changed, in the order given, and no temporary file is left', async () => {
  const { root } = projectWith({
    'sub/': '',
    'b.pipe': `schema: pipe.pointer/1\nouts:\n- path: b\n  digest: ${B}\n  size: 3\n`,
  });
  const project = openProject({ cwd: root, env: { HOME: root, PIPE_SYSTEM_CONFIG_DIR: root } });
  const wanted = ['sub/a', 'b', 'c'].map((path) => ({ path, file: `${path}.pipe`, entry: FILE }));
  expect(await writePointers(project, wanted)).toEqual([
    { file: 'sub/a.pipe', done: 'created' },
    { file: 'b.pipe', done: 'changed' },
    { file: 'c.pipe', done: 'created' },
  ]);
  expect((await writePointers(project, wanted)).map(({ done }) => done)).toEqual(Array(3).fill('unchanged'));
  expect(read(root, 'b.pipe')).toContain(A);
  expect(readdirSync(root).sort()).toEqual(['.pipe', 'b.pipe', 'c.pipe', 'sub']);
  expect(readdirSync(join(root, '.pipe/tmp'))).toEqual([]);
});

test('of many pointers none is changed where one must not be', async () => {
  const { root } = projectWith({ '.pipeignore': 'old\n', 'old/': '' });
  const project = openProject({ cwd: root, env: { HOME: root, PIPE_SYSTEM_CONFIG_DIR: root } });
  const wanted = ['a', 'old/b'].map((path) => ({ path, file: `${path}.pipe`, entry: FILE }));
  await expect(writePointers(project, wanted)).rejects.toThrow('old/b.pipe is ignored');
  expect(readdirSync(root).sort()).toEqual(['.pipe', '.pipeignore', 'old']);
});
