import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { git, temporaryFolder, write } from './fixture/folder.ts';
import { isRecordFile } from './project-files.ts';
import { readStagedFiles } from './staged-files.ts';

function repository(): string {
  const root = temporaryFolder();
  git(root, 'init', '-q', '-b', 'main');
  return root;
}

async function read(root: string): Promise<string[]> {
  const found: string[] = [];
  await readStagedFiles({ cwd: root, env: process.env }, isRecordFile, ({ path, content }) => {
    found.push(`${path} ${'text' in content ? content.text : `(${content.fault})`}`);
  });
  return found.sort();
}

test('before the first commit, all that is staged counts, as it is staged', async () => {
  const root = repository();
  expect(await read(root)).toEqual([]);
  write(root, { 'pipeline.lock': 'A', 'data/é x.pipe': 'X', 'data/x.csv': 'not wanted' });
  git(root, 'add', '-A');
  write(root, { 'pipeline.lock': 'B', 'new.pipe': 'not staged' });
  expect(await read(root)).toEqual(['data/é x.pipe X', 'pipeline.lock A']);
});

test('after it, only what differs from HEAD, in the folder of the project', async () => {
  const root = repository();
  write(root, { 'p/same.pipe': 'same', 'p/old.pipe': 'old', 'p/gone.pipe': 'gone', 'outside.pipe': 'old' });
  git(root, 'add', '-A');
  git(root, 'commit', '-q', '-m', 'one');
  write(root, { 'p/old.pipe': 'new', 'p/deep/new.pipe': 'new', 'outside.pipe': 'new' });
  git(root, 'rm', '-q', 'p/gone.pipe');
  git(root, 'add', '-A');
  expect(await read(join(root, 'p'))).toEqual(['deep/new.pipe new', 'old.pipe new']);
});

test('hidden folders, node_modules and links are left out', async () => {
  const root = repository();
  write(root, { '.hidden/x.pipe': 'no', 'node_modules/p/x.pipe': 'no', 'x.pipe': 'yes' });
  symlinkSync('x.pipe', join(root, 'link.pipe'));
  git(root, 'add', '-A', '-f');
  expect(await read(root)).toEqual(['x.pipe yes']);
});
