import { describe, expect, test } from 'vitest';
import { unwrap } from '../problem/problem.ts';
import { buildGraph } from './graph.ts';
import type { Selection } from './select.ts';
import { selectStages } from './select.ts';
import { stageOf } from './stage.fixture.ts';

/**
 *   get ── clean ── train@a ── report        lone        sub:train ── sub:test
 *                └─ train@b ──┘
 */
const graph = unwrap(
  buildGraph([
    stageOf('get', { outs: ['raw'] }),
    stageOf('clean', { deps: ['raw'], outs: ['data/clean'] }),
    stageOf('train@a', { group: 'train', deps: ['data/clean'], outs: ['models/a'] }),
    stageOf('train@b', { group: 'train', deps: ['data/clean'], outs: ['models/b'] }),
    stageOf('report', { deps: ['models'], outs: ['report.md'] }),
    stageOf('lone', { outs: ['lone.txt'] }),
    stageOf('clean', { file: 'sub/pipeline.yaml', outs: ['sub/x'] }),
    stageOf('test', { file: 'sub/pipeline.yaml', deps: ['sub/x'] }),
  ]),
);

function select(
  texts: readonly string[],
  more: Partial<Selection> & { file?: string; paths?: readonly string[] } = {},
): string[] {
  const { file = 'pipeline.yaml', paths, ...rest } = more;
  const targets = texts.map((text, at) => ({ text, path: paths?.[at] ?? text, file }));
  return [...unwrap(selectStages(graph, { targets, ...rest }))].sort();
}

describe('a target', () => {
  test('brings what it needs', () => {
    expect(select(['clean'])).toEqual(['clean', 'get']);
    expect(select(['train@a'])).toEqual(['clean', 'get', 'train@a']);
  });

  test('may be a group, an address, a pipeline file, an out or a path inside an out', () => {
    expect(select(['train'], { single: true })).toEqual(['train@a', 'train@b']);
    expect(select(['sub/pipeline.yaml:test'], { single: true })).toEqual(['sub/pipeline.yaml:test']);
    expect(select(['sub/pipeline.yaml'], { single: true })).toHaveLength(2);
    expect(select(['models/a'], { single: true })).toEqual(['train@a']);
    expect(select(['data/clean/part-1.csv'], { single: true })).toEqual(['clean']);
  });

  test('is a stage of the current folder before one of the root with the same name', () => {
    const inSub = { file: 'sub/pipeline.yaml', single: true };
    expect(select(['clean'], { ...inSub, paths: ['sub/clean'] })).toEqual(['sub/pipeline.yaml:clean']);
    expect(select(['get'], { ...inSub, paths: ['sub/get'] })).toEqual(['get']);
    expect(select(['clean'], { single: true })).toEqual(['clean']);
  });

  test('that names nothing is a problem, each by its name, with the nearest stage', () => {
    const result = selectStages(graph, {
      targets: ['raport', 'zzzzzzzz', '__proto__', 'get'].map((text) => ({ text, path: text })),
    });
    expect(result.ok ? [] : result.problems.map(({ code, hint }) => [code, hint])).toEqual([
      ['PIPE_TARGET_UNKNOWN', 'did you mean "report"?'],
      ['PIPE_TARGET_UNKNOWN', 'run `pipe stage list` to see the stages'],
      ['PIPE_TARGET_UNKNOWN', 'run `pipe stage list` to see the stages'],
    ]);
  });
});

describe('a selection', () => {
  test('without targets is everything', () => {
    expect(select([])).toHaveLength(8);
    expect(select([], { single: true })).toHaveLength(8);
  });

  test('of single items leaves out what they need', () => {
    expect(select(['report'], { single: true })).toEqual(['report']);
  });

  test('downstream is what needs the targets', () => {
    expect(select(['clean'], { downstream: true })).toEqual(['clean', 'report', 'train@a', 'train@b']);
  });

  test('of pipelines is everything connected with the targets', () => {
    expect(select(['train@a'], { pipeline: true })).toEqual(['clean', 'get', 'report', 'train@a', 'train@b']);
    expect(select(['lone'], { pipeline: true })).toEqual(['lone']);
  });

  test('recursive is the stages of all pipeline files below a folder', () => {
    expect(select(['sub'], { recursive: true })).toEqual(['sub/pipeline.yaml:clean', 'sub/pipeline.yaml:test']);
    expect(select(['.'], { recursive: true })).toHaveLength(8);
  });

  test('of patterns is the stages of the current file whose names match', () => {
    expect(select(['train@*'], { glob: true, single: true })).toEqual(['train@a', 'train@b']);
    expect(select(['*'], { glob: true, single: true, file: 'sub/pipeline.yaml', paths: ['sub/*'] })).toHaveLength(2);
    expect(() => select(['nothing*'], { glob: true })).toThrow(/PIPE_TARGET_UNKNOWN/);
  });
});
