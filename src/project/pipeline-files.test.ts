import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PipeError } from '../problem/problem.ts';
import { git, temporaryFolder, write } from './fixture/folder.ts';
import { findPipelineFiles } from './pipeline-files.ts';
import { openProject } from './project.ts';

function find(folder: string): string[] {
  return findPipelineFiles(openProject({ cwd: folder, env: { HOME: folder, PIPE_SYSTEM_CONFIG_DIR: folder } }));
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
