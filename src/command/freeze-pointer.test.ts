import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { expectValid } from '../../test/setup/schema.ts';
import { PipeError } from '../problem/problem.ts';
import { temporaryFolder, write } from '../project/fixture/folder.ts';
import type { Command, Outcome } from './command.ts';
import freeze from './freeze.ts';
import { parseInvocation } from './parse.ts';
import unfreeze from './unfreeze.ts';

const PIPELINE = 'stages:\n  train:\n    cmd: python train.py\n    outs: [model]\n  data:\n    cmd: fetch\n';

function pointerTo(path: string): string {
  return `# kept\nschema: pipe.pointer/1\nouts:\n- path: ${path}\n  digest: b3:${'0'.repeat(64)}\n  size: 3\n`;
}

function projectWith(files: Readonly<Record<string, string>>): string {
  const root = temporaryFolder();
  write(root, { '.pipe/': '', 'pipeline.yaml': PIPELINE, ...files });
  return root;
}

async function run(command: Command, cwd: string, ...words: string[]): Promise<Outcome> {
  const stream = new PassThrough();
  const { signal } = new AbortController();
  const env = { HOME: cwd, LANG: 'C.UTF-8', PIPE_SYSTEM_CONFIG_DIR: cwd };
  const context = { cwd, env, stdin: stream, stdout: stream, stderr: stream, signal, forceSignal: signal };
  const outcome = await command.run(context, parseInvocation('command', command, words));
  expectValid(outcome.json);
  return outcome;
}

async function problemsOf(outcome: Promise<Outcome>): Promise<string[]> {
  try {
    await outcome;
  } catch (error) {
    if (!(error instanceof PipeError)) throw error;
    return error.problems.map(({ code, message, hint }) => `${code} ${message} (${hint ?? ''})`);
  }
  return [];
}

test('a pointer is frozen by its own name, by what it tracks, and from any folder', async () => {
  const root = projectWith({ 'sub/raw.csv.pipe': pointerTo('raw.csv'), 'sub/other.pipe': pointerTo('odd name') });
  const read = (file: string): string => readFileSync(join(root, file), 'utf8');
  expect((await run(freeze, root, 'sub/raw.csv.pipe', 'train')).text).toBe('Frozen: sub/raw.csv.pipe, train');
  expect(read('sub/raw.csv.pipe')).toBe(`${pointerTo('raw.csv')}frozen: true\n`);
  expect((await run(freeze, join(root, 'sub'), 'raw.csv', 'odd name')).text).toBe(
    'Frozen: odd name\nFrozen already: raw.csv',
  );
  expect((await run(unfreeze, join(root, 'sub'), 'raw.csv', 'other.pipe')).json).toEqual({
    schema: 'pipe.freeze/1',
    frozen: false,
    changed: ['raw.csv', 'other.pipe'],
    unchanged: [],
  });
  expect([read('sub/raw.csv.pipe'), read('sub/other.pipe')]).toEqual([pointerTo('raw.csv'), pointerTo('odd name')]);
});

test('a name that is both a stage and tracked means the stage', async () => {
  const root = projectWith({ 'data.pipe': pointerTo('data') });
  await run(freeze, root, 'data');
  expect(readFileSync(join(root, 'data.pipe'), 'utf8')).toBe(pointerTo('data'));
  await run(freeze, root, 'data.pipe');
  expect(readFileSync(join(root, 'data.pipe'), 'utf8')).toContain('frozen: true');
});

test('what names neither a stage nor a pointer is told with the nearest of both; nothing is frozen then', async () => {
  const root = projectWith({ 'raw.csv.pipe': pointerTo('raw.csv') });
  expect(await problemsOf(run(freeze, root, 'raw.cvs', 'train', 'trian', 'raw.csv'))).toEqual([
    'PIPE_TARGET_UNKNOWN there is no stage or pointer "raw.cvs" (did you mean "raw.csv"?)',
    'PIPE_TARGET_UNKNOWN there is no stage or pointer "trian" (did you mean "train"?)',
  ]);
  expect(readFileSync(join(root, 'raw.csv.pipe'), 'utf8')).toBe(pointerTo('raw.csv'));
  expect(readFileSync(join(root, 'pipeline.yaml'), 'utf8')).toBe(PIPELINE);
});

test('a broken pointer is told when it is meant or could have been meant, and does not keep a stage from freezing', async () => {
  const root = projectWith({ 'raw.csv.pipe': pointerTo('raw.csv').replace('size', 'sizes') });
  const broken = [
    'PIPE_FIELD_MISSING an out of a pointer needs size ()',
    'PIPE_FIELD_UNKNOWN "sizes" is not a field of an out of a pointer (did you mean size?)',
  ];
  expect(await problemsOf(run(freeze, root, 'raw.csv.pipe'))).toEqual(broken);
  expect(await problemsOf(run(freeze, root, 'raw.csv'))).toEqual([
    'PIPE_TARGET_UNKNOWN there is no stage or pointer "raw.csv" (did you mean "raw.csv.pipe"?)',
    ...broken,
  ]);
  expect((await run(freeze, root, 'train')).text).toBe('Frozen: train');
});

test('a pointer is frozen in a project without a pipeline', async () => {
  const root = temporaryFolder();
  mkdirSync(join(root, '.pipe'));
  write(root, { 'raw.csv.pipe': pointerTo('raw.csv') });
  expect((await run(freeze, root, 'raw.csv')).text).toBe('Frozen: raw.csv');
});
