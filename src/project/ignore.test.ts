import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { git, temporaryFolder, write } from './fixture/folder.ts';
import { ignoreFilter } from './ignore.ts';
import type { IgnoreRule } from './ignore-rules.ts';
import { IgnoreRules } from './ignore-rules.ts';

test('.pipeignore files at any level decide, inner ones last', () => {
  const root = temporaryFolder();
  write(root, { '.pipe/': '', '.pipeignore': '*.log\n/build/\n', 'sub/.pipeignore': '!keep.log\n/x\n' });
  const ignored = ignoreFilter(root);
  expect(ignored('a.log', false)).toBe(true);
  expect(ignored('sub/deep/a.log', false)).toBe(true);
  expect(ignored('sub/keep.log', false)).toBe(false);
  expect(ignored('keep.log', false)).toBe(true);
  expect(ignored('sub/x', false)).toBe(true);
  expect(ignored('sub/deep/x', false)).toBe(false);
  expect(ignored('build', false)).toBe(false);
  expect(ignored('build', true)).toBe(true);
  expect(ignored('build/a/b', false)).toBe(true);
});

test('what lies in an ignored folder cannot be taken back', () => {
  const root = temporaryFolder();
  write(root, { '.pipe/': '', '.pipeignore': 'tmp/\n!tmp/a\n', 'tmp/.pipeignore': '!b\n' });
  const ignored = ignoreFilter(root);
  expect(ignored('tmp/a', false)).toBe(true);
  expect(ignored('tmp/b', false)).toBe(true);
});

test('the books of Git, Mercurial, pipe and DVC are ignored at any level, whatever the rules say', () => {
  const root = temporaryFolder();
  write(root, { '.pipe/': '', '.pipeignore': '!.git\n!.pipe\n' });
  const ignored = ignoreFilter(root);
  for (const path of ['.git', '.git/config', 'sub/.git', 'a/.hg/x', '.pipe/tmp', '.dvc/cache']) {
    expect(ignored(path, false)).toBe(true);
  }
  for (const path of ['.gitignore', 'a.git', '.pipeline', 'x.dvc', '.dvcignore'])
    expect(ignored(path, false)).toBe(false);
});

test('.dvcignore counts in a DVC project, and only there', () => {
  const root = temporaryFolder();
  write(root, { '.pipe/': '', '.dvcignore': '*.tmp\n' });
  expect(ignoreFilter(root)('a.tmp', false)).toBe(false);
  mkdirSync(join(root, '.dvc'));
  expect(ignoreFilter(root)('a.tmp', false)).toBe(true);
});

test('a byte order mark and CRLF line ends are no part of a rule', () => {
  const root = temporaryFolder();
  write(root, { '.pipe/': '', '.pipeignore': '\uFEFFa\r\nb\r\n' });
  const ignored = ignoreFilter(root);
  expect([ignored('a', false), ignored('b', false), ignored('c', false)]).toEqual([true, true, false]);
});

test('case counts, on every machine', () => {
  const root = temporaryFolder();
  write(root, { '.pipe/': '', '.pipeignore': 'Data\n' });
  expect(ignoreFilter(root)('data', false)).toBe(false);
});

test('rules mean what they mean to Git, which names the same one for every path', () => {
  const root = temporaryFolder();
  git(root, 'init', '-q');
  const names = ['a', 'b', 'ab', '[a', '!a', '#b', 'a b'];
  const folders = ['', 'a/', 'a/b/', 'ab/', 'b/', 'b/[a/', 'b/[a/a/'];
  const paths = folders.flatMap((folder) => names.map((name) => folder + name));
  for (const folder of folders) mkdirSync(join(root, folder), { recursive: true });
  for (const path of paths) if (!folders.includes(`${path}/`)) write(root, { [path]: '' });
  const part = fc.constantFrom(
    'a',
    'b',
    'ab',
    'a*',
    '*b',
    '*',
    '?',
    '**',
    '[ab]',
    '[!a]',
    '\\[a',
    '\\!a',
    '\\#b',
    'a b',
    '!a',
    '#b',
  );
  const rule = fc
    .record({
      not: fc.boolean(),
      root: fc.boolean(),
      parts: fc.array(part, { minLength: 1, maxLength: 3 }),
      folder: fc.boolean(),
      tail: fc.constantFrom('', '', ' ', '\r'),
    })
    .map(
      (each) =>
        (each.not ? '!' : '') + (each.root ? '/' : '') + each.parts.join('/') + (each.folder ? '/' : '') + each.tail,
    );
  const file = fc.array(rule, { maxLength: 3 }).map((rules) => rules.join('\n'));
  fc.assert(
    fc.property(fc.record({ '': file, 'a/': file, 'b/': file, 'b/[a/': file }), (files) => {
      for (const [folder, text] of Object.entries(files)) writeFileSync(join(root, folder, '.gitignore'), text);
      const rules = new IgnoreRules(root, ['.gitignore']);
      const isFolder = (path: string): boolean => folders.includes(`${path}/`);
      const byGit = matchedByGit(root, paths);
      const matches = paths.map((path) => ({ path, rule: rules.ruleFor(path, isFolder(path)) }));
      expect(matches.map(({ path, rule }) => `${path}\t${ruleText(rule)}`)).toEqual(byGit);
      const ignored = matches.filter(({ rule }) => rule?.negated === false).map(({ path }) => path);
      expect(paths.filter((path) => rules.ignores(path, isFolder(path)))).toEqual(ignored);
    }),
    { numRuns: 150 },
  );
});

/** For each path the rule that decides about it, as Git says it. */
function matchedByGit(root: string, paths: readonly string[]): string[] {
  const args = ['check-ignore', '--no-index', '--verbose', '--non-matching', '-z', '--stdin'];
  const { stdout } = spawnSync('git', args, { cwd: root, input: `${paths.join('\0')}\0`, encoding: 'utf8' });
  const words = stdout.split('\0').slice(0, -1);
  return paths.map((_, index) => {
    const [file = '', line = '', text = '', path = ''] = words.slice(index * 4);
    return `${path}\t${file}:${line}:${text}`;
  });
}

function ruleText(rule: IgnoreRule | undefined): string {
  return rule === undefined ? '::' : `${rule.file}:${String(rule.line)}:${rule.text}`;
}

test('what is forgotten is read again', () => {
  const root = temporaryFolder();
  write(root, { 'a/.gitignore': 'x\n' });
  const rules = new IgnoreRules(root, ['.gitignore']);
  expect(rules.ignores('a/b/x', false)).toBe(true);
  rmSync(join(root, 'a/.gitignore'));
  rules.forget('a');
  expect(rules.ignores('a/b/x', false)).toBe(false);
});
