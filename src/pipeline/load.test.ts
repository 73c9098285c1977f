import { expect, test } from 'vitest';
import { faults, loaded, stageOf } from './testing.ts';

test('an empty file is a pipeline without stages', () => {
  expect(loaded('')).toMatchObject({ dialect: 'pipe', stages: [], params: [], metrics: [], plots: [], inputs: [] });
});

test('a file that does not exist is one problem', () => {
  expect(faults({})).toEqual(['PIPE_NO_PIPELINE there is no pipeline.yaml']);
});

test('all problems of a file are reported at once, in the order of the file', () => {
  const text = `stages:
  train:
    cmdd: python train.py
    deps: data.csv
    outs:
      - "\${modle}"
      - ../../outside
      - .git/hooks
  many:
    foreach: [a, b]
    do:
      cmd: echo \${itm}
      timeout: soon
  bad@name: {cmd: x}
paramz: []
`;
  expect(faults({ 'pipeline.yaml': text, 'params.yaml': 'model: m.bin\n' })).toEqual([
    '3:5 PIPE_FIELD_UNKNOWN "cmdd" is not a field of a stage [cmdd] (did you mean cmd?)',
    '3:5 PIPE_FIELD_MISSING a stage needs cmd [cmdd]',
    '4:11 PIPE_FIELD_TYPE deps must be a list of texts, found the text "data.csv" [data.csv]',
    '6:10 PIPE_VAR_UNKNOWN no variable is called "modle" [${modle}] (did you mean ${model}?)',
    '7:9 PIPE_PATH_OUTSIDE the out ../../outside lies outside the project [../../outside]',
    '8:9 PIPE_PATH_RESERVED the out .git/hooks points into .git [.git/hooks]',
    '12:17 PIPE_VAR_UNKNOWN no variable is called "itm" [${itm}] (did you mean ${item}?)',
    '13:16 PIPE_FIELD_VALUE timeout must be a duration such as 90s, 10m or 2h [soon]',
    '14:3 PIPE_STAGE_NAME the stage name "bad@name" holds "@", which separates a group from its item [bad@name] (use letters, digits, _ and -)',
    '15:1 PIPE_FIELD_UNKNOWN "paramz" is not a field of a pipeline file [paramz] (did you mean params?)',
  ]);
});

test('what all instances of a group share is reported once', () => {
  const items = Array.from({ length: 100 }, (_, index) => index).join(', ');
  expect(faults(`stages:\n  g:\n    foreach: [${items}]\n    do:\n      cmd: x \${nope}\n`)).toHaveLength(1);
});

test('the place of a template is exact inside quoted and folded texts, and the whole text where escapes hide it', () => {
  expect(
    faults('stages:\n  a:\n    cmd: "x ${b} y"\n    deps: ["${b}", "\\x41${c}", >-\n'.replace(', >-', ']')),
  ).toEqual([
    '3:13 PIPE_VAR_UNKNOWN no variable is called "b" [${b}] (define it in params.yaml or under vars)',
    '4:13 PIPE_VAR_UNKNOWN no variable is called "b" [${b}] (define it in params.yaml or under vars)',
    '4:25 PIPE_VAR_UNKNOWN no variable is called "c" [${c}] (define it in params.yaml or under vars)',
  ]);
  expect(
    faults('stages:\n  a:\n    cmd: >\n      one\n      ${two}\n      ${two}\n').map((each) => each.slice(0, 4)),
  ).toEqual(['5:7 ', '6:7 ']);
});

test('problems of variable files carry their own place', () => {
  expect(faults({ 'pipeline.yaml': 'vars: [v.json]\n', 'v.json': '{"a": }', 'params.yaml': 'a: @x\n' })).toEqual([
    'params.yaml:1:4 PIPE_YAML_SYNTAX a text cannot start with this character [@] (put it in quotes)',
    'v.json:1:7 PIPE_DATA_SYNTAX unexpected "}" [}]',
  ]);
});

test.each([
  ['- a\n', '1:1 PIPE_FIELD_TYPE the file must be a map, found a list [- a]'],
  ['text', '1:1 PIPE_FIELD_TYPE the file must be a map, found the text "text" [text]'],
  ['stages: []', '1:9 PIPE_FIELD_TYPE stages must be a map, found a list [[]]'],
  ['stages:\n', '1:7 PIPE_FIELD_TYPE stages must be a map, found nothing'],
  ['stages:\n  1: {cmd: x}', '2:3 PIPE_FIELD_TYPE a key of stages must be a text, found the number 1 [1] (write "1")'],
  [
    'stages:\n  a: {cmd: 1}',
    '2:12 PIPE_FIELD_TYPE cmd must be a text or a list of texts, found the number 1 [1] (put it in quotes)',
  ],
  ['stages:\n  a: {cmd: x}\n  a: {cmd: y}', '3:3 PIPE_KEY_DUPLICATE the key "a" comes twice [a] (keep one of them)'],
  [
    'stages:\n  a: {cmd: x, frozen: "yes"}',
    '2:23 PIPE_FIELD_TYPE frozen must be true or false, found the text "yes" ["yes"]',
  ],
  ['stages:\n  a: {cmd: ""}', '2:12 PIPE_FIELD_VALUE cmd is empty [""] (write at least one command)'],
  ['stages:\n  a: {cmd: []}', '2:12 PIPE_FIELD_VALUE cmd is empty [[]] (write at least one command)'],
  ['stages:\n  "": {cmd: x}', '2:3 PIPE_STAGE_NAME the stage name "" is empty [""] (use letters, digits, _ and -)'],
  [
    'stages:\n  "a\\nb": {cmd: x}',
    '2:3 PIPE_STAGE_NAME the stage name "a\nb" holds a control character ["a\\nb"] (use letters, digits, _ and -)',
  ],
  [
    'stages:\n  a: {cmd: x, wdir: ../..}',
    '2:21 PIPE_PATH_OUTSIDE the working folder ../.. lies outside the project [../..]',
  ],
  [
    'stages:\n  a: {cmd: x, executor: slurmm}',
    '2:25 PIPE_FIELD_VALUE "slurmm" is not known as executor [slurmm] (known are local)',
  ],
  [
    'stages:\n  a: {cmd: x, params: [{p.json: k}]}',
    '2:33 PIPE_FIELD_TYPE the params of p.json must be a list of keys, found the text "k" [k]',
  ],
  [
    'stages:\n  a: {cmd: x, deps: ["a[b"]}',
    '2:22 PIPE_FIELD_VALUE the pattern a[b cannot be read: "]" is missing ["a[b"] (write \\ before a character that stands for itself)',
  ],
  ['datasets: {a: b}', '1:11 PIPE_FIELD_TYPE datasets must be a list [{a: b}]'],
  ['artifacts: {m: {type: x}}', '1:17 PIPE_FIELD_MISSING an artifact needs path [type]'],
  ['plots: [{}]', '1:9 PIPE_FIELD_VALUE an item of plots is empty [{}]'],
])('a fault is named where it is: %s', (text, expected) => {
  expect(faults(text)).toEqual([expected]);
});

test('in a dvc.yaml our fields are errors and patterns are plain names', () => {
  const options = { file: 'dvc.yaml' };
  expect(faults({ 'dvc.yaml': 'stages:\n  a: {cmd: x, timeout: 1, when: "true"}\n' }, options)).toEqual([
    'dvc.yaml:2:15 PIPE_FIELD_UNKNOWN "timeout" is not a field of a dvc.yaml [timeout] (rename the file to pipeline.yaml to use it)',
    'dvc.yaml:2:27 PIPE_FIELD_UNKNOWN "when" is not a field of a dvc.yaml [when] (rename the file to pipeline.yaml to use it)',
  ]);
  const stage = stageOf({ 'dvc.yaml': 'stages:\n  a: {cmd: x, deps: ["data/*.csv"]}\n' }, 'a', options);
  expect(stage.deps).toMatchObject([{ path: 'data/*.csv', glob: false }]);
});

test('in a pipeline.yaml deps with wildcards are patterns, and a backslash takes a wildcard its meaning', () => {
  const stage = stageOf(
    String.raw`stages: {a: {cmd: x, deps: ['data/*.csv', './x/../y/{a,b}', 'a\[1\]', 'back\slash', '\*?']}}`,
    'a',
  );
  expect(stage.deps.map(({ path, glob }) => [path, glob])).toEqual([
    ['data/*.csv', true],
    ['y/{a,b}', true],
    ['a[1]', false],
    [String.raw`back\slash`, false],
    [String.raw`\*?`, true],
  ]);
});

test('${name:-text} has a default in a pipeline.yaml, which no defined variable lets through', () => {
  const stage = stageOf(
    'vars: [{a: {b: 1}}]\nstages:\n  s:\n    cmd: x ${a.b:-2} ${a.c:-3} ${d:-} ${e:-some text/x.y}\n    meta: ["${f:-5}", "${f:-x}"]\n',
    's',
  );
  expect(stage.cmd).toBe('x 1 3  some text/x.y');
  expect(stage.meta).toEqual([5n, 'x']);
});

test('a stage in a subfolder is addressed with its file', () => {
  const files = { 'sub/pipeline.yaml': 'stages: {a: {cmd: x, wdir: deep, deps: [../f], outs: [o]}}' };
  expect(stageOf(files, 'a', { file: 'sub/pipeline.yaml' })).toMatchObject({
    address: 'sub/pipeline.yaml:a',
    wdir: 'sub/deep',
    deps: [{ path: 'sub/f', as: '../f' }],
    outs: [{ path: 'sub/deep/o', as: 'o' }],
  });
});

test('an absolute path inside the project becomes a relative one where the root is known', () => {
  const files = 'stages: {a: {cmd: x, wdir: w, deps: [/p/in, /q/in], outs: [/p/out]}}';
  expect(stageOf(files, 'a', { root: '/p' })).toMatchObject({
    deps: [
      { path: 'in', as: '../in' },
      { path: '/q/in', as: '/q/in' },
    ],
    outs: [{ path: 'out', as: '../out' }],
  });
  expect(faults(files)).toEqual(['1:60 PIPE_PATH_OUTSIDE the out /p/out lies outside the project [/p/out]']);
});

test('the files that were read are listed', () => {
  const files = {
    'pipeline.yaml': 'vars: [v.json]\nstages: {a: {cmd: x, wdir: w, vars: [u.toml]}}',
    'v.json': '{"v": 1}',
    'w/u.toml': 'u = 1',
    'params.yaml': '',
  };
  expect(loaded(files).inputs).toEqual(['params.yaml', 'v.json', 'w/u.toml']);
});

test('a file of twenty stages with one slip each reports twenty problems', () => {
  const stages = Array.from({ length: 20 }, (_, index) => `  s${String(index)}: {cmd: x, out: [y]}`);
  expect(faults(['stages:', ...stages].join('\n'))).toHaveLength(20);
});

test('a matrix without end is one problem', () => {
  const axis = `[${Array.from({ length: 1000 }, (_, index) => index).join(', ')}]`;
  expect(faults(`stages:\n  a: {matrix: {x: ${axis}, y: ${axis}, z: ${axis}}, cmd: x}`)[0]).toContain(
    'PIPE_TOO_MANY_STAGES the matrix makes 1000000000 stages',
  );
});
