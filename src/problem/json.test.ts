import { expect, test } from 'vitest';
import { problemJson, problemsDocument } from './json.ts';
import type { Place, Problem } from './problem.ts';

const text = 'stages:\r\n  train:\r\n    cmd: "Grüße 😀" # x\n';
const source = { file: 'pipeline.yaml', text };
const place = (marked: string): Place => ({ source, offset: text.indexOf(marked), length: marked.length });
const problem: Problem = { code: 'PIPE_CYCLE', message: 'round and round' };

test('a place becomes line and column, both from 1, in UTF-16 units', () => {
  expect(problemJson({ ...problem, at: place('stages') })).toMatchObject({
    at: { file: 'pipeline.yaml', line: 1, column: 1, length: 6 },
  });
  expect(problemJson({ ...problem, at: place('train') })).toMatchObject({ at: { line: 2, column: 3 } });
  expect(problemJson({ ...problem, at: place('x') })).toMatchObject({ at: { line: 3, column: 23 } });
  expect(problemJson({ ...problem, at: { source, offset: text.length, length: 0 } })).toMatchObject({
    at: { line: 4, column: 1, length: 0 },
  });
});

test('a file whose text cannot be shown is named without a line', () => {
  expect(problemJson({ ...problem, at: { source: { file: 'pipeline.lock' }, offset: 9, length: 0 } })).toEqual({
    ...problem,
    at: { file: 'pipeline.lock' },
  });
});

test('only what is known is there', () => {
  expect(problemJson(problem)).toEqual({ code: 'PIPE_CYCLE', message: 'round and round' });
  const full = { ...problem, hint: 'stop', related: [{ message: 'here' }, { message: 'there', at: place('cmd') }] };
  expect(problemJson(full)).toEqual({
    ...problem,
    hint: 'stop',
    related: [{ message: 'here' }, { message: 'there', at: { file: 'pipeline.yaml', line: 3, column: 5, length: 3 } }],
  });
});

test('the document names its version, also when there is nothing to say', () => {
  expect(problemsDocument([])).toEqual({ schema: 'pipe.problems/1', problems: [] });
  expect(JSON.parse(JSON.stringify(problemsDocument([problem, problem])))).toMatchObject({
    problems: [problem, problem],
  });
});
