import { expect } from 'vitest';
import { test } from '../rig/test.ts';
import { ALL_FRESH, FILES, STAGES, finished, withFields } from './repro/four-stages.ts';
import { outcomes, setUp } from './repro/project.ts';

test('a stage runs again when the store has lost what it made', async ({ rig }) => {
  await finished(rig);
  await rig.remove('model.txt', '.pipe/cache');
  expect(await outcomes(rig)).toEqual({ ...ALL_FRESH, train: 'ran' });
});

test('a stage with an always_changed flag runs every time, and what follows only from changed bytes', async ({
  rig,
}) => {
  await setUp(
    rig,
    {
      fetch: { cmd: 'cp in.txt got.txt', deps: ['in.txt'], always_changed: true, outs: ['got.txt'] },
      use: { cmd: 'cp got.txt used.txt', deps: ['got.txt'], outs: ['used.txt'] },
    },
    { 'in.txt': '1' },
  );
  expect(await outcomes(rig)).toEqual({ fetch: 'ran', use: 'ran' });
  expect(await outcomes(rig)).toEqual({ fetch: 'ran', use: 'fresh' });
});

test('a stage without deps, params and outs runs every time', async ({ rig }) => {
  await setUp(rig, { once: { cmd: 'echo x > x.txt', outs: ['x.txt'] }, hello: { cmd: 'echo hello' } });
  expect(await outcomes(rig)).toEqual({ once: 'ran', hello: 'ran' });
  expect(await outcomes(rig)).toEqual({ once: 'fresh', hello: 'ran' });
  await rig.remove('x.txt');
  expect(await outcomes(rig)).toEqual({ once: 'ran', hello: 'ran' });
});

test('a stage that makes nothing runs when its deps change and only then', async ({ rig }) => {
  await setUp(rig, { check: { cmd: 'grep -q ok in.txt', deps: ['in.txt'] } }, { 'in.txt': 'ok' });
  expect(await outcomes(rig)).toEqual({ check: 'ran' });
  expect(await outcomes(rig)).toEqual({ check: 'fresh' });
  await rig.write({ 'in.txt': 'ok too' });
  expect(await outcomes(rig)).toEqual({ check: 'ran' });
});

test('a frozen stage never runs, and what needs it uses what is there', async ({ rig }) => {
  await finished(rig);
  await rig.write({ 'pipeline.yaml': withFields('train', { frozen: true }), 'params.yaml': 'epochs: 5\nseed: 1\n' });
  expect(await outcomes(rig)).toEqual({ ...ALL_FRESH, train: 'frozen' });
  expect(await outcomes(rig, ['--force', 'train'])).toMatchObject({ train: 'frozen' });
  await rig.write({ 'pipeline.yaml': { stages: STAGES } });
  expect(await outcomes(rig)).toEqual({ ...ALL_FRESH, train: 'ran', report: 'ran' });
});

test('what a frozen stage needs does not run for its sake, and what it made comes back', async ({ rig }) => {
  await finished(rig);
  await rig.write({ 'pipeline.yaml': withFields('train', { frozen: true }), 'raw.txt': 'third\n' });
  expect(await outcomes(rig, ['train'])).toEqual({ train: 'frozen' });
  expect(await outcomes(rig, ['page'])).toEqual({ train: 'frozen', report: 'fresh', page: 'fresh' });
  await rig.remove('model.txt', 'report.txt');
  expect(await outcomes(rig, ['page'])).toEqual({ train: 'restored', report: 'restored', page: 'fresh' });
  expect(await rig.read('model.txt')).toBe('first\n1\n');
});

test('who needs what a frozen stage has lost is told to unfreeze it', async ({ rig }) => {
  await finished(rig);
  await rig.write({ 'pipeline.yaml': withFields('train', { frozen: true }) });
  await rig.remove('model.txt', 'report.txt', '.pipe/cache');
  const { code, stderr } = await rig.pipe(['repro', 'report']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/PIPE_DEP_MISSING.*"report" needs model\.txt: "train" makes it, but it is not on disk/);
  expect(stderr).toMatch(/hint: it is frozen: pipe unfreeze train/);
});

test('a stage whose condition is false is skipped with what needs it, until it holds', async ({ rig }) => {
  await setUp(
    rig,
    {
      ...STAGES,
      train: { ...STAGES.train, when: "env.MODE == 'full' and epochs > 0" },
    },
    FILES,
  );
  expect(await outcomes(rig)).toEqual({
    prepare: 'ran',
    other: 'ran',
    train: 'skipped',
    report: 'skipped',
    page: 'skipped',
  });
  expect(await outcomes(rig, [], { env: { MODE: 'full' } })).toEqual({
    ...ALL_FRESH,
    train: 'ran',
    report: 'ran',
    page: 'ran',
  });
  expect(await outcomes(rig)).toEqual({ ...ALL_FRESH, train: 'skipped', report: 'skipped', page: 'skipped' });
  expect(await rig.exists('model.txt')).toBe(true);
});
