import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { Value } from '../kit/value.ts';
import { joinCommand, keepAnnotations, stageFields } from './new-stage.ts';

test('one word is a whole command; of several, those with spaces are quoted as DVC does', () => {
  expect(joinCommand(['python train.py "a b"'])).toBe('python train.py "a b"');
  expect(joinCommand(['echo', 'a b', '', 'say "x y"', '--n=1'])).toBe('echo "a b" "" say "x y" --n=1');
});

test('fields come in the order and form that DVC writes', () => {
  const fields = stageFields({
    command: ['python', 'train.py'],
    desc: 'Trains',
    wdir: 'sub',
    deps: ['b.csv', 'a.csv', 'b.csv'],
    params: ['lr,epochs', 'other.yaml:z,a', 'whole.json:', 'batch'],
    outs: [
      { field: 'outs', paths: ['model', 'b'], cache: true, persist: false },
      { field: 'outs', paths: ['keep'], cache: false, persist: true },
      { field: 'metrics', paths: ['m.json'], cache: false, persist: false },
    ],
    alwaysChanged: true,
    env: ['SEED=1', 'HOME'],
    secrets: ['TOKEN'],
    timeout: '90s',
    retry: '3',
    resources: new Map([
      ['cpus', '1.5'],
      ['memory', '4GB'],
    ]),
  });
  expect(stringify(fields, { nullStr: '' })).toMatchInlineSnapshot(`
    "desc: Trains
    cmd: python train.py
    wdir: sub
    deps:
      - a.csv
      - b.csv
    params:
      - batch
      - epochs
      - lr
      - other.yaml:
          - a
          - z
      - whole.json:
    outs:
      - b
      - keep:
          cache: false
          persist: true
      - model
    metrics:
      - m.json:
          cache: false
    always_changed: true
    env:
      - HOME
      - SEED: "1"
    secrets:
      - TOKEN
    timeout: 90s
    retry: 3
    resources:
      cpus: 1.5
      memory: 4GB
    "
  `);
});

test('replacing keeps meta, the description and what outs say', () => {
  const old = new Map<string, Value>([
    ['desc', 'old words'],
    [
      'outs',
      [
        'plain',
        new Map([
          [
            'model',
            new Map<string, Value>([
              ['cache', false],
              ['remote', 'big'],
            ]),
          ],
        ]),
      ],
    ],
    ['meta', new Map([['owner', 'me']])],
  ]);
  const fields = stageFields({
    command: ['x'],
    outs: [{ field: 'outs', paths: ['model', 'plain'], cache: true, persist: false }],
  });
  expect([...keepAnnotations(fields, old)]).toEqual([
    ['desc', 'old words'],
    ['cmd', 'x'],
    ['outs', [new Map([['model', new Map([['remote', 'big']])]]), 'plain']],
    ['meta', new Map([['owner', 'me']])],
  ]);
});
