import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadBlake3 } from '../kit/blake3.ts';
import { lockText } from '../lockfile/lock.ts';
import { lockEntry } from '../lockfile/entry.ts';
import { storeLayout } from '../store/layout.ts';
import { ObjectStore } from '../store/object-store.ts';
import { encodeTree } from '../store/tree.ts';
import type { Command, Context, Outcome } from './command.ts';
import metricsDiff from './metrics-diff.ts';
import metricsShow from './metrics-show.ts';
import paramsDiff from './params-diff.ts';
import { expectValid } from '../../test/setup/schema.ts';
import { parseInvocation } from './parse.ts';

let root: string;

const PIPELINE = `stages:
  train:
    cmd: python train.py
    params:
      - train
      - other.toml:
          - seed
    metrics:
      - metrics.json:
          cache: false
metrics:
  - extra.yaml
`;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'pipe-compare-')));
  mkdirSync(join(root, '.pipe'));
  git('init', '-q', '-b', 'main');
  write('.gitignore', '/.pipe\n');
  write('pipeline.yaml', PIPELINE);
  write('params.yaml', 'train: {lr: 0.1, layers: [1, 2]}\nunused: 1\n');
  write('other.toml', 'seed = 1\nmore = 2\n');
  write('metrics.json', '{"auc": 0.912345678, "loss": {"train": 0.5}, "n": 9007199254740993, "bad": NaN}');
  write('extra.yaml', 'f1: 0.5\n');
  commit('first');
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(file: string, text: string): void {
  mkdirSync(join(root, file, '..'), { recursive: true });
  writeFileSync(join(root, file), text);
}

function git(...words: string[]): void {
  const user = ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'commit.gpgsign=false'];
  execFileSync('git', [...user, ...words], { cwd: root, stdio: 'ignore' });
}

function commit(message: string): void {
  git('add', '-A');
  git('commit', '-qm', message);
}

async function run(command: Command, words: readonly string[] = [], folder = '.'): Promise<Outcome> {
  const stdout = new PassThrough();
  const signal = new AbortController().signal;
  const context: Context = {
    cwd: join(root, folder),
    env: { HOME: root, PATH: process.env['PATH'] },
    stdin: new PassThrough(),
    stdout,
    stderr: stdout,
    signal,
    forceSignal: signal,
  };
  const outcome = await command.run(context, parseInvocation('command', command, words));
  expectValid(outcome.json);
  return outcome;
}

test('metrics show flattens the metrics of the workspace', async () => {
  expect((await run(metricsShow)).text).toMatchInlineSnapshot(`
    "Path          auc      bad  f1   loss.train  n
    extra.yaml    -        -    0.5  -           -
    metrics.json  0.91235  nan  -    0.5         9007199254740993"
  `);
  expect((await run(metricsShow, ['--precision', '2', '--md', 'metrics.json'])).text).toMatchInlineSnapshot(`
    "| Path         | auc  | bad | loss.train | n                |
    |--------------|------|-----|------------|------------------|
    | metrics.json | 0.91 | nan | 0.5        | 9007199254740993 |"
  `);
});

test('a missing or broken file is a problem of that file alone', async () => {
  rmSync(join(root, 'extra.yaml'));
  write('metrics.json', '{"auc": ');
  const { text, json } = await run(metricsShow);
  expect(text).toMatch(/^There are no metrics\.\n\nNot read:\n/);
  expect(text).toContain('extra.yaml does not exist');
  expect(text).toMatch(/^ {2}metrics\.json:1:\d+ expected /m);
  expect(json).toMatchObject({
    problems: [{ revision: 'workspace', code: 'PIPE_METRIC' }, { code: 'PIPE_DATA_SYNTAX' }],
  });
  expect((await run(metricsDiff)).text).toContain('auc');
});

test('a target that is nowhere is refused; one that is at one of the revisions is not', async () => {
  const unknown = expect.objectContaining({
    problems: [expect.objectContaining({ code: 'PIPE_TARGET_UNKNOWN', message: expect.stringContaining('nope.json does not exist') as string })], // prettier-ignore
  }) as unknown;
  // What is there is shown beside what is not.
  expect((await run(metricsShow, ['nope.json', 'metrics.json'])).text).toMatch(
    /^metrics\.json [^]*nope\.json does not exist$/m,
  );
  await expect(run(metricsShow, ['-A', 'nope.json'])).rejects.toEqual(unknown);
  await expect(run(metricsDiff, ['--targets', 'nope.json'])).rejects.toEqual(unknown);
  await expect(run(paramsDiff, ['--targets', 'nope.json'])).rejects.toEqual(unknown);
  rmSync(join(root, 'extra.yaml'));
  await expect(run(metricsShow, ['extra.yaml'])).rejects.toThrow('PIPE_TARGET_UNKNOWN');
  expect((await run(metricsShow, ['-A', 'extra.yaml'])).text).toContain('0.5');
  expect((await run(metricsDiff, ['--targets', 'extra.yaml'])).text).toContain('f1');
});

test('metrics diff compares HEAD with the workspace, and says in which direction numbers went', async () => {
  write('metrics.json', '{"auc": 0.95, "loss": {"train": 0.25}, "n": 9007199254740994, "bad": NaN, "fresh": "yes"}');
  expect((await run(metricsDiff)).text).toMatchInlineSnapshot(`
    "Path          Metric      HEAD              workspace         Change
    metrics.json  auc         0.91235           0.95              +0.03765
    metrics.json  fresh       -                 yes               -
    metrics.json  loss.train  0.5               0.25              -0.25
    metrics.json  n           9007199254740993  9007199254740994  +1"
  `);
  expect((await run(metricsDiff, ['--no-path', '--md', '--targets', 'metrics.json', 'extra.yaml'])).text)
    .toMatchInlineSnapshot(`
    "| Metric     | HEAD             | workspace        | Change   |
    |------------|------------------|------------------|----------|
    | auc        | 0.91235          | 0.95             | +0.03765 |
    | fresh      | -                | yes              | -        |
    | loss.train | 0.5              | 0.25             | -0.25    |
    | n          | 9007199254740993 | 9007199254740994 | +1       |"
  `);
  const { json } = await run(metricsDiff, ['--all']);
  expect(json).toMatchObject({
    from: 'HEAD',
    to: 'workspace',
    files: {
      'metrics.json': {
        n: { old: '9007199254740993', new: '9007199254740994', diff: 1 },
        bad: { old: 'NaN', new: 'NaN', diff: 'NaN' },
        fresh: { new: 'yes' },
      },
      'extra.yaml': { f1: { old: 0.5, new: 0.5, diff: 0 } },
    },
  });
});

test('branches and tags are shown once per commit, the workspace only where it differs', async () => {
  git('tag', 'v1');
  git('checkout', '-q', '-b', 'better');
  write('metrics.json', '{"auc": 0.99}');
  commit('better');
  expect((await run(metricsShow, ['-a', '-T', 'metrics.json'])).text).toMatchInlineSnapshot(`
    "Revision  Path          auc      bad  loss.train  n
    better    metrics.json  0.99     -    -           -
    main,v1   metrics.json  0.91235  nan  0.5         9007199254740993"
  `);
  write('metrics.json', '{"auc": 0.5}');
  expect((await run(metricsShow, ['-a', 'metrics.json'])).text).toContain('workspace');
  expect((await run(metricsDiff, ['v1', 'better', '--targets', 'metrics.json'])).text).toContain('0.912');
  const all = (await run(metricsShow, ['-A'])).json as { revisions: { revision: string }[] };
  expect(all.revisions.map(({ revision }) => revision)).toEqual(['workspace', 'better', 'main,v1']);
});

test('an unknown revision is a clear problem', async () => {
  await expect(run(metricsDiff, ['v9'])).rejects.toMatchObject({ problems: [{ code: 'PIPE_GIT_REVISION' }] });
});

test('a cached metric of another revision is read from the store by the digest in its lock', async () => {
  const store = new ObjectStore(storeLayout(join(root, '.pipe', 'cache')), await loadBlake3(), () => undefined);
  store.prepare();
  const digest = await store.put('{"auc": 0.7}');
  const tree = await store.put(encodeTree(new Map([['m.json', { kind: 'file', digest, size: 12 }]])));
  write('pipeline.yaml', 'stages:\n  a: {cmd: x, metrics: [m.json]}\n  b: {cmd: x, metrics: [folder]}\n');
  const block = { cmd: 'x', wdir: '.', deps: [], params: new Map(), env: new Map() };
  const lock = new Map([
    ['a', { ...block, outs: [lockEntry('m.json', { kind: 'file', digest, size: 12 })] }],
    ['b', { ...block, outs: [lockEntry('folder', { kind: 'dir', digest: tree, size: 12, files: 1 })] }],
  ]);
  write('pipeline.lock', lockText(lock));
  commit('cached');
  write('m.json', '{"auc": 0.8}');
  expect((await run(metricsDiff)).text).toMatchInlineSnapshot(`
    "Path    Metric  HEAD  workspace  Change
    m.json  auc     0.7   0.8        +0.1"
  `);
  expect((await run(metricsShow, ['folder'])).text).toBe('Path           auc\nfolder/m.json  0.7');
  rmSync(join(root, '.pipe', 'cache'), { recursive: true });
  expect((await run(metricsDiff)).text).toContain('m.json cannot be read at HEAD: its bytes (b3:');
});

test('params diff shows what stages use, listed files and params.yaml', async () => {
  write('params.yaml', 'train: {lr: 0.2, layers: [1, 2, 3]}\nunused: 2\n');
  write('other.toml', 'seed = 1.0\nmore = 3\n');
  expect((await run(paramsDiff)).text).toMatchInlineSnapshot(`
    "Path         Param         HEAD    workspace
    other.toml   seed          1       1.0
    params.yaml  train.layers  [1, 2]  [1, 2, 3]
    params.yaml  train.lr      0.1     0.2
    params.yaml  unused        1       2"
  `);
  expect((await run(paramsDiff, ['--deps', '--no-path'])).text).toMatchInlineSnapshot(`
    "Param         HEAD    workspace
    seed          1       1.0
    train.layers  [1, 2]  [1, 2, 3]
    train.lr      0.1     0.2"
  `);
  expect((await run(paramsDiff, ['--targets', 'other.toml'])).text).toContain('more');
  expect((await run(paramsDiff, ['--all', '--md'])).text).toContain('| unused');
  expect((await run(paramsDiff, ['HEAD', 'HEAD'])).text).toBe('No parameter changed.');
});

test('params of a revision come from its own pipeline file and variables', async () => {
  write('pipeline.yaml', 'vars: [v.yaml]\nstages:\n  a: {cmd: x, params: [{"${file}": [k]}]}\n');
  write('v.yaml', 'file: p.json\n');
  write('p.json', '{"k": 1, "j": 1}');
  commit('vars');
  write('v.yaml', 'file: q.json\n');
  write('q.json', '{"k": 5}');
  const { json } = await run(paramsDiff, ['--deps']);
  expect((json as { files: unknown }).files).toEqual({ 'p.json': { k: { old: 1 } }, 'q.json': { k: { new: 5 } } });
});

test('paths are relative to the current folder', async () => {
  write('sub/x', '');
  expect((await run(metricsShow, ['../extra.yaml'], 'sub')).text).toBe('Path           f1\n../extra.yaml  0.5');
});
