import fc from 'fast-check';
import { expect, test } from 'vitest';
import { composeYaml } from './compose.ts';
import type { Fault } from './fault.ts';
import { readQuickly, UNSURE } from './quick.ts';

/** Whatever the quick reader dares to answer must be what the full reader answers, places included. */
function expectAgreement(text: string): void {
  expectSame(text);
  expectSame(text.replaceAll('\n', '\r\n'));
}

function expectSame(text: string): void {
  const quick = readQuickly(text);
  if (quick === UNSURE) return;
  const faults: Fault[] = [];
  const full = composeYaml(text, faults);
  expect(faults, JSON.stringify(text)).toEqual([]);
  expect(quick, JSON.stringify(text)).toEqual(full);
}

const EVERYDAY = `# a pipeline
vars:
  - train: {lr: 0.1, flag: true}
  - more.yaml:a,b
stages:
  prepare:
    cmd: >-
      python prepare.py
      --in data

      --out clean
    deps:
    - prepare.py
    - "data/raw.csv"   # quoted
    outs: [clean.csv, 'it''s', {x.csv: {cache: false}}]
  train:
    cmd: python train.py
      --lr \${train.lr}
      # a comment ends a plain text
    params: [train.lr,
      train.epochs]
    meta: |
      first
        second

      third
    desc:
      on its own line
  many:
    foreach:
      - a
      - - nested
        - list
      -   k: 1
          l: "two\\nlines"
    do:
      cmd:
      - one
      - two
  empty:
`;

test('an everyday pipeline is read without the full reader, and alike', () => {
  expect(readQuickly(EVERYDAY)).not.toBe(UNSURE);
  expectAgreement(EVERYDAY);
});

const PIECES = [
  ...'a b key : - ? # \' " [ ] { } , | > \\ & * ! % @ ` ~ . = é 😀 1'.split(' '),
  ...[' ', '  ', '\n', '\n  ', '\n    ', '\n- ', '\n  - ', ': ', ' # c', '"q"', "'s'", 'x: 1', 'y: [1, 2]'],
  ...[
    'z: {a: 1}',
    '|-\n',
    '>\n',
    '|+\n',
    '---',
    '...',
    '<<: ',
    '\n\n',
    ' \n',
    '\n #c\n',
    '2.0',
    'null',
    'true',
    '${x}',
  ],
];

test('on any mixture of pieces both readers agree', () => {
  const text = fc.array(fc.constantFrom(...PIECES), { maxLength: 14 }).map((pieces) => pieces.join(''));
  fc.assert(fc.property(text, expectAgreement), { numRuns: 5000 });
});

test('on an everyday text with some characters changed both readers agree', () => {
  const change = fc.tuple(fc.nat(EVERYDAY.length), fc.nat(3), fc.constantFrom('', ...PIECES));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), fc.nat(20), fc.nat(20), (changes, from, count) => {
      const lines = EVERYDAY.split('\n');
      let text = lines.slice(from, from + count + 1).join('\n') + '\n';
      for (const [at, length, piece] of changes) {
        const place = at % (text.length + 1);
        text = text.slice(0, place) + piece + text.slice(place + length);
      }
      expectAgreement(text);
    }),
    { numRuns: 3000 },
  );
});

test('lines that end in CRLF are read quickly too', () => {
  expect(readQuickly('a:\r\n  - b # c\r\n\r\n  - "d"\r\n')).not.toBe(UNSURE);
});

test.each([
  'a: &x 1',
  'a: *x',
  'a: !t 1',
  '? a',
  'a:\tb',
  'a: |\r\n  b\r\n',
  'a: 1\rb: 2',
  '%YAML 1.2\n---\na: 1',
  'a: 1\na: 2',
  '<<: {a: 1}',
  'a: [1',
  'a: "\\x41"',
  '- a\nb',
  'a: b: c',
  'b:\n a:\n#\n  c\n   d\n',
])('what it does not know for certain it leaves to the full reader: %s', (text) => {
  expect(readQuickly(text)).toBe(UNSURE);
});
