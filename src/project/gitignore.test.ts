import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { git, temporaryFolder, write } from './fixture/folder.ts';
import { addToGitignore, ensureIgnored, removeFromGitignore } from './gitignore.ts';

function project() {
  const gitRoot = temporaryFolder();
  git(gitRoot, 'init', '-q');
  mkdirSync(join(gitRoot, '.pipe'));
  const at = (name: string): string => join(gitRoot, name);
  return { gitRoot, pipeDir: at('.pipe'), at, read: (name: string): string => readFileSync(at(name), 'utf8') };
}

function isIgnored(root: string, name: string): boolean {
  return git(root, 'status', '--porcelain', '-z', '--ignored', '--untracked-files=all')
    .split('\0')
    .some((line) => line === `!! ${name}` || line === `!! ${name}/`);
}

test('an out gets a line in the .gitignore beside it', () => {
  const { at, read, ...rest } = project();
  write(rest.gitRoot, { 'data/raw.csv': '', 'model/': '' });
  expect(ensureIgnored(rest, [at('data/raw.csv'), at('model')])).toEqual([at('.gitignore'), at('data/.gitignore')]);
  expect(read('data/.gitignore')).toBe('/raw.csv\n');
  expect(read('.gitignore')).toBe('/model\n');
  expect(ensureIgnored(rest, [at('data/raw.csv'), at('model')])).toEqual([]);
});

test('a path that an own rule of the work tree ignores gets no line', () => {
  const { at, ...rest } = project();
  write(rest.gitRoot, { '.gitignore': '*.bin\n/deep/\n', 'sub/.gitignore': 'x\n', 'deep/er/': '' });
  expect(ensureIgnored(rest, [at('model.bin'), at('sub/a.bin'), at('sub/x'), at('deep/er/y')])).toEqual([]);
});

test('a rule that a later one takes back does not count', () => {
  const { at, read, ...rest } = project();
  write(rest.gitRoot, { '.gitignore': '*.bin\n!model.bin\n' });
  addToGitignore(rest, at('model.bin'));
  expect(read('.gitignore')).toBe('*.bin\n!model.bin\n/model.bin\n');
});

test('what is in the file stays byte for byte: CRLF, a missing last line end, bytes that are not UTF-8', () => {
  const { at, ...rest } = project();
  write(rest.gitRoot, { '.gitignore': Buffer.from('# caf\xe9\r\n*.log', 'latin1') });
  addToGitignore(rest, at('é'));
  expect(readFileSync(at('.gitignore'), 'latin1')).toBe('# caf\xe9\r\n*.log\r\n/\xc3\xa9\r\n');
  removeFromGitignore(rest, [at('é')]);
  expect(readFileSync(at('.gitignore'), 'latin1')).toBe('# caf\xe9\r\n*.log\r\n');
});

test('the mode of the file stays', () => {
  const { at, ...rest } = project();
  write(rest.gitRoot, { '.gitignore': '' });
  chmodSync(at('.gitignore'), 0o640);
  addToGitignore(rest, at('a'));
  expect(statSync(at('.gitignore')).mode & 0o777).toBe(0o640);
});

test('removal takes its own line alone, and the file when nothing is left', () => {
  const { at, read, ...rest } = project();
  write(rest.gitRoot, { '.gitignore': 'a\n/a\n/ab\n' });
  expect(removeFromGitignore(rest, [at('a')])).toEqual([at('.gitignore')]);
  expect(read('.gitignore')).toBe('a\n/ab\n');
  expect(removeFromGitignore(rest, [at('a')])).toEqual([]);
  removeFromGitignore(rest, [at('ab')]);
  write(rest.gitRoot, { '.gitignore': '/a\n' });
  removeFromGitignore(rest, [at('a')]);
  expect(existsSync(at('.gitignore'))).toBe(false);
});

test('outside Git, and outside its work tree, nothing is written', () => {
  const { at, gitRoot, pipeDir } = project();
  const outside = temporaryFolder();
  expect(ensureIgnored({ pipeDir }, [at('a')])).toEqual([]);
  expect(ensureIgnored({ gitRoot, pipeDir }, [join(outside, 'a'), gitRoot])).toEqual([]);
  expect(existsSync(join(outside, '.gitignore'))).toBe(false);
});

test('a .gitignore that is a symbolic link is a problem: Git does not read it', () => {
  const { at, ...rest } = project();
  write(rest.gitRoot, { other: '' });
  symlinkSync('other', at('.gitignore'));
  expect(() => addToGitignore(rest, at('a'))).toThrow(/PIPE_GITIGNORE.*symbolic link/);
});

test('Git ignores the out whatever its name, and none that only looks like it', () => {
  const name = fc
    .array(fc.constantFrom('a', 'b', '*', '?', '[', ']', '!', '#', '\\', ' ', '\t', 'é', '🙂', '\n', '\r', '.', '-'), {
      minLength: 1,
      maxLength: 6,
    })
    .map((parts) => parts.join(''))
    .filter((text) => text !== '.' && text !== '..');
  const { at, ...rest } = project();
  fc.assert(
    fc.property(name, (text) => {
      write(rest.gitRoot, { [`out/${text}`]: '', 'out/other.txt': '' });
      addToGitignore(rest, at(`out/${text}`));
      expect(isIgnored(rest.gitRoot, `out/${text}`)).toBe(true);
      expect(isIgnored(rest.gitRoot, 'out/other.txt')).toBe(false);
      removeFromGitignore(rest, [at(`out/${text}`)]);
      expect(existsSync(at('out/.gitignore'))).toBe(false);
    }),
    { numRuns: 60, examples: [['a '], ['a\n'], ['a\r'], ['!a'], ['#a'], ['a\\ '], ['[a]']] },
  );
});

test('processes that add at once all get their lines in', async () => {
  const { gitRoot, pipeDir, read } = project();
  const script = `
    const { addToGitignore } = await import(process.argv[1]);
    for (let at = 0; at < 15; at += 1) addToGitignore({ gitRoot: process.argv[2], pipeDir: process.argv[3] }, process.argv[2] + '/' + process.argv[4] + at);
  `;
  const run = (name: string) =>
    promisify(execFile)(process.execPath, [
      ...['--import', 'tsx', '--input-type=module', '-e', script, '--'],
      ...[new URL('./gitignore.ts', import.meta.url).href, gitRoot, pipeDir, name],
    ]);
  await Promise.all(['a', 'b', 'c', 'd'].map(run));
  const wanted = ['a', 'b', 'c', 'd'].flatMap((name) => Array.from({ length: 15 }, (_, at) => `/${name}${String(at)}`));
  expect(read('.gitignore').trimEnd().split('\n').sort()).toEqual(wanted.sort());
  expect(existsSync(join(pipeDir, 'tmp/gitignore-lock'))).toBe(false);
});
