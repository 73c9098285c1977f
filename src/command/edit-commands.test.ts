import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PipeError } from '../problem/problem.ts';
import type { Command, Context, Outcome } from './command.ts';
import dag from './dag.ts';
import freeze from './freeze.ts';
import { expectValid } from '../../test/setup/schema.ts';
import { parseInvocation } from './parse.ts';
import stageAdd from './stage-add.ts';
import stageList from './stage-list.ts';
import unfreeze from './unfreeze.ts';

let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'pipe-edit-')));
  mkdirSync(join(root, '.pipe'));
  execFileSync('git', ['init', '-q'], { cwd: root });
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(file: string, text: string): void {
  mkdirSync(join(root, file, '..'), { recursive: true });
  writeFileSync(join(root, file), text);
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

async function run(command: Command, words: readonly string[], folder = '.'): Promise<Outcome> {
  const stdout = new PassThrough();
  const signal = new AbortController().signal;
  const context: Context = {
    cwd: join(root, folder),
    env: { HOME: root, LANG: 'C.UTF-8' },
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

async function problems(
  command: Command,
  words: readonly string[],
): Promise<readonly { code: string; message: string }[]> {
  try {
    await run(command, words);
  } catch (error) {
    if (error instanceof PipeError) return error.problems;
    throw error;
  }
  return [];
}

const PIPELINE = `# four stages
stages:
  prepare:
    cmd: python prepare.py   # slow
    deps: [raw.csv]
    outs: [data]
  train:
    foreach: [ae, vae]
    do:
      cmd: python train.py \${item}
      deps:
        - data
      params:
        - train.epochs
      outs:
        - model-\${item}:
            push: false
  evaluate:
    desc: Scores both models
    cmd:
      - python evaluate.py
      - python plot.py
    deps: [model-ae, model-vae, data/test.csv]
    metrics:
      - metrics.json:
          cache: false
`;

test('stage add writes the first stage and its .gitignore', async () => {
  const outcome = await run(stageAdd, [
    '-n',
    'prepare',
    '-d',
    'raw.csv',
    '-o',
    'data',
    'python',
    'prepare.py',
    '-n',
    'a b',
  ]);
  expect(outcome.text).toBe('Added stage "prepare" in pipeline.yaml');
  expect(read('pipeline.yaml')).toBe(
    'stages:\n  prepare:\n    cmd: python prepare.py -n "a b"\n    deps:\n      - raw.csv\n    outs:\n      - data\n',
  );
  expect(read('.gitignore')).toBe('/data\n');
});

test('stage add writes dvc.yaml in a project of DVC, and refuses there what DVC does not know', async () => {
  mkdirSync(join(root, '.dvc'));
  await run(stageAdd, ['-n', 'a', '-O', 'x', 'touch x']);
  expect(read('dvc.yaml')).toContain('cmd: touch x\n    outs:\n    - x:\n        cache: false\n');
  const found = await problems(stageAdd, ['-n', 'b', '--timeout', '5', 'true']);
  expect(found[0]?.code).toBe('PIPE_FIELD_UNKNOWN');
  expect(read('dvc.yaml')).not.toContain('b:');
});

test('stage add refuses what would break the project, and writes nothing', async () => {
  write('pipeline.yaml', PIPELINE);
  const codeOf = async (...words: string[]): Promise<string | undefined> => (await problems(stageAdd, words))[0]?.code;
  expect(await codeOf('-n', 'prepare', 'true')).toBe('PIPE_STAGE_EXISTS');
  expect(await codeOf('-n', 'other', '-o', 'data', 'true')).toBe('PIPE_OUT_DUPLICATE');
  expect(await codeOf('-n', 'loop', '-d', 'metrics.json', '-o', 'raw.csv', 'true')).toBe('PIPE_CYCLE');
  expect(await codeOf('-n', 'a/b', 'true')).toBe('PIPE_STAGE_NAME');
  expect(await codeOf('-n', 'other', '-w', 'nowhere', 'true')).toBe('PIPE_USAGE');
  expect(await codeOf('true')).toBe('PIPE_USAGE');
  expect(read('pipeline.yaml')).toBe(PIPELINE);
});

test('stage add -f replaces a stage and keeps the comments around it', async () => {
  write('pipeline.yaml', PIPELINE);
  const outcome = await run(stageAdd, [
    '-f',
    '-n',
    'prepare',
    '-d',
    'raw.csv',
    '-o',
    'data',
    '--retry',
    '2',
    'python prepare.py',
  ]);
  expect(outcome.text).toBe('Replaced stage "prepare" in pipeline.yaml');
  expect(read('pipeline.yaml')).toBe(PIPELINE.replace('outs: [data]\n', 'outs: [data]\n    retry: 2\n'));
});

test('stage add in a subfolder writes the pipeline file of that folder', async () => {
  mkdirSync(join(root, 'sub'));
  await run(stageAdd, ['-n', 'a', '-d', 'x', 'cat', 'x'], 'sub');
  expect(read('sub/pipeline.yaml')).toContain('a:\n');
  expect((await run(stageList, ['--all'])).text).toBe('sub/pipeline.yaml:a  Depends on x');
});

test('freeze and unfreeze undo each other, for several targets and for a whole group', async () => {
  write('pipeline.yaml', PIPELINE);
  expect((await run(freeze, ['prepare', 'train'])).text).toBe('Frozen: prepare, train');
  const { json } = await run(stageList, []);
  expect(
    (json as { stages: { name: string; frozen: boolean }[] }).stages.map(({ name, frozen }) => [name, frozen]),
  ).toEqual([
    ['prepare', true],
    ['train@ae', true],
    ['train@vae', true],
    ['evaluate', false],
  ]);
  expect((await run(freeze, ['train', 'evaluate'])).text).toBe('Frozen: evaluate\nFrozen already: train');
  await run(unfreeze, ['prepare', 'train', 'evaluate']);
  expect(read('pipeline.yaml')).toBe(PIPELINE);
});

test('one instance of a group cannot be frozen alone, and then nothing is', async () => {
  write('pipeline.yaml', PIPELINE);
  const found = await problems(freeze, ['prepare', 'train@ae', 'trian']);
  expect(found).toMatchObject([
    { code: 'PIPE_EDIT', hint: 'name the whole of it: train' },
    { code: 'PIPE_TARGET_UNKNOWN', hint: 'did you mean "train"?' },
  ]);
  expect(read('pipeline.yaml')).toBe(PIPELINE);
});

test('stage list shows what each stage makes, aligned', async () => {
  write('pipeline.yaml', PIPELINE);
  expect((await run(stageList, [])).text).toMatchInlineSnapshot(`
    "prepare    Outputs data
    train@ae   Outputs model-ae
    train@vae  Outputs model-vae
    evaluate   Scores both models"
  `);
  expect((await run(stageList, ['--name-only', 'train'])).text).toBe('train@ae\ntrain@vae');
});

test('stage list leaves out broken pipeline files, and fails on them with --fail', async () => {
  write('pipeline.yaml', PIPELINE);
  write('sub/pipeline.yaml', 'stages: [\n');
  expect((await run(stageList, ['--all', '--name-only'])).text).toMatch(
    /evaluate\nleft out: sub\/pipeline.yaml has problems/,
  );
  expect((await problems(stageList, ['--all', '--fail']))[0]?.code).toBe('PIPE_YAML_SYNTAX');
});

test('stage list --json resolves every stage', async () => {
  write('pipeline.yaml', PIPELINE);
  const { json } = await run(stageList, ['evaluate', 'train@ae']);
  expect(json).toMatchObject({
    schema: 'pipe.stage-list/1',
    stages: [
      {
        name: 'train@ae',
        group: 'train',
        cmd: ['python train.py ae'],
        outs: ['model-ae'],
        flags: { 'model-ae': { push: false } },
        params: { 'params.yaml': ['train.epochs'] },
      },
      {
        name: 'evaluate',
        cmd: ['python evaluate.py', 'python plot.py'],
        metrics: ['metrics.json'],
        desc: 'Scores both models',
        frozen: false,
        always_changed: false,
        env: {},
      },
    ],
  });
});

test('dag draws the stages, the outs, the groups', async () => {
  write('pipeline.yaml', PIPELINE);
  expect((await run(dag, [])).text).toMatchInlineSnapshot(`
    "              ┌─────────┐
                  │ prepare │
                  └────┬────┘
         ┌─────────────┴─┬─────────┐
         ▼               ▼         │
    ┌──────────┐   ┌───────────┐   │
    │ train@ae │   │ train@vae │   │
    └────┬─────┘   └───┬───────┘   │
         └─────────────┼───────────┘
                       ▼
                  ┌──────────┐
                  │ evaluate │
                  └──────────┘"
  `);
  expect((await run(dag, ['--collapse-foreach-matrix', '--ascii'])).text).toMatchInlineSnapshot(`
    "   +---------+
       | prepare |
       +----+----+
        +---+---+
        v       |
    +-------+   |
    | train |   |
    +---+---+   |
        +---+---+
            v
       +----------+
       | evaluate |
       +----------+"
  `);
  expect((await run(dag, ['--outs', '--dot'])).text).toMatchInlineSnapshot(`
    "digraph {
    "data";
    "model-ae";
    "model-vae";
    "metrics.json";
    "data" -> "model-ae";
    "data" -> "model-vae";
    "data" -> "metrics.json";
    "model-ae" -> "metrics.json";
    "model-vae" -> "metrics.json";
    }"
  `);
});

test('dag of a target shows what it needs; with --full its whole pipeline', async () => {
  write('pipeline.yaml', PIPELINE);
  const nodes = async (...words: string[]): Promise<unknown> =>
    ((await run(dag, words)).json as { nodes: unknown }).nodes;
  expect(await nodes('train@ae')).toEqual(['prepare', 'train@ae']);
  expect(await nodes('train@ae', '--full')).toHaveLength(4);
  expect(await nodes('data')).toEqual(['prepare']);
  expect((await problems(dag, ['--outs', '--collapse-foreach-matrix']))[0]?.code).toBe('PIPE_USAGE');
});
