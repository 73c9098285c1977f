import { expect, test } from 'vitest';
import { editFrozen } from './edit-freeze.ts';
import { unwrap } from '../problem/problem.ts';

function freeze(text: string, stage = 'train', frozen = true): string {
  return unwrap(editFrozen({ file: 'pipeline.yaml', text }, stage, frozen));
}

const cases: Record<string, string> = {
  'a block with comments and blank lines': `# top
stages:

  prepare: # first
    cmd:   python prepare.py   # odd spaces
    outs: [ data.csv ]


  # about train
  train:
    cmd: >
      python train.py
      --fast

    deps:
    - data.csv
    # - more.csv
  # about the end
vars: [a.yaml]
`,
  'a last stage without a line end': 'stages:\n  train:\n    cmd: python train.py',
  'a flow map': 'stages: {train: {cmd: "python train.py"}, b: {cmd: b}}\n',
  'a flow map with spaces': 'stages:\n  train: { cmd: x }\n  b:\n    cmd: b\n',
  'a block scalar that keeps its blank lines': 'stages:\n  train:\n    cmd: |+\n      a\n\n\n  b:\n    cmd: b\n',
  'a block scalar that drops its blank lines': 'stages:\n  train:\n    cmd: |\n      a\n\n\n  b:\n    cmd: b\n',
  'Windows line ends': 'stages:\r\n  train:\r\n    cmd: a # c\r\n    deps:\r\n      - b\r\n  b:\r\n    cmd: b\r\n',
  'an explicit value with a comment': 'stages:\n  train:\n    frozen: false # for now\n    cmd: a\n',
  'a foreach': 'stages:\n  train:\n    foreach: [a, b]\n    do:\n      cmd: echo ${item}\n',
  'a matrix': 'stages:\n  train:\n    matrix:\n      x: [1, 2]\n    cmd: echo ${item.x}\n',
  'a last field without a value': 'stages:\n  train:\n    cmd: a\n    meta:\n',
  'a quoted name': 'stages:\n  "train":\n    cmd: a\n',
};

test.each(Object.entries(cases))('unfreezing undoes freezing byte for byte: %s', (_, text) => {
  const frozen = freeze(text);
  expect(frozen).not.toBe(text);
  expect(freeze(frozen)).toBe(frozen);
  expect(freeze(frozen, 'train', false)).toBe(text);
});

test('freezing adds one line at the end of the stage, before comments that belong to what follows', () => {
  expect(freeze(cases['a block with comments and blank lines'] ?? '')).toContain(
    '    - data.csv\n    # - more.csv\n    frozen: true\n  # about the end\n',
  );
});

test('freezing what unfreezing changed gives the first text again', () => {
  const text = 'stages:\n  train:\n    frozen: true # by hand\n    cmd: a\n';
  const thawed = freeze(text, 'train', false);
  expect(thawed).toBe('stages:\n  train:\n    frozen: false # by hand\n    cmd: a\n');
  expect(freeze(thawed)).toBe(text);
});

test('a stage that merges a template is frozen alone', () => {
  const text = 'base: &base\n  cmd: a\nstages:\n  train:\n    <<: *base\n    desc: x\n  b:\n    <<: *base\n';
  expect(freeze(text)).toContain('    desc: x\n    frozen: true\n  b:');
  expect(freeze(freeze(text), 'train', false)).toBe(text);
});

test('a stage that shares its map with another is left alone', () => {
  const text = 'stages:\n  train: &t\n    cmd: a\n  b: *t\n';
  const result = editFrozen({ file: 'pipeline.yaml', text }, 'train', true);
  expect(result.ok ? '' : result.problems[0]?.code).toBe('PIPE_EDIT');
  expect(editFrozen({ file: 'pipeline.yaml', text }, 'b', true).ok).toBe(false);
});

test('a templated value is left alone', () => {
  const text = 'stages:\n  train:\n    cmd: a\n    frozen: ${frozen}\n';
  const result = editFrozen({ file: 'pipeline.yaml', text }, 'train', true);
  expect(result.ok ? '' : result.problems[0]?.message).toContain('${frozen}');
});
