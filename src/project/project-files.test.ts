import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PipeError } from '../problem/problem.ts';
import { git, temporaryFolder, write } from './fixture/folder.ts';
import type { ProjectFiles } from './project-files.ts';
import { findProjectFiles } from './project-files.ts';
import { openProject } from './project.ts';

function findAll(folder: string): ProjectFiles {
  return findProjectFiles(openProject({ cwd: folder, env: { HOME: folder, PIPE_SYSTEM_CONFIG_DIR: folder } }));
}

function find(folder: string): string[] {
  return [...findAll(folder).pipelines];
}

test('pipeline files of all folders are found, in code-unit order', () => {
  const root = temporaryFolder();
  write(root, {
    '.pipe/': '',
    'pipeline.yaml': '',
    'b/dvc.yaml': '',
    'a/deep/er/pipeline.yaml': '',
    'B/dvc.yaml': '',
    'a/x.yaml': '',
  });
  expect(find(root)).toEqual(['B/dvc.yaml', 'a/deep/er/pipeline.yaml', 'b/dvc.yaml', 'pipeline.yaml']);
});

test('a project without any has none', () => {
  const root = temporaryFolder();
  write(root, { '.pipe/': '' });
  expect(find(root)).toEqual([]);
});

test('folders that hold other people’s files are not looked into', () => {
  const root = temporaryFolder();
  write(root, {
    '.pipe/': '',
    'node_modules/p/pipeline.yaml': '',
    'sub/node_modules/p/pipeline.yaml': '',
    '.cache/pipeline.yaml': '',
    'env/pyvenv.cfg': '',
    'env/lib/pipeline.yaml': '',
    'nested/.pipe/': '',
    'nested/pipeline.yaml': '',
    'dvc/.dvc/': '',
    'dvc/dvc.yaml': '',
    'kept/pipeline.yaml': '',
  });
  expect(find(root)).toEqual(['kept/pipeline.yaml']);
});

test('what .pipeignore ignores is left out, but for the root’s own file', () => {
  const root = temporaryFolder();
  write(root, {
    '.pipe/': '',
    '.pipeignore': 'old/\npipeline.yaml\n',
    'old/dvc.yaml': '',
    'a/pipeline.yaml': '',
    'a/b/dvc.yaml': '',
    'pipeline.yaml': '',
  });
  expect(find(root)).toEqual(['a/b/dvc.yaml', 'pipeline.yaml']);
});

test('what Git ignores is left out, by rules above the project, too', () => {
  const root = temporaryFolder();
  git(root, 'init', '-q');
  write(root, { '.gitignore': '/sub/out\n', 'sub/.gitignore': 'tmp\n', 'sub/.pipe/': '' });
  write(root, { 'sub/out/pipeline.yaml': '', 'sub/tmp/pipeline.yaml': '', 'sub/a/pipeline.yaml': '' });
  expect(find(join(root, 'sub'))).toEqual(['a/pipeline.yaml']);
});

test('a project that Git ignores as a whole finds its files', () => {
  const root = temporaryFolder();
  git(root, 'init', '-q');
  write(root, { '.gitignore': '/sub\n', 'sub/.pipe/': '', 'sub/a/pipeline.yaml': '' });
  expect(find(join(root, 'sub'))).toEqual(['a/pipeline.yaml']);
});

test('a linked file counts, a linked folder does not', () => {
  const root = temporaryFolder();
  write(root, { '.pipe/': '', 'real/pipeline.yaml': '', 'other/': '', 'folder/': '' });
  symlinkSync('../real/pipeline.yaml', join(root, 'other/pipeline.yaml'));
  symlinkSync('nowhere', join(root, 'other/dvc.yaml'));
  symlinkSync('real', join(root, 'link'));
  symlinkSync('..', join(root, 'real/up'));
  mkdirSync(join(root, 'folder/pipeline.yaml'));
  expect(find(root)).toEqual(['other/pipeline.yaml', 'real/pipeline.yaml']);
});

test('every folder with both names is a problem', () => {
  const root = temporaryFolder();
  write(root, { '.pipe/': '', 'pipeline.yaml': '', 'dvc.yaml': '', 'a/pipeline.yaml': '', 'a/dvc.yaml': '' });
  try {
    find(root);
    expect.unreachable();
  } catch (error) {
    if (!(error instanceof PipeError)) throw error;
    expect(error.problems.map(({ code, message }) => `${code} ${message}`).sort()).toEqual([
      'PIPE_PIPELINE_FILES a holds both pipeline.yaml and dvc.yaml',
      'PIPE_PIPELINE_FILES the root holds both pipeline.yaml and dvc.yaml',
    ]);
  }
});

const POINTER = `schema: pipe.pointer/1\nouts:\n  - path: PATH\n    digest: b3:${'0'.repeat(64)}\n    size: 0\n    files: 0\n`;

function pointerTo(path: string, wdir = '.'): string {
  return POINTER.replace('PATH', path).replace('outs:', `wdir: ${wdir}\nouts:`);
}

test('pointers of all folders are found, in code-unit order, whatever they hold', () => {
  const root = temporaryFolder();
  write(root, {
    '.pipe/': '',
    'b.csv.pipe': pointerTo('b.csv'),
    'a/deep/x.pipe': 'anything',
    'B.pipe': '',
    '.hidden.pipe': '',
    'a/.pipe': 'a name alone',
    'a/x.pipe.bak': '',
    'dir.pipe/y': '',
    'node_modules/p.pipe': '',
    '.cache/q.pipe': '',
    'nested/.pipe/': '',
    'nested/z.pipe': '',
  });
  symlinkSync('b.csv.pipe', join(root, 'link.pipe'));
  expect(findAll(root).pointers).toEqual(['.hidden.pipe', 'B.pipe', 'a/deep/x.pipe', 'b.csv.pipe']);
});

test('a folder that a pointer tracks is not looked into; one that only shares its name is', () => {
  const root = temporaryFolder();
  write(root, {
    '.pipe/': '',
    'data.pipe': pointerTo('data'),
    'data/x.pipe': '',
    'data/pipeline.yaml': '',
    'other.pipe': pointerTo('raw'),
    'other/x.pipe': '',
    'other/pipeline.yaml': '',
    'broken.pipe': 'no pointer',
    '.pipeignore': '/left.pipe\n',
    'left.pipe': pointerTo('left'),
    'left/x.pipe': '',
    'broken/x.pipe': '',
    'up/deep.pipe': pointerTo('deep', '..'),
    'up/deep/x.pipe': '',
  });
  expect(findAll(root)).toEqual({
    pipelines: ['other/pipeline.yaml'],
    pointers: [
      'broken.pipe',
      'broken/x.pipe',
      'data.pipe',
      'left/x.pipe',
      'other.pipe',
      'other/x.pipe',
      'up/deep.pipe',
      'up/deep/x.pipe',
    ],
    unreadable: [],
  });
});

test('pointers that .pipeignore or Git ignores are left out', () => {
  const root = temporaryFolder();
  git(root, 'init', '-q');
  write(root, { '.pipe/': '', '.pipeignore': 'old\n/a.pipe\n', '.gitignore': '/out\nb.pipe\n' });
  write(root, { 'old/x.pipe': '', 'a.pipe': '', 'out/x.pipe': '', 'b.pipe': '', 'sub/a.pipe': '', 'sub/b.pipe': '' });
  expect(findAll(root).pointers).toEqual(['sub/a.pipe']);
});
