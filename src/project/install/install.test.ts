import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { git, temporaryFolder, write } from '../fixture/folder.ts';
import { addAttributes, removeAttributes } from './attributes.ts';
import { install, uninstall } from './install.ts';
import { addPreCommitHooks, removePreCommitHooks } from './pre-commit-config.ts';

const OURS = '*.pipe merge=pipe\n.gitignore merge=union\npipeline.lock merge=pipe\n';

function fileWith(text?: string): string {
  const file = join(temporaryFolder(), 'file');
  if (text !== undefined) writeFileSync(file, text);
  return file;
}

describe('.gitattributes', () => {
  test.each([
    [undefined, OURS],
    ['*.bin binary\n', `*.bin binary\n${OURS}`],
    ['*.bin binary', `*.bin binary\n${OURS}`],
    ['* text\r\n', `* text\r\n${OURS.replaceAll('\n', '\r\n')}`],
    [
      '# \xe9\npipeline.lock  merge=pipe\n',
      '# \xe9\npipeline.lock  merge=pipe\n*.pipe merge=pipe\n.gitignore merge=union\n',
    ],
  ])('%j gets the lines that it lacks', (before, after) => {
    const file = fileWith();
    if (before !== undefined) writeFileSync(file, before, 'latin1');
    expect(addAttributes(file)).toBe(true);
    expect(readFileSync(file, 'latin1')).toBe(after);
    expect(addAttributes(file)).toBe(false);
    expect(removeAttributes(file)).toBe(true);
    expect(removeAttributes(file)).toBe(false);
    expect(existsSync(file) && readFileSync(file, 'latin1').includes('merge=pipe')).toBe(false);
  });
});

describe('the config of the tool pre-commit', () => {
  const HUB = 'repos:\n- repo: https://example.org/x # ours\n  hooks:\n  - id: x\n';

  test.each([
    [undefined],
    ['# nothing yet\n'],
    ['fail_fast: true\n'],
    [HUB],
    [HUB.replaceAll('\n', '\r\n')],
    [`${HUB}# the end\nfail_fast: true\n`],
    [`${HUB.replace(/^(?=[- ])/gm, '    ')}default_stages: [pre-commit]`.replace(/$/, '\n')],
  ])('%j gets our hooks, once, and loses them without a trace', (before) => {
    const file = fileWith(before);
    expect(addPreCommitHooks(file)).toBe(true);
    const text = readFileSync(file, 'utf8');
    expect(text.match(/pipe git-hook (?:post-checkout|post-merge|pre-commit|pre-push)'/g)).toHaveLength(4);
    expect(addPreCommitHooks(file)).toBe(false);
    expect(removePreCommitHooks(file)).toBe(true);
    expect(existsSync(file) ? readFileSync(file, 'utf8') : undefined).toBe(before);
  });

  test.each([['repos: []\n'], ['{repos: []}\n'], ['- x\n'], ['repos:\n  -\n    repo: local\n']])(
    '%j is left alone',
    (text) => {
      const file = fileWith(text);
      expect(() => addPreCommitHooks(file)).toThrow(/PIPE_HOOK/);
      expect(readFileSync(file, 'utf8')).toBe(text);
    },
  );

  test.each([
    ['alone', undefined],
    ['beside others', `${HUB}# the end\nfail_fast: true\n`],
    ['with the line ends of Windows', HUB.replaceAll('\n', '\r\n')],
    ['deep inside', `${HUB.replace(/^(?=[- ])/gm, '    ')}default_stages: [pre-commit]\n`],
  ])('gets the hooks that an older pipe did not have: %s', (_, before) => {
    const file = fileWith(before);
    addPreCommitHooks(file);
    const text = readFileSync(file, 'utf8');
    const old = text.replace(/ *- id: pipe-post-merge[^]*?(?= *- id:)/, '');
    expect(old).not.toContain('post-merge');
    writeFileSync(file, old);
    expect(addPreCommitHooks(file)).toBe(true);
    expect(readFileSync(file, 'utf8')).toBe(text);
    // What somebody has changed stays while nothing is lacking, and what nobody knows stays anyway.
    for (const changed of [text.replaceAll('verbose: true', 'verbose: false'), old.replace('repo: local', 'repo: x')]) {
      writeFileSync(file, changed);
      expect(addPreCommitHooks(file)).toBe(false);
    }
  });

  test('that is broken is a problem of its own', () => {
    expect(() => addPreCommitHooks(fileWith('repos: [\n'))).toThrow(/PIPE_YAML_SYNTAX/);
  });
});

describe('install', () => {
  const options = { force: false, usePreCommitTool: false };

  function place(folder: string, below = '.'): { root: string; gitRoot: string; env: Record<string, string> } {
    mkdirSync(join(folder, below, '.pipe'), { recursive: true });
    const env = { PATH: process.env['PATH'] ?? '', HOME: folder, GIT_CONFIG_NOSYSTEM: '1' };
    return { root: join(folder, below), gitRoot: folder, env };
  }

  function repository(): string {
    const folder = temporaryFolder();
    git(folder, 'init', '-q');
    return folder;
  }

  test('changes nothing the second time, and undo takes back exactly what was added', async () => {
    const folder = repository();
    write(folder, { '.gitattributes': '*.bin binary\n' });
    const config = readFileSync(join(folder, '.git/config'), 'utf8');
    const done = await install(place(folder), options);
    const names = ['post-checkout', 'post-merge', 'pre-commit', 'pre-push'].map((name) =>
      join(folder, '.git/hooks', name),
    );
    expect(done.changed).toEqual([...names, join(folder, '.gitattributes'), join(folder, '.git/config')]);
    expect((await install(place(folder), options)).changed).toEqual([]);
    expect((await uninstall(place(folder))).changed).toEqual(done.changed);
    expect(readFileSync(join(folder, '.git/config'), 'utf8')).toBe(config);
    expect(readFileSync(join(folder, '.gitattributes'), 'utf8')).toBe('*.bin binary\n');
    expect(names.some((name) => existsSync(name))).toBe(false);
    expect((await uninstall(place(folder))).changed).toEqual([]);
  });

  test('of one project of a repository outlives the undo of another', async () => {
    const folder = repository();
    const [one, other] = [place(folder, 'a.b'), place(folder, 'axb')];
    await install(one, options);
    await install(other, options);
    expect(git(folder, 'config', '--get-all', 'pipe.project')).toBe('a.b\naxb');
    await uninstall(one);
    expect(git(folder, 'config', '--get-all', 'pipe.project')).toBe('axb');
    expect(existsSync(join(folder, '.git/hooks/pre-push'))).toBe(true);
    expect(existsSync(join(folder, 'a.b/.gitattributes'))).toBe(false);
    await uninstall(other);
    expect(existsSync(join(folder, '.git/hooks/pre-push'))).toBe(false);
  });

  test('writes to the folder that core.hooksPath names, relative to the work tree', async () => {
    const folder = repository();
    git(folder, 'config', 'core.hooksPath', '.githooks');
    expect((await install(place(folder, 'sub'), options)).hooksFolder).toBe(join(folder, '.githooks'));
    expect(existsSync(join(folder, '.githooks/pre-push'))).toBe(true);
    await uninstall(place(folder, 'sub'));
    expect(existsSync(join(folder, '.githooks/pre-push'))).toBe(false);
  });

  test('leaves alone the hooks that all repositories of the user share', async () => {
    const folder = repository();
    const home = temporaryFolder();
    const at = { ...place(folder), env: { ...place(folder).env, HOME: home } };
    write(home, { '.gitconfig': '[core]\n\thooksPath = ~/hooks\n' });
    await expect(install(at, options)).rejects.toThrow(/PIPE_HOOK .*core\.hooksPath/);
    expect(existsSync(join(home, 'hooks'))).toBe(false);
    expect((await install(at, { ...options, force: true })).hooksFolder).toBe(join(home, 'hooks'));
    expect(existsSync(join(home, 'hooks/pre-push'))).toBe(true);
  });

  test('writes where a submodule and a linked worktree have their hooks', async () => {
    const [folder, inner] = [repository(), repository()];
    git(inner, '-c', 'user.name=x', '-c', 'user.email=x', 'commit', '-q', '--allow-empty', '-m', 'x');
    git(folder, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner, 'sub');
    expect((await install(place(join(folder, 'sub')), options)).hooksFolder).toBe(
      join(folder, '.git/modules/sub/hooks'),
    );
    git(inner, 'worktree', 'add', '-q', join(folder, 'linked'));
    const linked = await install(place(join(folder, 'linked')), options);
    expect(linked.hooksFolder).toBe(join(inner, '.git/hooks'));
    expect(linked.changed).toContain(join(inner, '.git/config'));
  });

  test('with the tool pre-commit writes no hooks of its own', async () => {
    const folder = repository();
    const done = await install(place(folder), { force: false, usePreCommitTool: true });
    expect(done.changed.map((path) => path.slice(folder.length + 1))).toEqual([
      '.pre-commit-config.yaml',
      '.gitattributes',
      '.git/config',
    ]);
    await uninstall(place(folder));
    expect(existsSync(join(folder, '.pre-commit-config.yaml'))).toBe(false);
  });
});
