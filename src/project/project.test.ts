import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { git, temporaryFolder, write } from './fixture/folder.ts';
import { findProject, openProject } from './project.ts';

function at(folder: string) {
  return { cwd: folder, env: { HOME: folder, PIPE_SYSTEM_CONFIG_DIR: folder } };
}

test('the nearest folder with .pipe at or above the current one is the root', () => {
  const folder = temporaryFolder();
  write(folder, { '.pipe/': '', 'a/.pipe/': '', 'a/b/c/': '', 'd/': '' });
  expect(findProject(at(join(folder, 'a/b/c')))?.root).toBe(join(folder, 'a'));
  expect(findProject(at(join(folder, 'd')))?.root).toBe(folder);
  expect(findProject(at(folder))?.pipeDir).toBe(join(folder, '.pipe'));
});

test('a file called .pipe makes no project', () => {
  const folder = temporaryFolder();
  write(folder, { '.pipe': 'text' });
  expect(() => openProject(at(folder))).toThrow(
    expect.objectContaining({
      problems: [expect.objectContaining({ code: 'PIPE_NO_PROJECT', hint: expect.stringContaining('pipe init') })],
    }),
  );
});

test('a DVC project is a project, and its .pipe need not exist', () => {
  const folder = temporaryFolder();
  write(folder, { '.dvc/': '', 'sub/': '' });
  expect(findProject(at(join(folder, 'sub')))).toMatchObject({ root: folder, pipeDir: join(folder, '.pipe') });
});

test('paths are real, also when the way to the project is a symbolic link', () => {
  const folder = temporaryFolder();
  write(folder, { 'real/.pipe/': '', 'real/sub/': '' });
  symlinkSync('real', join(folder, 'link'));
  expect(findProject(at(join(folder, 'link/sub')))?.root).toBe(join(folder, 'real'));
});

test('the Git root may lie above the project', () => {
  const folder = temporaryFolder();
  git(folder, 'init', '-q');
  write(folder, { 'sub/.pipe/': '' });
  expect(findProject(at(join(folder, 'sub')))?.gitRoot).toBe(folder);
});

test('a Git worktree, where .git is a file, is a Git root', () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'main'));
  git(join(folder, 'main'), 'init', '-q');
  git(join(folder, 'main'), 'commit', '-q', '--allow-empty', '-m', 'one');
  git(join(folder, 'main'), 'worktree', 'add', '-q', '../tree');
  write(folder, { 'tree/.pipe/': '' });
  expect(findProject(at(join(folder, 'tree')))?.gitRoot).toBe(join(folder, 'tree'));
});

test('an empty .git folder is no Git root', () => {
  const folder = temporaryFolder();
  write(folder, { '.pipe/': '', '.git/': '' });
  expect(findProject(at(folder))).not.toHaveProperty('gitRoot');
});

test('core.no_scm leaves Git alone', () => {
  const folder = temporaryFolder();
  git(folder, 'init', '-q');
  write(folder, { '.pipe/config.yaml': 'core:\n  no_scm: true\n' });
  expect(findProject(at(folder))).not.toHaveProperty('gitRoot');
});

test('a folder that does not exist is the user’s mistake', () => {
  const folder = temporaryFolder();
  expect(() => findProject(at(join(folder, 'no')))).toThrow('does not exist');
});
