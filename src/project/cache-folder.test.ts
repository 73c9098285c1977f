import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cacheFolder } from './cache-folder.ts';
import { git, temporaryFolder, write } from './fixture/folder.ts';
import { gitFolders, mainWorkTree } from './git-folder.ts';
import { openProject } from './project.ts';

/** A repository whose commit has projects at its root and in `sub`, and a worktree of it. */
function worktrees(): { main: string; linked: string } {
  const folder = temporaryFolder();
  const [main, linked] = [join(folder, 'main'), join(folder, 'linked')];
  write(main, { '.pipe/config.yaml': '', 'sub/.pipe/config.yaml': '' });
  git(main, 'init', '-q');
  git(main, 'add', '-A');
  git(main, '-c', 'user.name=x', '-c', 'user.email=x', 'commit', '-q', '-m', 'x');
  git(main, 'worktree', 'add', '-q', linked);
  return { main, linked };
}

function cacheOf(cwd: string, env: Record<string, string> = {}): string {
  return cacheFolder(openProject({ cwd, env: { PIPE_SYSTEM_CONFIG_DIR: cwd, PIPE_GLOBAL_CONFIG_DIR: cwd, ...env } }));
}

test('a linked worktree has the cache of the main one, at the same place in it', () => {
  const { main, linked } = worktrees();
  for (const at of ['.', 'sub']) {
    expect(cacheOf(join(main, at))).toBe(join(main, at, '.pipe/cache'));
    expect(cacheOf(join(linked, at))).toBe(join(main, at, '.pipe/cache'));
  }
});

test('what the main worktree sets for itself counts for linked ones, and what they set wins', () => {
  const { main, linked } = worktrees();
  write(main, { '.pipe/config.local.yaml': 'cache:\n  dir: ../../${X}\n' });
  expect(cacheOf(linked, { X: 'scratch' })).toBe(join(main, '../scratch'));
  write(linked, { '.pipe/config.local.yaml': 'cache:\n  dir: own\n' });
  expect(cacheOf(linked)).toBe(join(linked, '.pipe/own'));
});

test('a broken config of the main worktree is named by its whole path', () => {
  const { main, linked } = worktrees();
  write(main, { '.pipe/config.local.yaml': 'core: x\n' });
  try {
    cacheOf(linked);
    expect.unreachable();
  } catch (error) {
    expect(error).toMatchObject({ problems: [{ at: { source: { file: join(main, '.pipe/config.local.yaml') } } }] });
  }
});

test('a worktree that has a cache of its own already keeps it', () => {
  const { linked } = worktrees();
  write(linked, { '.pipe/cache/format': 'pipe.store/1\n' });
  expect(cacheOf(linked)).toBe(join(linked, '.pipe/cache'));
});

test('without a project in the main worktree, without Git and in a submodule the cache is in the project', () => {
  const { main, linked } = worktrees();
  write(linked, { 'new/.pipe/config.yaml': '', 'sub/.pipe/config.local.yaml': 'core:\n  no_scm: true\n' });
  expect(cacheOf(join(linked, 'new'))).toBe(join(linked, 'new/.pipe/cache'));
  expect(cacheOf(join(linked, 'sub'))).toBe(join(linked, 'sub/.pipe/cache'));
  git(main, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', main, 'inner');
  expect(cacheOf(join(main, 'inner'))).toBe(join(main, 'inner/.pipe/cache'));
});

test('worktrees of a bare repository have no main one', () => {
  const { main } = worktrees();
  const [bare, linked] = [join(main, '../bare.git'), join(main, '../other')];
  git(main, 'clone', '-q', '--bare', main, bare);
  git(bare, 'worktree', 'add', '-q', linked);
  expect(gitFolders(linked)).toEqual({ own: join(bare, 'worktrees/other'), common: bare });
  expect(mainWorkTree(linked)).toBeUndefined();
  expect(cacheOf(linked)).toBe(join(linked, '.pipe/cache'));
});

test.each(['', 'gitdir:', 'gitdir: /nowhere', 'something else'])(
  'a .git file that leads nowhere is no error: %j',
  (text) => {
    const folder = temporaryFolder();
    write(folder, { '.git': text });
    expect(gitFolders(folder)).toBeUndefined();
    expect(mainWorkTree(folder)).toBeUndefined();
  },
);
