import { expect, test } from 'vitest';
import { faults, stageOf } from './testing.ts';

const stage = (fields: string, options = {}) =>
  stageOf(`stages:\n  s:\n    cmd: x\n${fields.replace(/^/gm, '    ')}\n`, 's', options);
const wrong = (fields: string, options = {}) =>
  faults(`stages:\n  s:\n    cmd: x\n${fields.replace(/^/gm, '    ')}\n`, options).map((each) =>
    each.replace(/^\d+:\d+ /, ''),
  );

test('env sets values, and names of a list are dependencies', () => {
  expect(stage('env: {A: text, B: 1, C: 2.0, D: true}')).toMatchObject({ envDeps: [], secrets: [] });
  expect([...stage('env: {A: text, B: 1, C: 2.0, D: true}').env]).toEqual([
    ['A', 'text'],
    ['B', '1'],
    ['C', '2.0'],
    ['D', 'true'],
  ]);
  const mixed = stage('env: [HOME, {A: "1", B: "2"}, PATH, HOME]\nsecrets: [TOKEN]');
  expect(mixed.envDeps).toEqual(['HOME', 'PATH']);
  expect([...mixed.env.keys()]).toEqual(['A', 'B']);
  expect(mixed.secrets).toEqual(['TOKEN']);
});

test('env can use variables', () => {
  const text = 'vars: [{n: 4}]\nstages:\n  s: {cmd: x, env: {N: "${n}", M: "m${n}"}}\n';
  expect([...stageOf(text, 's').env.values()]).toEqual(['4', 'm4']);
});

test.each([
  [
    'env: {A-B: 1}',
    'PIPE_FIELD_VALUE "A-B" is not the name of an environment variable [A-B] (use letters, digits and _)',
  ],
  [
    'env: {PIPE_ROOT: x}',
    'PIPE_FIELD_VALUE PIPE_ROOT is set by pipe for every command [PIPE_ROOT] (choose another name)',
  ],
  ['env: [A, {A: 1}]', 'PIPE_FIELD_VALUE env both sets A and depends on it [[A, {A: 1}]] (keep one of the two)'],
  ['env: [{A: 1}, {A: 2}]', 'PIPE_KEY_DUPLICATE env sets A twice [A] (keep one of them)'],
  ['env: {A: }', 'PIPE_FIELD_TYPE "A" must be a text or a number or true or false, found nothing'],
  ['env: {A: [1]}', 'PIPE_FIELD_TYPE "A" must be a text or a number or true or false, found a list [[1]]'],
  [
    'env: {A: x}\nsecrets: [A]',
    'PIPE_FIELD_VALUE A is both in env and in secrets [A] (a secret is passed on as it is: remove it from env)',
  ],
  ['secrets: ["a b"]', 'PIPE_FIELD_VALUE an item of secrets must be the name of an environment variable ["a b"]'],
])('what env and secrets cannot be: %s', (fields, expected) => {
  expect(wrong(fields)).toContain(expected);
});

test.each([
  ['timeout: 90', 90_000],
  ['timeout: 1.5', 1500],
  ['timeout: 90s', 90_000],
  ['timeout: 10m', 600_000],
  ['timeout: 2h', 7_200_000],
  ['timeout: 1h30m', 5_400_000],
  ['timeout: 500ms', 500],
  ['timeout: 1.5h', 5_400_000],
])('%s is %d ms', (fields, ms) => {
  expect(stage(fields).timeoutMs).toBe(ms);
});

test.each([
  'timeout: 0',
  'timeout: -1',
  'timeout: soon',
  'timeout: 10 m',
  'timeout: 0s',
  'timeout: 100d',
  'timeout: true',
  'timeout: [1]',
])('%s is refused', (fields) => {
  expect(wrong(fields)).toHaveLength(1);
});

test('retry is a count, or a count with its pauses', () => {
  expect(stage('retry: 3').retry).toEqual({ count: 3, delayMs: 1000, factor: 2, maxDelayMs: 60_000 });
  expect(stage('retry: {count: 2, delay: 500ms, factor: 1.5, max_delay: 10}').retry).toEqual({
    count: 2,
    delayMs: 500,
    factor: 1.5,
    maxDelayMs: 10_000,
  });
  expect(stage('').retry).toBeUndefined();
});

test.each([
  ['retry: -1', 'PIPE_FIELD_VALUE retry must be at least 0 [-1]'],
  ['retry: 1.5', 'PIPE_FIELD_TYPE retry must be a whole number or a number or a map, found the number 1.5 [1.5]'],
  ['retry: {delay: 1}', 'PIPE_FIELD_MISSING retry needs count [delay]'],
  ['retry: {count: 1, factor: 0.5}', 'PIPE_FIELD_VALUE factor must be at least 1 [0.5]'],
  ['retry: {count: 1, dely: 5}', 'PIPE_FIELD_UNKNOWN "dely" is not a field of retry [dely] (did you mean delay?)'],
])('what retry cannot be: %s', (fields, expected) => {
  expect(wrong(fields)).toContain(expected);
});

test('resources name cores, memory and GPUs', () => {
  expect(stage('').resources).toEqual({ cpus: 1, gpus: 0 });
  expect(stage('resources: {cpus: 0.5, memory: 4GB, gpus: 1}').resources).toEqual({
    cpus: 0.5,
    gpus: 1,
    memoryBytes: 4e9,
  });
  expect(stage('resources: {memory: 512MiB}').resources.memoryBytes).toBe(512 * 1024 ** 2);
  expect(stage('resources: {memory: 1.5 GiB}').resources.memoryBytes).toBe(1.5 * 1024 ** 3);
  expect(stage('resources: {memory: 1000}').resources.memoryBytes).toBe(1000);
});

test('resources can use variables, whose values are checked', () => {
  const text = (value: string): string =>
    `vars: [{n: ${value}}]\nstages:\n  s: {cmd: x, resources: {cpus: "\${n}"}, retry: "\${n}", timeout: "\${n}"}\n`;
  expect(stageOf(text('2'), 's')).toMatchObject({ resources: { cpus: 2 }, retry: { count: 2 }, timeoutMs: 2000 });
  expect(faults(text('many')).map((each) => each.replace(/^\d+:\d+ /, ''))).toEqual([
    'PIPE_FIELD_VALUE cpus must be a number, greater than 0, found the text "many" ["${n}"]',
    'PIPE_FIELD_VALUE count must be a whole number, at least 0, found the text "many" ["${n}"]',
    'PIPE_FIELD_VALUE timeout must be a duration such as 90s, 10m or 2h, found the text "many" ["${n}"]',
  ]);
});

test('more than the machine has is a problem', () => {
  const machine = { cpus: 4, memoryBytes: 8 * 1024 ** 3, gpus: 0 };
  expect(stage('resources: {cpus: 4, memory: 8GiB}', { machine }).resources.cpus).toBe(4);
  expect(wrong('resources: {cpus: 8, memory: 9GiB, gpus: 1}', { machine })).toEqual([
    'PIPE_RESOURCES the stage wants 8 cpus, this machine has 4 [8] (ask for less, or run it elsewhere)',
    'PIPE_RESOURCES the stage wants 9.0 GiB of memory, this machine has 8.0 GiB of memory [9GiB] (ask for less, or run it elsewhere)',
    'PIPE_RESOURCES the stage wants 1 gpus, this machine has 0 [1] (ask for less, or run it elsewhere)',
  ]);
});

test.each([
  'resources: {cpus: 0}',
  'resources: {cpus: -1}',
  'resources: {gpus: 0.5}',
  'resources: {memory: lots}',
  'resources: {memory: 0}',
  'resources: {cpu: 1}',
  'resources: 4',
])('%s is refused', (fields) => {
  expect(wrong(fields)).toHaveLength(1);
});

test('outside foreach and matrix too, a stage keeps desc, meta, flags and the executor', () => {
  expect(stage('desc: D\nmeta: {a: 1}\nfrozen: true\nalways_changed: true\nexecutor: local')).toMatchObject({
    desc: 'D',
    meta: new Map([['a', 1n]]),
    frozen: true,
    alwaysChanged: true,
    executor: 'local',
  });
});
