import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toValue } from '../../kit/format/yaml/value.ts';
import { readYaml } from '../../kit/format/yaml/read.ts';
import { isMap } from '../../kit/value.ts';
import { mergeInto, type Var } from '../scope.ts';
import { faults, stageOf } from '../testing.ts';
import { evaluateWhen } from './evaluate.ts';
import { parseWhen } from './parse.ts';
import { WhenError } from './token.ts';

const globals = new Map<string, Var>();
const { root } = readYaml({
  file: 'params.yaml',
  text: 'train: {epochs: 20, lr: 0.1, name: adam, on: true, big: 9007199254740993}\nmodels: [a, b, 1]\nnothing: null\nnan: .nan\nenv: {x: 1}\nis-on: true\n',
});
const values = root && toValue(root);
if (values !== undefined && isMap(values)) mergeInto(globals, values, { from: 'params.yaml' });
const context = { scope: { locals: new Map<string, Var>(), globals }, env: { CI: 'true', EMPTY: '' } };

function holds(source: string): boolean {
  return evaluateWhen(source, context);
}

test.each([
  ['true', true],
  ['not true', false],
  ['not not true', true],
  ['train.on', true],
  ['is-on', true],
  ['${train.on}', true],
  ['${env.x} == 1', true],
  ['train.epochs > 19', true],
  ['train.epochs > 19.5', true],
  ['train.epochs == 20.0', true],
  ['train.epochs != 20', false],
  ['train.big == 9007199254740993', true],
  ['train.big == 9007199254740992', false],
  ['train.lr <= 1e-1', true],
  ['train.lr > -1', true],
  ["train.name == 'adam'", true],
  ['train.name == "a" or train.name == "adam"', true],
  ['train.name < "b"', true],
  ['true or false and false', true],
  ['(true or false) and false', false],
  ['not false and false', false],
  ['not (false and false)', true],
  ["'a' in models", true],
  ['1.0 in models', true],
  ["'c' not in models", true],
  ["not 'c' in models", true],
  ["train.name in ['sgd', 'adam',]", true],
  ["'da' in train.name", true],
  ["'lr' in train", true],
  ['train.epochs in [1, 2, 3]', false],
  ['[1, 2] == [1.0, 2]', true],
  ['models[0] == "a"', true],
  ['models[-1] == 1', true],
  ['models.1 == "b"', true],
  ["train['name'] == 'adam'", true],
  ['nothing == null', true],
  ['nan == nan', false],
  ['nan != nan', true],
  ['nan < 1', false],
  ["env.CI == 'true'", true],
  ['env.MISSING == null', true],
  ["env.EMPTY == ''", true],
  ['env.toString == null', true],
  ['1_000 == 1000', true],
  ["'it\\'s' == \"it's\"", true],
  ['1 == "1"', false],
  ['true == 1', false],
])('%s is %s', (source, expected) => {
  expect(holds(source)).toBe(expected);
});

test.each([
  ['', 'the condition ends too early', 0],
  ['train.epochs', 'a number is neither true nor false', 0],
  ['env.CI', 'a text is neither true nor false', 0],
  ['true and 1', 'a number is neither true nor false', 9],
  ['nope == 1', 'no variable is called "nope"', 0],
  ['train.epoch == 1', 'train holds nothing called "epoch"', 0],
  ['train.epochs = 1', '"=" is not expected here', 13],
  ['true && false', '"&" is not expected here', 5],
  ['1 < 2 < 3', 'comparisons cannot follow each other', 6],
  ['1 < "a"', 'a number and a text have no order', 0],
  ['1 in 2', 'a number cannot be looked for in a number', 0],
  ['(true', '")" is missing', 5],
  ['true)', '")" is not expected here', 4],
  ['[1, 2', '"]" is missing', 5],
  ["'a", 'the text has no closing quote', 0],
  ['true true', '"true" is not expected here', 5],
  ['and', '"and" is not expected here', 0],
  ['not', 'the condition ends too early', 3],
  ['env.1 == 2', 'a name must follow env.', 4],
  ['${a..b}', '${a..b} cannot be read: a name is missing', 0],
  ['('.repeat(1000), 'the condition nests too deep', 51],
  ['not '.repeat(1000), 'the condition nests too deep', 204],
])('%.30s: %s', (source, message, start) => {
  const run = (): unknown => holds(source);
  expect(run).toThrow(message);
  try {
    run();
  } catch (error) {
    expect((error as WhenError).start).toBe(start);
  }
});

test('any text is either read or refused in words', () => {
  const pieces = fc.constantFrom(
    'a',
    'env.',
    'x',
    '.',
    '[',
    ']',
    '(',
    ')',
    ' and ',
    ' or ',
    'not ',
    ' in ',
    '==',
    '<',
    '1',
    '-',
    "'s'",
    '"',
    '${',
    '}',
    ',',
    'é',
    ' ',
  );
  fc.assert(
    fc.property(
      fc.array(pieces, { maxLength: 12 }).map((all) => all.join('')),
      (source) => {
        try {
          parseWhen(source);
        } catch (error) {
          expect(error).toBeInstanceOf(WhenError);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test('a stage keeps its condition and whether it holds', () => {
  const text =
    'vars: [{n: 1}]\nstages:\n  a: {cmd: x, when: n > 0 and env.CI == null}\n  b: {cmd: x, when: false}\n  c: {cmd: x}\n  d: {foreach: [1, 2], do: {cmd: x, when: item > 1}}\n';
  const when = (name: string): unknown => stageOf(text, name).when;
  expect(when('a')).toEqual({ source: 'n > 0 and env.CI == null', holds: true });
  expect(when('b')).toEqual({ source: 'false', holds: false });
  expect(when('c')).toBeUndefined();
  expect([when('d@1'), when('d@2')]).toMatchObject([{ holds: false }, { holds: true }]);
});

test('a fault in a condition is underlined where it is', () => {
  expect(faults('vars: [{epochs: 1}]\nstages:\n  a: {cmd: x, when: "true and epoch > 1"}\n')).toEqual([
    '3:31 PIPE_WHEN when: no variable is called "epoch" [epoch] (did you mean epochs?)',
  ]);
});
