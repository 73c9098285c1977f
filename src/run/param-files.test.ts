import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lookupKey } from '../fingerprint/param.ts';
import { stageOf } from '../graph/stage.fixture.ts';
import { parseCanonical } from '../kit/canonical.ts';
import type { ParamValues } from './param-files.ts';
import { ParamFiles } from './param-files.ts';

let root: string;
let files: ParamFiles;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pipe-params-'));
  files = new ParamFiles(root);
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function values(path: string, keys?: readonly string[]): ParamValues {
  const [param] = stageOf('s', { params: [{ path, ...(keys === undefined ? {} : { keys }) }] }).params;
  if (param === undefined) throw new Error('no param');
  return files.values(param);
}

test('a file as a whole gives its top-level keys; single keys may lie deeper', () => {
  writeFileSync(join(root, 'params.yaml'), 'lr: 2.0\n__proto__: 1\ntrain: {layers: [8, 4], a.b: dotted}\n');
  expect([...values('params.yaml').keys()]).toEqual(['lr', '__proto__', 'train']);
  const asked = [
    'train.layers.1',
    'train.a.b',
    'lr',
    'constructor',
    'train.toString',
    '__proto__',
    'train.layers.9',
    'lr.x',
  ];
  expect([...values('params.yaml', asked).values()]).toEqual([
    4n,
    'dotted',
    2,
    undefined,
    undefined,
    1n,
    undefined,
    undefined,
  ]);
});

test('a file that is absent or a folder has no keys', () => {
  mkdirSync(join(root, 'folder'));
  for (const path of ['absent.yaml', 'folder', 'absent/below.yaml']) {
    expect([...values(path), ...values(path, ['a'])]).toEqual([['a', undefined]]);
  }
});

test('a file that holds no keys lacks every key, and cannot be asked for as a whole', () => {
  writeFileSync(join(root, 'list.json'), '[1]');
  expect([...values('list.json', ['a']), ...values('list.json/below.yaml', ['a'])]).toEqual([
    ['a', undefined],
    ['a', undefined],
  ]);
  expect(() => values('list.json')).toThrow('list.json is listed as parameters, but holds a list, not keys');
});

test('a file outside the project is read where it lies', () => {
  writeFileSync(join(root, 'p.json'), '{"a": 1}');
  files = new ParamFiles(join(root, 'elsewhere'));
  expect(values(join(root, 'p.json'), ['a']).get('a')).toBe(1n);
  expect(values('../p.json', ['a']).get('a')).toBe(1n);
});

test('a changed file is read again', () => {
  for (const lr of [1, 2, 3]) {
    writeFileSync(join(root, 'p.json'), `{"lr": ${String(lr)}}`);
    utimesSync(join(root, 'p.json'), lr, lr);
    expect(values('p.json', ['lr']).get('lr')).toBe(BigInt(lr));
  }
});

test('a file without keys cannot be asked for as a whole: nothing would tell that it changed', () => {
  writeFileSync(join(root, 'p.json'), '[1, 2]');
  expect(() => values('p.json')).toThrow(/PIPE_\w+ p\.json .*a list/);
  expect([...values('p.json', ['1'])]).toEqual([['1', 2n]]);
  writeFileSync(join(root, 'p.json'), 'null');
  expect(values('p.json').size).toBe(0);
});

test('a file that cannot be parsed or read is named', () => {
  writeFileSync(join(root, 'p.json'), '{');
  expect(() => values('p.json')).toThrow(/PIPE_DATA_SYNTAX/);
  let shown: unknown;
  try {
    values('p.json');
  } catch (error) {
    shown = (error as { problems: { at: { source: { file: string } } }[] }).problems[0]?.at.source.file;
  }
  expect(shown).toBe('p.json');
  chmodSync(join(root, 'p.json'), 0);
  const asRoot = process.geteuid?.() === 0;
  if (asRoot) chmodSync(root, 0o755);
  if (asRoot) process.seteuid?.(65_534);
  try {
    expect(() => values('p.json')).toThrow(/PIPE_FILE_READ cannot read p\.json: permission denied/);
  } finally {
    if (asRoot) process.seteuid?.(0);
  }
});

test.each([
  ['{"a": {"b": 1}, "a.b": 2}', 'a.b', 2n],
  ['{"a": {"b.c": 1}}', 'a.b.c', 1n],
  ['{"a.b": {"c": 1}}', 'a.b.c', 1n],
  ['{"a": null}', 'a', null],
  ['{"a": null}', 'a.b', undefined],
  ['{"a": [[5]]}', 'a.0.0', 5n],
  ['{"a": [5]}', 'a.length', undefined],
  ['{"a": [5]}', 'a.-1', undefined],
  ['{"": 1}', '', 1n],
  ['7', 'a', undefined],
])('in %s the key %j is %s', (text, key, expected) => {
  expect(lookupKey(parseCanonical(text), key)).toBe(expected);
});
