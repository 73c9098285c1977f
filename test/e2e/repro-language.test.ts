import { describe, expect } from 'vitest';
import { test } from '../rig/test.ts';
import { expectAtRest, outcomes, repro, setUp, stagesThat, states } from './repro/project.ts';

describe('globs in deps', () => {
  test('the set of matching files is the dependency', async ({ rig }) => {
    await setUp(
      rig,
      { sum: { cmd: 'cat data/*.csv > sum.txt', deps: ['data/*.csv'], outs: ['sum.txt'] } },
      {
        'data/a.csv': '1',
        'data/b.csv': '2',
        'data/note.txt': 'x',
      },
    );
    expect(await outcomes(rig)).toEqual({ sum: 'ran' });
    await rig.write({ 'data/note.txt': 'y', 'data/deep/c.csv': '3' });
    expect(await outcomes(rig)).toEqual({ sum: 'fresh' });
    await rig.write({ 'data/c.csv': '3' });
    expect(await outcomes(rig)).toEqual({ sum: 'ran' });
    await rig.run('mv', ['data/c.csv', 'data/d.csv']);
    expect(await outcomes(rig)).toEqual({ sum: 'ran' });
    await rig.remove('data/d.csv');
    expect(await outcomes(rig)).toEqual({ sum: 'restored' });
    expect(await rig.read('sum.txt')).toBe('12');
  });

  test('a glob that meets outs of a stage makes it run first', async ({ rig }) => {
    await setUp(
      rig,
      {
        join: { cmd: 'cat parts/*.txt more/**/*.txt > all', deps: ['parts/*.txt', 'more/**/*.txt'], outs: ['all'] },
        one: { cmd: 'mkdir -p parts && cp in parts/1.txt', deps: ['in'], outs: ['parts/1.txt'] },
        two: { cmd: 'mkdir -p more/a && cp in more/a/2.txt', deps: ['in'], outs: ['more'] },
        apart: { cmd: 'cp in parts.log', deps: ['in'], outs: ['parts.log'] },
      },
      { in: 'x', 'parts/0.txt': 'w' },
    );
    const run = await repro(rig, ['join']);
    expect(run).toMatchObject({ code: 0, outcomes: { one: 'ran', two: 'ran', join: 'ran' } });
    expect(Object.keys(run.outcomes)).toEqual(expect.not.arrayContaining(['apart']));
    expect(await rig.read('all')).toBe('wxx');
    await rig.write({ in: 'y' });
    expect(await states(rig)).toEqual({ one: 'run', two: 'run', apart: 'run', join: 'may-run' });
    await outcomes(rig);
    expect(await rig.read('all')).toBe('wyy');
    await expectAtRest(rig);
  });

  test('a glob that matches nothing is a missing dep', async ({ rig }) => {
    await setUp(rig, { sum: { cmd: 'true', deps: ['*.csv'] } });
    const { code, stderr } = await rig.pipe(['repro']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/PIPE_DEP_MISSING.*\*\.csv.*no file matches/);
  });
});

describe('parameters', () => {
  test('come from YAML, JSON, TOML and Python, and only the keys asked for count', async ({ rig }) => {
    const stage = (name: string, file: string) => [
      name,
      { cmd: `cp in ${name}.out`, deps: ['in'], params: [{ [file]: ['net.size'] }], outs: [`${name}.out`] },
    ];
    const files = (size: number, other: number) => ({
      'p.yaml': `net:\n  size: ${size}\n  other: ${other}\n`,
      'p.json': { net: { size, other } },
      'p.toml': `[net]\nsize = ${size}\nother = ${other}\n`,
      'p.py': `import os\nclass net:\n    size = ${size}\n    other = ${other}\n`,
    });
    const names = ['yaml', 'json', 'toml', 'py'];
    await setUp(rig, Object.fromEntries(names.map((name) => stage(name, `p.${name}`))) as Record<string, unknown>, {
      in: '',
      ...files(1, 1),
    });
    expect(stagesThat(await repro(rig), 'ran')).toEqual([...names].sort());
    await rig.write(files(1, 2));
    expect(stagesThat(await repro(rig), 'fresh')).toEqual([...names].sort());
    await rig.write(files(2, 2));
    expect(stagesThat(await repro(rig), 'ran')).toEqual([...names].sort());
    await rig.write(files(1, 3));
    expect(stagesThat(await repro(rig), 'restored')).toEqual([...names].sort());
  });

  test('a whole file counts with every key of it, but not with its layout', async ({ rig }) => {
    await setUp(
      rig,
      { all: { cmd: 'cp p.yaml out', params: [{ 'p.yaml': null }], outs: ['out'] } },
      { 'p.yaml': 'a: 1\nb: {c: 2}\n' },
    );
    expect(await outcomes(rig)).toEqual({ all: 'ran' });
    await rig.write({ 'p.yaml': '# comment\nb:\n  c: 2\na: 1\n' });
    expect(await outcomes(rig)).toEqual({ all: 'fresh' });
    await rig.write({ 'p.yaml': 'a: 1\nb: {c: 2, d: 3}\n' });
    expect(await outcomes(rig)).toEqual({ all: 'ran' });
    await rig.write({ 'p.yaml': 'a: 1\n' });
    expect(await outcomes(rig)).toEqual({ all: 'ran' });
  });

  test('a parameter that is not there is a problem before anything runs', async ({ rig }) => {
    await setUp(
      rig,
      { first: { cmd: 'touch ran' }, train: { cmd: 'true', params: ['lr', 'epochs'] } },
      { 'params.yaml': 'epochs: 1\n' },
    );
    const { code, stderr } = await rig.pipe(['repro']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/PIPE_PARAM_MISSING.*"train" asks for lr, which params\.yaml does not have/);
    expect(await rig.exists('ran')).toBe(false);
  });

  test('a parameter file, and a dep, may be made by another stage', async ({ rig }) => {
    await setUp(
      rig,
      {
        train: {
          cmd: 'cat best.yaml base.txt > model',
          deps: ['base.txt'],
          params: [{ 'best.yaml': ['lr'] }],
          outs: ['model'],
        },
        search: { cmd: 'echo "lr: $(cat in)" > best.yaml; date +%N > note', deps: ['in'], outs: ['best.yaml', 'note'] },
        base: { cmd: 'cp in base.txt', deps: ['in'], outs: ['base.txt'] },
      },
      { in: '1' },
    );
    expect(await repro(rig)).toMatchObject({ code: 0, planned: { search: 'run', base: 'run', train: 'may-run' } });
    expect(await rig.read('model')).toBe('lr: 1\n1');
    expect(await outcomes(rig, ['--force', '--single-item', 'search'])).toEqual({ search: 'ran' });
    expect(await outcomes(rig)).toEqual({ search: 'fresh', base: 'fresh', train: 'fresh' });
    await rig.write({ in: '2' });
    expect(await outcomes(rig)).toEqual({ search: 'ran', base: 'ran', train: 'ran' });
    expect(await rig.read('model')).toBe('lr: 2\n2');
  });
});

test('each stage of a foreach or a matrix is one of its own', async ({ rig }) => {
  await setUp(
    rig,
    {
      each: {
        foreach: { fr: { n: 1 }, de: { n: 2 } },
        do: { cmd: 'echo ${key} ${item.n} > ${key}.out', deps: ['in'], outs: ['${key}.out'] },
      },
      grid: {
        matrix: { size: [1, 2], kind: ['a', { deep: true }] },
        cmd: 'echo ${item.size} > ${key}.txt',
        deps: ['in'],
        outs: ['${key}.txt'],
      },
      all: { cmd: 'cat *.out > all', deps: ['*.out'], outs: ['all'] },
    },
    { in: '' },
  );
  const names = ['each@fr', 'each@de', 'grid@1-a', 'grid@1-kind1', 'grid@2-a', 'grid@2-kind1'];
  expect(stagesThat(await repro(rig), 'ran')).toEqual([...names, 'all'].sort());
  const text = await rig.read('pipeline.yaml');
  await rig.write({ 'pipeline.yaml': text.replace('"n":2', '"n":3') });
  expect(stagesThat(await repro(rig), 'ran')).toEqual(['all', 'each@de']);
  await rig.write({ 'pipeline.yaml': text.replace('"size":[1,2]', '"size":[1,2,3]') });
  const run = await repro(rig);
  expect(stagesThat(run, 'ran')).toEqual(['grid@3-a', 'grid@3-kind1']);
  expect(stagesThat(run, 'restored')).toEqual(['all', 'each@de']);
});

test('stages of several pipeline files need each other across folders, each with a lock of its own', async ({
  rig,
}) => {
  await setUp(
    rig,
    { final: { cmd: 'cat sub/made.txt > final.txt', deps: ['sub/made.txt'], outs: ['final.txt'] } },
    {
      in: '1',
      'sub/pipeline.yaml': { stages: { make: { cmd: 'cp ../in made.txt', deps: ['../in'], outs: ['made.txt'] } } },
      'sub/deep/pipeline.yaml': { stages: { make: { cmd: 'cp ../made.txt x', deps: ['../made.txt'], outs: ['x'] } } },
    },
  );
  const [sub, deep] = ['sub/pipeline.yaml:make', 'sub/deep/pipeline.yaml:make'];
  expect(await outcomes(rig)).toEqual({ [sub]: 'ran', final: 'ran' });
  expect(await outcomes(rig, ['--all-pipelines'])).toEqual({ [sub]: 'fresh', final: 'fresh', [deep]: 'ran' });
  expect(await rig.files()).toEqual(
    expect.arrayContaining(['pipeline.lock', 'sub/deep/pipeline.lock', 'sub/pipeline.lock']),
  );
  await rig.write({ in: '2' });
  expect(await outcomes(rig, [deep])).toEqual({ [sub]: 'ran', [deep]: 'ran' });
  expect(await outcomes(rig, ['make'], { cwd: 'sub' })).toEqual({ [sub]: 'fresh' });
  expect(await outcomes(rig, ['-P'], { cwd: 'sub/deep' })).toEqual({ [sub]: 'fresh', [deep]: 'fresh', final: 'ran' });
  await expectAtRest(rig);
});

test('a dvc.yaml runs as it stands: a star is a plain character, and fields that DVC lacks are problems', async ({
  rig,
}) => {
  await rig.pipe(['init', '--no-scm']);
  const stage = { cmd: 'cp "a*.txt" out.txt', deps: ['a*.txt'], params: ['n'], outs: ['out.txt'] };
  await rig.write({
    'dvc.yaml': { stages: { copy: stage } },
    'params.yaml': 'n: 1\n',
    'a*.txt': 'star',
    'ab.txt': 'other',
  });
  expect(await outcomes(rig)).toEqual({ copy: 'ran' });
  expect(await rig.read('out.txt')).toBe('star');
  await rig.write({ 'ab.txt': 'changed' });
  expect(await outcomes(rig)).toEqual({ copy: 'fresh' });
  await rig.write({ 'dvc.yaml': { stages: { copy: { ...stage, timeout: '1h', when: 'true' } } } });
  const { code, stderr } = await rig.pipe(['repro']);
  expect(code).toBe(2);
  expect(stderr.match(/PIPE_FIELD_UNKNOWN/g)).toHaveLength(2);
});

test('a pipeline in a DVC project runs where there is no .pipe folder yet, and touches nothing of DVC', async ({
  rig,
}) => {
  await rig.git('init');
  await rig.dvc('init', '--quiet');
  await rig.write({ 'dvc.yaml': { stages: { copy: { cmd: 'cp in out', deps: ['in'], outs: ['out'] } } }, in: '1' });
  await rig.dvc('repro', '--quiet');
  const lock = await rig.read('dvc.lock');
  const ends = await outcomes(rig);
  expect(ends).toEqual({ copy: expect.stringMatching(/ran|fresh|restored/) as string });
  expect(await outcomes(rig)).toEqual({ copy: 'fresh' });
  expect(await rig.read('dvc.lock')).toBe(lock);
  expect(await rig.dvc('status')).toMatch(/up to date/);
});
