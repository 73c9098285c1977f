import { expect, test } from 'vitest';
import { unwrap } from '../problem/problem.ts';
import { editRemove } from './edit-remove.ts';

const remove = (text: string, stage = 'train'): string => unwrap(editRemove({ file: 'pipeline.yaml', text }, stage));

const prepare = '  prepare: # first\n    cmd:   a   # odd spaces\n';
const train =
  '  # about train\n  train:\n    cmd: >\n      b\n      c\n    deps: # what it reads\n    - x\n    # - y\n';
const last = '  # about last\n  last: {cmd: c}\n';

test('a stage goes with its comments, and every other byte stays', () => {
  expect(remove(`# top\nstages:\n${prepare}${train}${last}# end\nvars: [a.yaml]\n`)).toBe(
    `# top\nstages:\n${prepare}${last}# end\nvars: [a.yaml]\n`,
  );
  expect(remove(`stages:\n\n${prepare}\n\n${train}\n\n${last}`)).toBe(`stages:\n\n${prepare}\n\n${last}`);
  expect(remove(`stages:\n${prepare}\n${train}\nvars: []\n`)).toBe(`stages:\n${prepare}\nvars: []\n`);
  expect(remove(`stages:\n${train}\n${last}`)).toBe(`stages:\n${last}`);
  expect(remove(`stages:\n${prepare}${train.trimEnd()}`)).toBe(`stages:\n${prepare}`);
});

test('the only stage leaves an empty map', () => {
  expect(remove(`stages:\n${train}vars: []\n`)).toBe('stages:\n  {}\nvars: []\n');
});

test('a stage goes from a flow map', () => {
  expect(remove('stages: {train: {cmd: a}, b: {cmd: b}}\n')).toBe('stages: {b: {cmd: b}}\n');
  expect(remove('stages: {b: {cmd: b}, train: {cmd: a}}\n')).toBe('stages: {b: {cmd: b}}\n');
  expect(remove('stages: {train: {cmd: a}}\n')).toBe('stages: {}\n');
});

test('a whole foreach goes', () => {
  const text = `stages:\n  train:\n    foreach: [a, b]\n    do:\n      cmd: echo \${item}\n${last}`;
  expect(remove(text)).toBe(`stages:\n${last}`);
});

test('a stage whose anchor is used by another stays', () => {
  const text = 'stages:\n  train: &t\n    cmd: a\n  b: *t\n';
  expect(editRemove({ file: 'pipeline.yaml', text }, 'train')).toMatchObject({
    ok: false,
    problems: [{ code: 'PIPE_EDIT' }],
  });
  expect(remove(text, 'b')).toBe('stages:\n  train: &t\n    cmd: a\n');
  expect(editRemove({ file: 'pipeline.yaml', text }, 'none').ok).toBe(false);
});
