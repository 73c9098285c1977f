import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildGraph } from '../graph/graph.ts';
import { stageOf } from '../graph/stage.fixture.ts';
import { unwrap } from '../problem/problem.ts';
import type { Project } from '../project/project.ts';
import { openProject } from '../project/project.ts';
import { capacityOf, selectedStages } from './engine-options.ts';

let root: string;
let project: Project;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'pipe-options-')));
  mkdirSync(join(root, '.pipe'));
  mkdirSync(join(root, 'sub/deep'), { recursive: true });
  project = openProject({ cwd: root, env: { HOME: root } });
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

const graph = unwrap(
  buildGraph([
    stageOf('train', { outs: ['model'] }),
    stageOf('train', { file: 'sub/pipeline.yaml', outs: ['sub/model'] }),
    stageOf('test', { file: 'sub/pipeline.yaml', deps: ['sub/model'] }),
  ]),
);

function select(
  folder: string,
  words: readonly string[],
  options: Parameters<typeof selectedStages>[2] = {},
): string[] {
  return [...selectedStages({ project, graph, context: { cwd: join(root, folder) } }, words, options)].sort();
}

test('without targets, the pipeline file of the folder or the nearest one above counts', () => {
  expect(select('.', [])).toEqual(['train']);
  expect(select('sub', [])).toEqual(['sub/pipeline.yaml:test', 'sub/pipeline.yaml:train']);
  expect(select('sub/deep', [])).toEqual(['sub/pipeline.yaml:test', 'sub/pipeline.yaml:train']);
  expect(select('sub', [], { 'all-pipelines': true })).toHaveLength(3);
});

test('a name or a path means what it means in the current folder', () => {
  expect(select('.', ['train'])).toEqual(['train']);
  expect(select('sub', ['train'])).toEqual(['sub/pipeline.yaml:train']);
  expect(select('sub', ['../model'])).toEqual(['train']);
  expect(select('sub/deep', ['../model'])).toEqual(['sub/pipeline.yaml:train']);
  expect(select('sub', ['../pipeline.yaml:train'])).toEqual(['train']);
  expect(select('.', ['sub'], { recursive: true })).toHaveLength(2);
  expect(() => select('.', ['absent'])).toThrow(/PIPE_TARGET_UNKNOWN/);
});

test('as many stages run at once as is asked for, and as the machine has cores otherwise', () => {
  expect(capacityOf(project, undefined).jobs).toBe(availableParallelism());
  expect(capacityOf(project, '1')).toMatchObject({ jobs: 1, cpus: availableParallelism() });
  expect(capacityOf(project, '500')).toMatchObject({ jobs: 500, cpus: 500 });
  for (const jobs of ['0', '-1', '1.5', 'many', '', 'NaN', '1e99'])
    expect(() => capacityOf(project, jobs)).toThrow(/PIPE_USAGE --jobs takes a whole number from 1/);
});

test('memory and devices are what this machine has', () => {
  const { memoryBytes, gpus } = capacityOf(project, undefined);
  expect(memoryBytes).toBeGreaterThan(2 ** 26);
  expect(memoryBytes).toBeLessThanOrEqual(totalmem());
  expect(gpus).toBeGreaterThanOrEqual(0);
});
