import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { equalValues } from '../kit/canonical.ts';
import { parseData } from '../kit/format/data.ts';
import type { Value, ValueMap } from '../kit/value.ts';
import { unwrap } from '../problem/problem.ts';
import { editFrozen } from './edit-freeze.ts';
import type { NewStage } from './edit-stage.ts';
import { editStage } from './edit-stage.ts';

const file = 'pipeline.yaml';
const fields: ValueMap = new Map<string, Value>([
  ['cmd', 'python train.py'],
  ['deps', ['data.csv', 'train.py']],
  ['outs', ['model.bin', new Map([['log.txt', new Map([['cache', false]])]])]],
]);

function add(text: string, stage: Partial<NewStage> = {}): string {
  return unwrap(editStage({ file, text }, { name: 'train', fields, force: false, ...stage }));
}

test('the first stage of an empty file', () => {
  expect(add('')).toMatchInlineSnapshot(`
    "stages:
      train:
        cmd: python train.py
        deps:
          - data.csv
          - train.py
        outs:
          - model.bin
          - log.txt:
              cache: false
    "
  `);
  expect(add('# notes\n')).toMatch(/^# notes\n\nstages:\n {2}train:\n/);
  expect(add('vars: [a.yaml]')).toMatch(/^vars: \[a.yaml\]\n\nstages:\n/);
  expect(add('stages:\n')).toBe(add(''));
  expect(add('stages: {} # none\n')).toMatch(/^stages: {2}# none\n {2}train:\n/);
});

test('a further stage follows the layout of the file', () => {
  const text = `# top
stages:
    prepare:   # first
        cmd: a
        deps:
        - x

    split:
        cmd: |
            b
            c

# the end
vars: [p.yaml]
`;
  const added = add(text);
  expect(added).toMatchInlineSnapshot(`
    "# top
    stages:
        prepare:   # first
            cmd: a
            deps:
            - x

        split:
            cmd: |
                b
                c

        train:
            cmd: python train.py
            deps:
            - data.csv
            - train.py
            outs:
            - model.bin
            - log.txt:
                cache: false

    # the end
    vars: [p.yaml]
    "
  `);
});

test('a file in flow style stays so', () => {
  const added = add('{"stages": {"a": {"cmd": "a"}}}');
  expect(JSON.parse(added)).toMatchObject({ stages: { a: { cmd: 'a' }, train: { cmd: 'python train.py' } } });
  expect(JSON.parse(add('{"vars": []}'))).toMatchObject({ vars: [], stages: { train: {} } });
});

test('a stage that exists is replaced only by force', () => {
  const text = 'stages:\n  train:\n    cmd: old\n';
  const result = editStage({ file, text }, { name: 'train', fields, force: false });
  expect(result.ok ? undefined : result.problems[0]).toMatchObject({
    code: 'PIPE_STAGE_EXISTS',
    at: { offset: 10, length: 5 },
  });
});

test('replacing a stage keeps the lines that keep their meaning', () => {
  const text = `stages:
  # about train
  train:   # the model
    cmd:  python train.py     # unchanged
    wdir: .                   # goes
    deps:
      - train.py   # code
      # nothing here yet
      - old.csv    # goes
    outs:
      - model.bin  # the artifact
  next:
    cmd: n
`;
  expect(add(text, { force: true })).toMatchInlineSnapshot(`
    "stages:
      # about train
      train:   # the model
        cmd:  python train.py     # unchanged
        deps:
          - train.py   # code
          # nothing here yet
          - data.csv
        outs:
          - model.bin  # the artifact
          - log.txt:
              cache: false
      next:
        cmd: n
    "
  `);
});

test('an alias is replaced by the stage itself', () => {
  const text = 'stages:\n  a: &a\n    cmd: a\n  train: *a\n  c: {cmd: c}\n';
  const added = add(text, { force: true });
  expect(added).toContain('  a: &a\n    cmd: a\n  train:\n    cmd: python train.py\n');
  const shared = editStage({ file, text }, { name: 'a', fields, force: true });
  expect(shared.ok ? undefined : shared.problems[0]?.code).toBe('PIPE_EDIT');
});

const word = fc.constantFrom(
  'a',
  'b.csv',
  'data/x y.txt',
  'é',
  '- dash',
  '#no',
  'key: value',
  '*',
  '${item}',
  '"q"',
  "it's",
  '2',
  'true',
  'null',
  '',
);
const comment = fc.constantFrom('', '', ' # note', '   # é: [', '#');
const anyFields: fc.Arbitrary<ValueMap> = fc
  .record({
    cmd: fc.oneof(
      word.filter((each) => each !== ''),
      fc.constant('one\ntwo\n'),
      fc.array(word, { minLength: 1, maxLength: 3 }),
    ),
    deps: fc.uniqueArray(word, { maxLength: 4 }),
    outs: fc.uniqueArray(word, { maxLength: 3 }),
    always_changed: fc.boolean(),
  })
  .map(({ cmd, deps, outs, always_changed }) => {
    const entries: [string, Value][] = [['cmd', cmd]];
    if (deps.length > 0) entries.push(['deps', deps]);
    if (outs.length > 0)
      entries.push([
        'outs',
        outs.map((out, index) => (index === 1 ? new Map([[out, new Map([['cache', false]])]]) : out)),
      ]);
    if (always_changed) entries.push(['always_changed', true]);
    return new Map(entries);
  });

/** A pipeline file with comments, blank lines and spaces strewn in where YAML allows them. */
const anyFile = fc
  .record({
    stages: fc.array(anyFields, { maxLength: 4 }),
    comments: fc.array(comment, { minLength: 40, maxLength: 40 }),
    blanks: fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
    indent: fc.constantFrom(2, 3, 4),
    indentSeq: fc.boolean(),
    windows: fc.boolean(),
    tail: fc.constantFrom('', 'vars:\n  - a: 1 # last\n', '# the end'),
  })
  .map(({ stages, comments, blanks, indent, indentSeq, windows, tail }) => {
    const document = new Map([['stages', new Map(stages.map((each, index) => [`s${String(index)}`, each]))]]);
    const plain = stages.length === 0 ? 'stages:\n' : stringify(document, { indent, indentSeq, lineWidth: 0 });
    let scalar: number | undefined;
    const lines = plain.split('\n').flatMap((line, index) => {
      const depth = line.search(/\S/);
      if (scalar !== undefined && (depth < 0 || depth > scalar)) return [line];
      scalar = /: [|>]/.test(line) || /- [|>]/.test(line) ? depth : undefined;
      const open = scalar === undefined && /[:\w]$/.test(line) && !line.includes('"') && !line.includes("'");
      const before = blanks[index] === true && depth > 0 ? ['', `${' '.repeat(depth)}# about`] : [];
      return [...before, open && comments[index] !== '#' ? line + (comments[index] ?? '') : line];
    });
    const text = lines.join('\n') + tail;
    return windows ? text.replaceAll('\n', '\r\n') : text;
  });

test('adding a stage changes the meaning only by that stage, and no other byte', () => {
  fc.assert(
    fc.property(anyFile, anyFields, (text, values) => {
      const before = stagesIn(text);
      const added = add(text, { name: 'fresh', fields: values });
      const after = stagesIn(added);
      expect(after.get('fresh')).toEqual(values);
      expect(equalValues(new Map([...after].filter(([name]) => name !== 'fresh')), before)).toBe(true);
      for (const line of text.split(/\r?\n/)) expect(added.split(/\r?\n/)).toContain(line);
    }),
    { numRuns: 300 },
  );
});

test('replacing a stage changes the meaning only of that stage, and keeps every comment around it', () => {
  fc.assert(
    fc.property(anyFile, anyFields, (text, values) => {
      const before = stagesIn(text);
      if (!before.has('s1')) return;
      const replaced = add(text, { name: 's1', fields: values, force: true });
      const after = stagesIn(replaced);
      expect([...after.keys()]).toEqual([...before.keys()]);
      for (const name of ['s0', 's2', 's3']) expect(after.get(name)).toEqual(before.get(name));
      expect(add(replaced, { name: 's1', fields: values, force: true })).toBe(replaced);
      const start = text.search(/^ +"?s1"?:/m);
      expect(replaced.startsWith(text.slice(0, start))).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test('freezing and unfreezing any stage gives the very same bytes', () => {
  fc.assert(
    fc.property(anyFile, fc.nat(3), (text, index) => {
      const stage = `s${String(index)}`;
      if (!stagesIn(text).has(stage)) return;
      const frozen = unwrap(editFrozen({ file, text }, stage, true));
      expect((stagesIn(frozen).get(stage) as ValueMap).get('frozen')).toBe(true);
      expect(unwrap(editFrozen({ file, text: frozen }, stage, false))).toBe(text);
    }),
    { numRuns: 300 },
  );
});

function stagesIn(text: string): ValueMap {
  const stages = (parseData(text, 'yaml') as ValueMap).get('stages');
  return stages instanceof Map ? (stages as ValueMap) : new Map();
}
