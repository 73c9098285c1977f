import { open, symlink } from 'node:fs/promises';
import { expect } from 'vitest';
import { test } from '../rig/test.ts';
import { expectProblems, outcomes, reproduce, setUp } from './faults/problem.ts';

const REPRO = ['repro', '--json'];

test.for([
  [1, { a: { cmd: 'true', deps: ['x'], outs: ['x'] } }],
  [2, { a: { cmd: 'true', deps: ['y'], outs: ['x'] }, b: { cmd: 'true', deps: ['x'], outs: ['y'] } }],
  [
    3,
    {
      a: { cmd: 'true', deps: ['z'], outs: ['x'] },
      b: { cmd: 'true', deps: ['x'], outs: ['y'] },
      c: { cmd: 'true', deps: ['y'], outs: ['z'] },
    },
  ],
] as const)('a cycle of %i stages is told with its path, and nothing runs', async ([, stages], { rig }) => {
  await setUp(rig, stages);
  const run = await rig.pipe(['repro']);
  expectProblems(run, 'PIPE_CYCLE');
  expect(run.stderr).toMatch(/^pipeline\.yaml:1:\d+ /);
  for (const name of Object.keys(stages)) expect(run.stderr).toContain(`"${name}"`);
});

test('two stages that make the same path are told with both places', async ({ rig }) => {
  await setUp(rig, { a: { cmd: 'true', outs: ['x'] }, b: { cmd: 'true', outs: ['./x'] } });
  expectProblems(await rig.pipe(['repro']), 'PIPE_OUT_DUPLICATE');
});

test('an out inside another out is a problem, whichever comes first', async ({ rig }) => {
  await setUp(rig, { a: { cmd: 'true', outs: ['d/e/f'] }, b: { cmd: 'true', outs: ['d'] } });
  expectProblems(await rig.pipe(['repro']), 'PIPE_OUT_OVERLAP');
  await rig.write({
    'pipeline.yaml': { stages: { a: { cmd: 'true', outs: ['d'] }, b: { cmd: 'true', outs: ['d/e/f'] } } },
  });
  expectProblems(await rig.pipe(['repro']), 'PIPE_OUT_OVERLAP');
});

test('every fault of a file is told at once, each with its place', async ({ rig }) => {
  await setUp(rig, {});
  const field = '  a:\n    cmd: "true"\n    dpes: [x]\n  b:\n    outs: [y]\n    timeout: soon\n';
  await rig.write({ 'pipeline.yaml': `stages:\n${field}` });
  const run = await rig.pipe(['repro']);
  expectProblems(run, 'PIPE_FIELD_UNKNOWN', 'PIPE_FIELD_MISSING', 'PIPE_FIELD_VALUE');
  expect(run.stderr).toContain('pipeline.yaml:4:5');
  expect(run.stderr).toContain('did you mean deps?');
  await rig.write({ 'pipeline.yaml': 'stages:\n  a: {cmd: "1", cmd: "2"}\n  a: {cmd: "3"}\n' });
  expectProblems(await rig.pipe(['repro']), 'PIPE_KEY_DUPLICATE', 'PIPE_KEY_DUPLICATE');
});

test('a YAML bomb is refused before it is expanded', async ({ rig }) => {
  await setUp(rig, {});
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let at = 1; at < 12; at++) {
    lines.push(`a${at}: &a${at} [${Array.from({ length: 9 }, () => `*a${at - 1}`).join(', ')}]`);
  }
  const bomb = lines.join('\n');
  await rig.write({ 'pipeline.yaml': `vars:\n  - ${lines.join('\n    ')}\nstages: {}\n` });
  const run = await rig.pipe(['repro'], { limit: 10_000 });
  expectProblems(run, 'PIPE_FILE_TOO_BIG');
  await rig.write({
    'pipeline.yaml': { stages: { s: { cmd: 'true', params: [{ 'bomb.yaml': ['a11'] }] } } },
    'bomb.yaml': bomb,
  });
  expectProblems(await rig.pipe(['repro'], { limit: 10_000 }), 'PIPE_FILE_TOO_BIG');
});

test('a huge pipeline, params or vars file is refused by its size, without being read', async ({ rig }) => {
  const stages = { s: { cmd: 'true', params: [{ 'huge.yaml': ['a'] }] } };
  await setUp(rig, stages);
  const huge = await open(rig.path('huge.yaml'), 'w');
  await huge.truncate(3 * 2 ** 30);
  await huge.close();
  expectProblems(await rig.pipe(['repro'], { limit: 5_000 }), 'PIPE_FILE_TOO_BIG');
  await rig.write({ 'pipeline.yaml': { vars: ['huge.yaml'], stages: {} } });
  expectProblems(await rig.pipe(['repro'], { limit: 5_000 }), 'PIPE_FILE_TOO_BIG');
  await rig.remove('pipeline.yaml');
  await symlink('huge.yaml', rig.path('pipeline.yaml'));
  expectProblems(await rig.pipe(['repro'], { limit: 5_000 }), 'PIPE_FILE_TOO_BIG');
});

test('a folder, or a link that leads nowhere, where a file of values should be is one problem', async ({ rig }) => {
  await setUp(rig, { s: { cmd: 'true', params: [{ 'p.yaml': ['a'] }] } }, { 'p.yaml/x': '' });
  expectProblems(await rig.pipe(['repro']), 'PIPE_PARAM_MISSING');
  await rig.write({ 'pipeline.yaml': { vars: ['p.yaml'], stages: {} } });
  expectProblems(await rig.pipe(['repro']), 'PIPE_VAR_FILE');
  await rig.remove('p.yaml');
  await symlink('nowhere', rig.path('p.yaml'));
  expectProblems(await rig.pipe(['repro']), 'PIPE_VAR_FILE');
});

test('a pipeline file with Windows line ends means the same', async ({ rig }) => {
  const text =
    'stages:\n  s:\n    cmd:\n      - echo one > x\n      - |\n        echo two >> x\n        echo three >> x\n    deps: [d]\n    outs:\n      - x\n';
  await setUp(rig, {}, { d: '' });
  await rig.write({ 'pipeline.yaml': text });
  expect(await reproduce(rig)).toEqual({ s: 'ran' });
  const lock = await rig.read('pipeline.lock');
  await rig.write({ 'pipeline.yaml': text.replaceAll('\n', '\r\n') });
  expect(await reproduce(rig)).toEqual({ s: 'fresh' });
  expect(await rig.read('x')).toBe('one\ntwo\nthree\n');
  expect(await rig.read('pipeline.lock')).toBe(lock);
});

const ODD = [
  'two words',
  'a\nb',
  'tab\there',
  '🚀',
  '\u00e9', // é as one character
  'e\u0301', // é as two
  '-rf',
  `it's`,
  '"quoted"',
  '100%',
  '%2e',
  '$HOME',
  '#x',
  'back\\slash',
  '&anchor',
  ' lead',
  'trail ',
  '__proto__',
  'constructor',
  'x'.repeat(255),
];

test('files and folders may have any name', async ({ rig }) => {
  const stages = Object.fromEntries(
    ODD.map((name, at) => [
      `s${at}`,
      {
        cmd: 'IFS=; mkdir -p "$OUT"; cp "$DEP" "$OUT/$NAME"; cp "$DEP" "$FILE"',
        env: { NAME: name, DEP: `in/${name}`, OUT: `out/${name}/${name}`, FILE: `file/${name}` },
        deps: [`in/${name}`],
        outs: [`out/${name}/${name}`, `file/${name}`],
      },
    ]),
  );
  await setUp(rig, stages, Object.fromEntries(ODD.map((name) => [`in/${name}`, `for ${name}`])));
  await rig.write({ 'file/.keep': '' });
  const first = await rig.pipe([...REPRO, '-k']);
  expect(first, first.stdout + first.stderr).toMatchObject({ code: 0, stderr: '' });
  expect(new Set(Object.values(outcomes(first)))).toEqual(new Set(['ran']));
  await rig.remove('out', 'file');
  expect(new Set(Object.values(await reproduce(rig)))).toEqual(new Set(['restored']));
  for (const name of ODD) {
    expect(await rig.read(`out/${name}/${name}/${name}`)).toBe(`for ${name}`);
    expect(await rig.read(`file/${name}`)).toBe(`for ${name}`);
  }
  expect((await rig.pipe(['status'])).stdout).toContain('Everything is up to date');
  const untracked = await rig.git('status', '--porcelain', '--untracked-files=all', '--', 'out', 'file');
  expect(untracked.split('\n').filter((line) => !/\/\.(gitignore|keep)"?$/.test(line))).toEqual([]);
});

test('stages may have any name that fits in a file name and does not mean something else', async ({ rig }) => {
  const names = ODD.filter((name) => !/[\n\t\\/]/.test(name));
  const stages = Object.fromEntries(
    names.map((name, at) => [name, { cmd: `echo hello ${at} | tee out${at}`, outs: [`out${at}`] }]),
  );
  await setUp(rig, stages);
  const run = await rig.pipe([...REPRO, '-k']);
  expect(run, run.stdout + run.stderr).toMatchObject({ code: 0, stderr: '' });
  expect(Object.keys(outcomes(run)).sort()).toEqual([...names].sort());
  const logs = await rig.pipe(['logs', '--', ...names]);
  for (const at of names.keys()) expect(logs.stdout).toContain(`hello ${at}\n`);
});
