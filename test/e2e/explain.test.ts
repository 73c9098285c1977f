import { expect } from 'vitest';
import { test } from '../rig/test.ts';
import { expectValid } from '../setup/schema.ts';
import { outcomes, setUp } from './repro/project.ts';

const TRAIN = { cmd: 'cp in model', deps: ['in'], params: ['epochs'], outs: ['model'] };

/** Moments and durations differ from run to run. */
function timeless(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'SOME DAY')
    .replaceAll(/\d+(?:\.\d+)? (?:ms|s)\b/g, 'SOME TIME');
}

test('it says why a stage will run, is restored, or is left alone', async ({ rig }) => {
  await setUp(
    rig,
    { prepare: { cmd: 'cp raw in', deps: ['raw'], outs: ['in'] }, train: TRAIN },
    { raw: '1', 'params.yaml': 'epochs: 1\n' },
  );
  const explain = async (stage = 'train'): Promise<string> => {
    const { code, stdout, stderr } = await rig.pipe(['explain', stage]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return timeless(stdout);
  };
  expect(await explain()).toMatchInlineSnapshot(`
    "train may run, depending on what other stages make:
      it has not run before
      prepare runs first
      (needs prepare)
    "
  `);
  await outcomes(rig);
  expect(await explain()).toMatchInlineSnapshot(`
    "train is fresh: nothing changed since its last run.
      (needs prepare; its last run took SOME TIME)
      its outs were made by the run of SOME DAY UTC
    "
  `);
  await rig.write({ 'params.yaml': 'epochs: 2\n' });
  expect(await explain()).toMatchInlineSnapshot(`
    "train will run:
      params.yaml: epochs 1 → 2
      (needs prepare; its last run took SOME TIME)
    "
  `);
  await rig.write({
    'pipeline.yaml': {
      stages: {
        prepare: { cmd: 'cp raw in', deps: ['raw'], outs: ['in'] },
        train: { ...TRAIN, cmd: 'cat in > model' },
      },
    },
  });
  expect(await explain()).toMatchInlineSnapshot(`
    "train will run:
      its command changed
        - cp in model
        + cat in > model
      params.yaml: epochs 1 → 2
      (needs prepare; its last run took SOME TIME)
    "
  `);
  await rig.write({ raw: '2' });
  expect(await explain()).toMatchInlineSnapshot(`
    "train may run, depending on what other stages make:
      its command changed
        - cp in model
        + cat in > model
      params.yaml: epochs 1 → 2
      prepare runs first
      (needs prepare; its last run took SOME TIME)
    "
  `);
  expect(await explain('prepare')).toMatchInlineSnapshot(`
    "prepare will run:
      dep raw changed
      (its last run took SOME TIME)
    "
  `);
  await rig.write({
    raw: '1',
    'params.yaml': 'epochs: 1\n',
    'pipeline.yaml': { stages: { prepare: { cmd: 'cp raw in', deps: ['raw'], outs: ['in'] }, train: TRAIN } },
  });
  await rig.remove('model');
  expect(await explain()).toMatchInlineSnapshot(`
    "train will be restored: a run with the same inputs is in the cache:
      out model is missing
      (needs prepare; its last run took SOME TIME)
      its outs were made by the run of SOME DAY UTC
    "
  `);
});

test('a stage that makes other bytes from the same inputs is named as not deterministic', async ({ rig }) => {
  await setUp(rig, { roll: { cmd: 'date +%s%N > out', deps: ['in'], outs: ['out'] } }, { in: '' });
  await outcomes(rig);
  expect((await rig.pipe(['explain', 'roll'])).stdout).not.toContain('deterministic');
  await outcomes(rig, ['-f']);
  const newest = await rig.read('out');
  expect((await rig.pipe(['explain', 'roll'])).stdout).toContain(
    'not deterministic: 2 runs with the same inputs made different outs',
  );
  await rig.remove('out');
  expect(await outcomes(rig)).toEqual({ roll: 'restored' });
  expect(await rig.read('out')).toBe(newest);
});

test('its JSON follows the schema, for groups too', async ({ rig }) => {
  await setUp(
    rig,
    { each: { foreach: ['1', '2'], do: { cmd: 'cp in ${item}.out', deps: ['in'], outs: ['${item}.out'] } } },
    { in: '' },
  );
  expectValid((await rig.pipe(['explain', 'each', '--json'])).json());
  await outcomes(rig);
  const document = (await rig.pipe(['explain', 'each', '--json'])).json<{ stages: unknown[] }>();
  expectValid(document);
  expect(document.stages).toMatchObject([
    { stage: 'each@1', state: 'fresh', runs: [{ durationMs: expect.any(Number) as number }] },
    { stage: 'each@2', state: 'fresh' },
  ]);
});

test('the values of environment variables are not told', async ({ rig }) => {
  await setUp(rig, { show: { cmd: 'true', env: ['LEVEL'], deps: ['in'] } }, { in: '' });
  await outcomes(rig, [], { env: { LEVEL: 'whisper' } });
  const { stdout } = await rig.pipe(['explain', 'show'], { env: { LEVEL: 'shout!' } });
  expect(stdout).toContain('environment variable LEVEL changed');
  expect(stdout).not.toMatch(/whisper|shout/);
});
