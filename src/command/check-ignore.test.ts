import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { expectValid } from '../../test/setup/schema.ts';
import { PipeError } from '../problem/problem.ts';
import { git, temporaryFolder, write } from '../project/fixture/folder.ts';
import { IGNORE_CASES } from './fixture/ignore-cases.ts';
import checkIgnore from './check-ignore.ts';
import type { Outcome } from './command.ts';
import { parseInvocation } from './parse.ts';

async function run(cwd: string, words: readonly string[], input = ''): Promise<Outcome> {
  const stream = new PassThrough();
  const { signal } = new AbortController();
  const stdin = new PassThrough().end(input) as unknown as NodeJS.ReadableStream;
  const context = { cwd, env: { HOME: cwd }, stdin, stdout: stream, stderr: stream, signal, forceSignal: signal };
  const outcome = await checkIgnore.run(context, parseInvocation('check-ignore', checkIgnore, words));
  expectValid(outcome.json);
  return outcome;
}

function projectWith(files: Readonly<Record<string, string>>): string {
  const root = temporaryFolder();
  write(root, { '.pipe/': '', ...files });
  return root;
}

test('the paths that are left out are printed; the exit code says whether there is one', async () => {
  const root = projectWith({ '.pipeignore': '*.tmp\n!keep.tmp\n', 'sub/': '' });
  expect(await run(root, ['a.tmp', 'b.csv', 'sub/x.tmp', 'keep.tmp'])).toMatchObject({
    exit: 0,
    text: 'a.tmp\nsub/x.tmp',
  });
  expect(await run(root, ['b.csv', 'keep.tmp'])).toMatchObject({ exit: 1, text: '' });
  expect(await run(join(root, 'sub'), ['x.tmp', '../y.tmp', '../../z.tmp', '..', '.'])).toMatchObject({
    exit: 0,
    text: 'x.tmp\n../y.tmp',
  });
});

test('with --details the deciding rule is named; one that takes back is a match, too', async () => {
  const root = projectWith({ '.pipeignore': '# comment\n\n*.tmp  \n', 'data/.pipeignore': '!keep.tmp\n' });
  const targets = ['a.tmp', 'data/keep.tmp', 'data/b.csv', '.git/config'];
  expect(await run(root, ['-d', ...targets])).toMatchObject({
    exit: 0,
    text: '.pipeignore:3:*.tmp\ta.tmp\ndata/.pipeignore:1:!keep.tmp\tdata/keep.tmp\n:.git\t.git/config',
  });
  expect((await run(root, ['-d', '-n', ...targets])).text?.split('\n')[2]).toBe('::\tdata/b.csv');
  expect((await run(root, ['-d', 'data/keep.tmp'])).exit).toBe(0);
  expect(await run(root, ['-d', '-n', 'data/b.csv'])).toMatchObject({ exit: 1, text: '::\tdata/b.csv' });
  expect((await run(root, ['--json', ...targets])).json).toEqual({
    schema: 'pipe.check-ignore/1',
    paths: [
      { path: 'a.tmp', ignored: true, rule: { file: '.pipeignore', line: 3, text: '*.tmp', negated: false } },
      {
        path: 'data/keep.tmp',
        ignored: false,
        rule: { file: 'data/.pipeignore', line: 1, text: '!keep.tmp', negated: true },
      },
      { path: 'data/b.csv', ignored: false, rule: null },
      { path: '.git/config', ignored: true, rule: { file: null, line: null, text: '.git', negated: false } },
    ],
  });
});

test('paths are read from standard input, one a line', async () => {
  const root = projectWith({ '.pipeignore': '*.tmp\n' });
  expect(await run(root, ['--stdin'], 'a.tmp\r\n\nb.csv\n c.tmp')).toMatchObject({ exit: 0, text: 'a.tmp\n c.tmp' });
  expect(await run(root, ['--stdin'], '')).toMatchObject({ exit: 1, text: '' });
});

test('what lies at a path decides whether it is a folder; a link to one is none', async () => {
  const root = projectWith({ '.pipeignore': 'x/\n', 'a/x': '', 'b/x/': '', 'c/': '' });
  symlinkSync('../b', join(root, 'c/x'));
  expect((await run(root, ['a/x', 'b/x', 'c/x', 'd/x', 'd/x/', 'a/x/'])).text).toBe('b/x\nd/x/');
});

test('names that steer a terminal are shown as escapes, and as they are in JSON', async () => {
  const root = projectWith({ '.pipeignore': '*\u001b*\n' });
  const { text, json } = await run(root, ['-d', 'a\u001b[2J\n']);
  expect(text).toBe('.pipeignore:1:*\\u001b*\ta\\u001b[2J\\n');
  expect(json).toMatchObject({ paths: [{ path: 'a\u001b[2J\n' }] });
});

test.each([
  [[], 'needs paths, or --stdin to read them from there'],
  [['--stdin', 'a'], 'takes either targets or --stdin'],
  [['-n', 'a'], '--non-matching needs --details'],
  [['-d', '-q', 'a'], 'takes either --details or --quiet'],
])('a call that makes no sense is refused: %j', async (words, message) => {
  const root = projectWith({});
  const error = await run(root, words).catch((each: unknown) => each);
  expect(error).toBeInstanceOf(PipeError);
  expect((error as PipeError).message).toBe(`PIPE_USAGE pipe check-ignore ${message}`);
});

test.each(IGNORE_CASES)('it says what `git check-ignore -v` says: $rules', async ({ rules, paths }) => {
  const root = temporaryFolder();
  git(root, 'init', '-q');
  mkdirSync(join(root, '.pipe'));
  write(root, Object.fromEntries(paths.map((path) => [path, ''])));
  for (const [file, text] of Object.entries(rules)) {
    write(root, { [join(file, '.gitignore')]: text, [join(file, '.pipeignore')]: text });
  }
  const targets = paths.map((path) => path.replace(/\/$/, ''));
  for (const flags of [['-v', '-n'], ['-v'], []]) {
    const args = ['-c', 'core.quotePath=false', 'check-ignore', '--no-index', ...flags, ...targets];
    const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
    const ours = await run(root, [...flags.map((flag) => (flag === '-v' ? '-d' : flag)), ...targets]);
    expect(ours.text?.replaceAll('.pipeignore', '.gitignore')).toBe(stdout.replace(/\n$/, ''));
    expect(ours.exit).toBe(status);
  }
});
