import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Value } from '../kit/value.ts';
import { flagsText, pythonText, quoteForShell, templateText, type Parsing } from './text.ts';

test.each<[Value, string, string]>([
  [null, 'None', 'None'],
  [true, 'True', 'true'],
  [false, 'False', 'false'],
  [7n, '7', '7'],
  [2, '2.0', '2.0'],
  [1e-5, '1e-05', '1e-05'],
  [NaN, 'nan', 'nan'],
  [-Infinity, '-inf', '-inf'],
  ['x', 'x', 'x'],
])('%s is %s in Python and %s in a template', (value, python, template) => {
  expect(pythonText(value)).toBe(python);
  expect(templateText(value)).toBe(template);
});

const map = new Map<string, Value>([
  ['lr', 0.1],
  ['on', true],
  ['off', false],
  ['names', ['a b', 1n, 'c']],
  ['none', []],
  [
    'net',
    new Map<string, Value>([
      ['layers', new Map<string, Value>([['size', 3n]])],
      ['empty', new Map()],
    ]),
  ],
  ['text', "it's"],
]);

test.each<[Parsing, string]>([
  [{}, `--lr 0.1 --on --names 'a b' 1 c --net.layers.size 3 --text 'it'"'"'s'`],
  [{ bool: 'boolean_optional' }, `--lr 0.1 --on --no-off --names 'a b' 1 c --net.layers.size 3 --text 'it'"'"'s'`],
  [{ list: 'append' }, `--lr 0.1 --on --names 'a b' --names 1 --names c --net.layers.size 3 --text 'it'"'"'s'`],
])('a map becomes flags, as %j wants them', (parsing, text) => {
  expect(flagsText(map, parsing)).toEqual({ text });
});

test('a list of lists or maps becomes no flag', () => {
  expect(flagsText(new Map([['a', [['b']]]]), {})).toEqual({ nested: 'a' });
});

test('a shell reads a quoted text as one word, whatever it holds', () => {
  const texts = fc
    .sample(fc.string({ unit: 'grapheme', maxLength: 30 }), { numRuns: 300, seed: 1 })
    .filter((text) => !/[\0\n]/.test(text));
  const script = texts.map((text) => `printf '%s\\n' ${quoteForShell(text)}`).join('\n');
  expect(execFileSync('/bin/sh', { input: script, encoding: 'utf8' }).split('\n').slice(0, -1)).toEqual(texts);
});

test('a plain word is not quoted', () => {
  expect(quoteForShell('a/b-c_d.e:f=g@h%i+j,k')).toBe('a/b-c_d.e:f=g@h%i+j,k');
  expect(quoteForShell('')).toBe("''");
});
