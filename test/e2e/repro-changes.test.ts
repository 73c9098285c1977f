import { utimes } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import { test } from '../rig/test.ts';
import { ALL_FRESH, FILES, STAGES, finished, withFields } from './repro/four-stages.ts';
import { outcomes, setUp } from './repro/project.ts';

describe('nothing runs', () => {
  test('when nothing has changed, and no command is started', async ({ rig }) => {
    const counted = Object.fromEntries(
      Object.entries(STAGES).map(([name, stage]) => [name, { ...stage, cmd: `echo ${name} >> ran.log\n${stage.cmd}` }]),
    );
    await finished(rig, counted);
    await rig.remove('ran.log');
    expect(await outcomes(rig)).toEqual(ALL_FRESH);
    expect(await rig.exists('ran.log')).toBe(false);
    expect(await rig.pipe(['repro'])).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/up to date/) as string,
    });
  });

  test('when a file is only touched', async ({ rig }) => {
    await finished(rig);
    for (const file of ['raw.txt', 'params.yaml', 'pipeline.yaml', 'model.txt']) await utimes(rig.path(file), 1, 1);
    expect(await outcomes(rig)).toEqual(ALL_FRESH);
  });

  test('when a file is written anew with the same bytes', async ({ rig }) => {
    await finished(rig);
    await rig.remove('raw.txt');
    await rig.write({ 'raw.txt': FILES['raw.txt'] });
    expect(await outcomes(rig)).toEqual(ALL_FRESH);
  });

  test('when a parameter changes that no stage asks for', async ({ rig }) => {
    await finished(rig);
    await rig.write({ 'params.yaml': '# tuned\nmore: 1\nseed: 1\nepochs: 1\n' });
    expect(await outcomes(rig)).toEqual(ALL_FRESH);
  });

  test('when fields of a stage change that say nothing about what it makes', async ({ rig }) => {
    await finished(rig);
    const fields = {
      desc: 'what it is for',
      meta: { owner: 'me' },
      timeout: '1h',
      retry: 2,
      resources: { cpus: 1, memory: '1MB' },
      executor: 'local',
      when: 'epochs == 1',
      secrets: ['HOME'],
    };
    await rig.write({ 'pipeline.yaml': withFields('train', fields) });
    expect(await outcomes(rig)).toEqual(ALL_FRESH);
  });

  test('when deps, outs and stages are put into another order', async ({ rig }) => {
    const both = { cmd: 'cat a.txt b.txt | tee c.txt > d.txt', deps: ['a.txt', 'b.txt'], outs: ['c.txt', 'd.txt'] };
    await finished(rig, { both }, { 'a.txt': '1', 'b.txt': '2' });
    await rig.write({
      'pipeline.yaml': { stages: { both: { outs: ['d.txt', 'c.txt'], deps: ['b.txt', 'a.txt'], cmd: both.cmd } } },
    });
    expect(await outcomes(rig)).toEqual({ both: 'fresh' });
  });
});

describe('exactly the stage runs, and what follows from changed bytes,', () => {
  const changes: readonly [string, Readonly<Record<string, unknown>>, Readonly<Record<string, string>>][] = [
    ['a dep', { 'raw.txt': 'third\nsecond\n' }, { prepare: 'ran', train: 'ran', report: 'ran' }],
    ['a dep that comes to the same', { 'raw.txt': 'first\nthird\n' }, { prepare: 'ran' }],
    ['a parameter', { 'params.yaml': 'epochs: 2\nseed: 1\n' }, { train: 'ran', report: 'ran' }],
    ['a parameter of a stage apart', { 'params.yaml': 'epochs: 1\nseed: 2\n' }, { other: 'ran' }],
    ['the kind of a parameter', { 'params.yaml': 'epochs: 1\nseed: 1.0\n' }, { other: 'ran' }],
    ['a command', { 'pipeline.yaml': withFields('other', { cmd: 'cat other.txt > made.txt' }) }, { other: 'ran' }],
    ['a value of the environment', { 'pipeline.yaml': withFields('other', { env: { LEVEL: 1 } }) }, { other: 'ran' }],
    ['a dep more', { 'pipeline.yaml': withFields('other', { deps: ['other.txt', 'raw.txt'] }) }, { other: 'ran' }],
    ['a dep less', { 'pipeline.yaml': withFields('other', { deps: [] }) }, { other: 'ran' }],
    ['a parameter more', { 'pipeline.yaml': withFields('other', { params: ['seed', 'epochs'] }) }, { other: 'ran' }],
    [
      'an out more',
      {
        'pipeline.yaml': withFields('other', {
          outs: ['made.txt', { 'other.log': {} }],
          cmd: 'cp other.txt made.txt; touch other.log',
        }),
      },
      { other: 'ran' },
    ],
  ];
  test.for(changes)('when it changes: %s', async ([, files, expected], { rig }) => {
    await finished(rig);
    await rig.write(files as Record<string, string>);
    expect(await outcomes(rig)).toEqual({ ...ALL_FRESH, ...expected });
    expect(await outcomes(rig)).toEqual(ALL_FRESH);
  });

  test('when its out list changes though the command does not', async ({ rig }) => {
    await setUp(
      rig,
      { two: { cmd: 'echo 1 > a.txt; echo 2 > b.txt', deps: ['in.txt'], outs: ['a.txt'] } },
      { 'in.txt': '' },
    );
    await outcomes(rig);
    await rig.write({
      'pipeline.yaml': {
        stages: { two: { cmd: 'echo 1 > a.txt; echo 2 > b.txt', deps: ['in.txt'], outs: ['a.txt', 'b.txt'] } },
      },
    });
    expect(await outcomes(rig)).toEqual({ two: 'ran' });
  });

  test('when its working folder changes', async ({ rig }) => {
    const stage = { cmd: 'cp in.txt out.txt', deps: ['in.txt'], outs: ['out.txt'] };
    await setUp(rig, { copy: { ...stage, wdir: 'a' } }, { 'a/in.txt': 'same', 'b/in.txt': 'same' });
    expect(await outcomes(rig)).toEqual({ copy: 'ran' });
    await rig.write({ 'pipeline.yaml': { stages: { copy: { ...stage, wdir: 'b' } } } });
    expect(await outcomes(rig)).toEqual({ copy: 'ran' });
    expect(await rig.read('b/out.txt')).toBe('same');
  });

  test('when a variable of the environment that it names changes, or is unset', async ({ rig }) => {
    await setUp(
      rig,
      { show: { cmd: 'echo "$LEVEL" > out.txt', deps: ['in.txt'], env: ['LEVEL'], outs: ['out.txt'] } },
      { 'in.txt': '' },
    );
    const at = (LEVEL: string | undefined) => outcomes(rig, [], { env: { LEVEL } });
    expect(await at('low')).toEqual({ show: 'ran' });
    expect(await at('low')).toEqual({ show: 'fresh' });
    expect(await at('high')).toEqual({ show: 'ran' });
    expect(await at(undefined)).toEqual({ show: 'ran' });
    expect(await at('')).toEqual({ show: 'ran' });
    expect(await at('low')).toEqual({ show: 'restored' });
    expect(await rig.read('out.txt')).toBe('low\n');
    expect(await rig.read('pipeline.lock')).not.toContain('low');
  });

  test('when two of its files have swapped their contents', async ({ rig }) => {
    await finished(
      rig,
      { both: { cmd: 'cat a.txt b.txt > out.txt', deps: ['a.txt', 'b.txt'], outs: ['out.txt'] } },
      { 'a.txt': '1', 'b.txt': '2' },
    );
    await rig.write({ 'a.txt': '2', 'b.txt': '1' });
    expect(await outcomes(rig)).toEqual({ both: 'ran' });
    expect(await rig.read('out.txt')).toBe('21');
  });

  test('when two files of a folder have swapped their names', async ({ rig }) => {
    await finished(
      rig,
      { all: { cmd: 'ls data > out.txt; cat data/* >> out.txt', deps: ['data'], outs: ['out.txt'] } },
      { 'data/a': '1', 'data/b': '2' },
    );
    await rig.run('sh', ['-c', 'mv data/a c && mv data/b data/a && mv c data/b']);
    expect(await outcomes(rig)).toEqual({ all: 'ran' });
    expect(await rig.read('out.txt')).toBe('a\nb\n21');
  });

  test('when a file of a folder is renamed or removed', async ({ rig }) => {
    await finished(
      rig,
      { list: { cmd: 'ls data > out.txt', deps: ['data'], outs: ['out.txt'] } },
      { 'data/a': '1', 'data/b': '2' },
    );
    await rig.run('mv', ['data/a', 'data/c']);
    expect(await outcomes(rig)).toEqual({ list: 'ran' });
    await rig.remove('data/b');
    expect(await outcomes(rig)).toEqual({ list: 'ran' });
    expect(await rig.read('out.txt')).toBe('c\n');
  });

  test('when a dep is renamed together with its mention', async ({ rig }) => {
    const copy = (from: string) => ({
      stages: { copy: { cmd: 'cat *.in > out.txt', deps: [from], outs: ['out.txt'] } },
    });
    await finished(rig, copy('a.in').stages, { 'a.in': '1' });
    await rig.run('mv', ['a.in', 'b.in']);
    await rig.write({ 'pipeline.yaml': copy('b.in') });
    expect(await outcomes(rig)).toEqual({ copy: 'ran' });
  });
});

describe('what was made before is restored', () => {
  test('when a change is taken back, with all that follows from it', async ({ rig }) => {
    await finished(rig);
    const before = { model: await rig.read('model.txt'), report: await rig.read('report.txt') };
    await rig.write({ 'params.yaml': 'epochs: 2\nseed: 1\n' });
    expect(await outcomes(rig)).toEqual({ ...ALL_FRESH, train: 'ran', report: 'ran' });
    expect(await rig.read('model.txt')).toBe('first\n2\n');
    await rig.write({ 'params.yaml': FILES['params.yaml'] });
    expect(await outcomes(rig)).toEqual({ ...ALL_FRESH, train: 'restored', report: 'restored' });
    expect({ model: await rig.read('model.txt'), report: await rig.read('report.txt') }).toEqual(before);
    expect(await outcomes(rig)).toEqual(ALL_FRESH);
  });

  test('when outs are deleted, and only those', async ({ rig }) => {
    await finished(rig);
    await rig.remove('clean.txt', 'report.txt');
    expect(await outcomes(rig)).toEqual({ ...ALL_FRESH, prepare: 'restored', report: 'restored' });
    expect(await rig.read('clean.txt')).toBe('first\n');
    expect(await outcomes(rig)).toEqual(ALL_FRESH);
  });

  test('when outs were edited by hand', async ({ rig }) => {
    await finished(rig);
    await rig.write({ 'model.txt': 'edited' });
    expect(await outcomes(rig)).toEqual({ ...ALL_FRESH, train: 'restored' });
    expect(await rig.read('model.txt')).toBe('first\n1\n');
  });

  test('when the lock is gone', async ({ rig }) => {
    await finished(rig);
    await rig.remove('pipeline.lock');
    expect(new Set(Object.values(await outcomes(rig)))).toEqual(new Set(['restored']));
    expect(await outcomes(rig)).toEqual(ALL_FRESH);
  });

  test('when a stage was only renamed', async ({ rig }) => {
    await finished(rig);
    const { report, ...rest } = STAGES;
    await rig.write({ 'pipeline.yaml': { stages: { ...rest, summary: report } } });
    expect(await outcomes(rig)).toEqual({
      prepare: 'fresh',
      train: 'fresh',
      page: 'fresh',
      other: 'fresh',
      summary: 'restored',
    });
  });
});
