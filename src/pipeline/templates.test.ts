import { expect, test } from 'vitest';
import { faults, loaded, stageOf } from './testing.ts';

const names = (text: string, others = {}): string[] =>
  loaded({ 'pipeline.yaml': text, ...others }).stages.map(({ name }) => name);
const short = (text: string, others = {}): string[] =>
  faults({ 'pipeline.yaml': text, ...others }).map((each) => each.replace(/^\d+:\d+ /, ''));

test('a text that is one template takes the kind of the variable', () => {
  const stage = stageOf(
    { 'pipeline.yaml': 'stages:\n  a: {cmd: x, meta: {v: "${v}", w: "${w} "}}', 'params.yaml': 'v: 2.0\nw: 2.0\n' },
    'a',
  );
  expect(stage.meta).toEqual(
    new Map<string, unknown>([
      ['v', 2],
      ['w', '2.0 '],
    ]),
  );
});

test('keys of files that templates use are tracked; inline variables and whole maps are not', () => {
  const text = 'vars: [v.yaml, {c: 3}]\nstages:\n  a: {cmd: "x ${t.a} ${t.l[1]} ${c} ${v} ${t}", wdir: w}\n';
  const { tracked } = stageOf({ 'pipeline.yaml': text, 'params.yaml': 't: {a: 1, l: [1, 2]}', 'v.yaml': 'v: 1' }, 'a');
  expect(tracked).toMatchObject([
    { path: 'params.yaml', as: '../params.yaml', keys: ['t.a', 't.l.1'] },
    { path: 'v.yaml', as: '../v.yaml', keys: ['v'] },
  ]);
});

test('instances are named after their items', () => {
  expect(names('stages:\n  a: {foreach: [x, 2.0, true], do: {cmd: y}}')).toEqual(['a@x', 'a@2.0', 'a@true']);
  expect(names('stages:\n  a: {foreach: {k: 1, l: 2}, do: {cmd: y}}')).toEqual(['a@k', 'a@l']);
  expect(names('stages:\n  a: {foreach: [[1], x], do: {cmd: y}}')).toEqual(['a@0', 'a@1']);
  expect(names('stages:\n  a: {matrix: {os: [linux, win], n: [1, {z: 1}]}, cmd: y}')).toEqual([
    'a@linux-1',
    'a@linux-n1',
    'a@win-1',
    'a@win-n1',
  ]);
});

test('an instance knows its group', () => {
  expect(stageOf('stages:\n  a: {foreach: [x], do: {cmd: y}}', 'a@x').group).toBe('a');
});

test('the variables of one instance do not reach the next', () => {
  const files = {
    'pipeline.yaml':
      'stages:\n  a: {foreach: [x, y], do: {wdir: "${item}", vars: [v.yaml], cmd: "run ${v}"}}\n  b: {cmd: "run ${v:-none}"}\n',
    'x/v.yaml': 'v: 1',
    'y/v.yaml': 'v: 2',
  };
  expect(loaded(files).stages.map(({ cmd }) => cmd)).toEqual(['run 1', 'run 2', 'run none']);
});

test.each([
  [
    'stages:\n  a: {cmd: "x ${a}"}',
    'PIPE_VAR_UNKNOWN no variable is called "a" [${a}] (define it in params.yaml or under vars)',
  ],
  [
    'vars: [{a: {bc: 1}}]\nstages:\n  a: {cmd: "x ${a.bd}"}',
    'PIPE_VAR_UNKNOWN a holds nothing called "bd" [${a.bd}] (did you mean ${a.bc}?)',
  ],
  [
    'vars: [{a: 1}]\nstages:\n  a: {cmd: "x ${a.b}"}',
    'PIPE_VAR_UNKNOWN a holds nothing called "b" [${a.b}] (define it in params.yaml or under vars)',
  ],
  [
    'vars: [{a: [1]}]\nstages:\n  a: {cmd: "x ${a}"}',
    'PIPE_TEMPLATE ${a} is a list, which cannot stand here [${a}] (name one of its items, such as ${list[0]})',
  ],
  [
    'vars: [{a: {b: 1}}]\nstages:\n  a: {cmd: x, deps: ["${a}"]}',
    'PIPE_TEMPLATE ${a} is a map, which cannot stand here [${a}] (a map can stand in cmd, where it becomes flags)',
  ],
  [
    'vars: [{a: {b: [[1]]}}]\nstages:\n  a: {cmd: "x ${a}"}',
    'PIPE_TEMPLATE "b" is a list of lists or maps, which cannot become a flag [${a}]',
  ],
  [
    'vars: [{a: {b: 1}}]\nstages:\n  a: {cmd: "${a}"}',
    'PIPE_FIELD_TYPE cmd must be a text, found a map ["${a}"] (put the program in front, such as python train.py ${train})',
  ],
  [
    'stages:\n  a: {cmd: "x ${a.}"}',
    'PIPE_TEMPLATE ${a.} cannot be read: a name is missing [${a.}] (write a name such as ${train.epochs} or ${layers[0]})',
  ],
  [
    'vars: [{a: 1}]\nstages:\n  a: {cmd: x, outs: ["${a}"]}',
    'PIPE_FIELD_TYPE an item of outs must be a text, found the number 1 ["${a}"]',
  ],
  [
    'vars: [{a: ""}]\nstages:\n  a: {cmd: x, outs: ["${a}"]}',
    'PIPE_FIELD_VALUE an item of outs must be a path, found the text "" ["${a}"]',
  ],
  ['vars: [{a: "${b}"}]', 'PIPE_TEMPLATE ${…} is not allowed under vars [{a: "${b}"}] (write the value itself)'],
  [
    'vars: [{a: 1}, {a: 2}]',
    'PIPE_VAR_CONFLICT vars[1] defines "a", which vars[0] defines already [{a: 2}] (keep one of them)',
  ],
  [
    'vars: [{a: {b: 1}}, {a: {b: 2, c: 3}}]',
    'PIPE_VAR_CONFLICT vars[1] defines "a.b", which vars[0] defines already [{a: {b: 2, c: 3}}] (keep one of them)',
  ],
  ['vars: [v.yaml]', 'PIPE_VAR_FILE v.yaml does not exist [v.yaml]'],
  [
    'stages:\n  a: {foreach: x, do: {cmd: y}}',
    'PIPE_FIELD_TYPE foreach must be a list or a map [x] (write ${name} for a variable)',
  ],
  [
    'stages:\n  a: {foreach: [""], do: {cmd: y}}',
    'PIPE_STAGE_NAME the name of an item, "", is empty [[""]] (use a map, whose keys become the names)',
  ],
  ['stages:\n  a: {matrix: {x: linux}, cmd: y}', 'PIPE_FIELD_TYPE x must be a list [linux]'],
  [
    'stages:\n  a: {foreach: [1], do: {vars: [{item: 1}], cmd: y}}',
    'PIPE_VAR_CONFLICT a@1.vars[0] defines "item", which stands for the item of the group [{item: 1}] (rename it)',
  ],
  [
    'stages:\n  a: {foreach: [1], do: {cmd: y}, deps: [z]}',
    'PIPE_FIELD_UNKNOWN "deps" is not a field of a foreach group [deps] (known are foreach, do)',
  ],
])('a fault of a template is explained: %s', (text, expected) => {
  expect(short(text)).toEqual([expected]);
});

test('a key of a file that is not there names the nearest one', () => {
  expect(short('vars: ["v.yaml:epoch"]', { 'v.yaml': 'epochs: 1' })).toEqual([
    'PIPE_VAR_UNKNOWN v.yaml has no key "epoch" ["v.yaml:epoch"] (did you mean epochs?)',
  ]);
});
