import { describe, expect } from 'vitest';
import { test } from '../rig/test.ts';
import { expectAtRest, outcomes, repro, runOf, setUp, states } from './repro/project.ts';

describe('when a stage fails', () => {
  test('nothing new starts, and what runs may end', async ({ rig }) => {
    const command = await rig.command();
    await setUp(
      rig,
      {
        slow: { cmd: `${command.line} slow`, deps: ['in'], outs: ['slow.out'] },
        bad: { cmd: `${command.line} bad`, deps: ['in'] },
        later: { cmd: 'touch later.out', deps: ['in'], outs: ['later.out'] },
        after: { cmd: 'touch after.out', deps: ['slow.out'], outs: ['after.out'] },
      },
      { in: '' },
    );
    const running = rig.spawn(['repro', '--json', '-j', '2']);
    const [first, second] = [await command.next(), await command.next()];
    const [bad, slow] = first.started.args[0] === 'bad' ? [first, second] : [second, first];
    await bad.exit(3);
    await running.printed(/"outcome":"failed"/);
    await slow.write({ 'slow.out': '1' });
    await slow.exit();
    const run = runOf(await running.done);
    expect(run).toMatchObject({
      code: 1,
      outcomes: { bad: 'failed', slow: 'ran', later: 'cancelled', after: 'cancelled' },
    });
    expect(await rig.exists('later.out')).toBe(false);
    expect(await states(rig)).toMatchObject({ slow: 'fresh', bad: 'run', later: 'run' });
  });

  test('--keep-going runs what does not need it', async ({ rig }) => {
    await setUp(
      rig,
      {
        bad: { cmd: 'exit 3', deps: ['in'], outs: ['bad.out'] },
        needs: { cmd: 'touch n', deps: ['bad.out'], outs: ['n'] },
        and: { cmd: 'touch a', deps: ['n'], outs: ['a'] },
        apart: { cmd: 'touch apart.out', deps: ['in'], outs: ['apart.out'] },
      },
      { in: '' },
    );
    expect(await repro(rig, ['-k', '-j', '1'])).toMatchObject({
      code: 1,
      outcomes: { bad: 'failed', needs: 'blocked', and: 'blocked', apart: 'ran' },
    });
  });

  test('--ignore-errors runs everything else, with what is there', async ({ rig }) => {
    await setUp(
      rig,
      {
        half: { cmd: 'echo half > half.out; exit 3', deps: ['in'], outs: ['half.out'] },
        none: { cmd: 'exit 4', deps: ['in'], outs: ['none.out'] },
        'use-half': { cmd: 'cp half.out used', deps: ['half.out'], outs: ['used'] },
        'use-none': { cmd: 'cp none.out unused', deps: ['none.out'], outs: ['unused'] },
      },
      { in: '' },
    );
    expect(await repro(rig, ['--ignore-errors'])).toMatchObject({
      code: 1,
      outcomes: { half: 'failed', none: 'failed', 'use-half': 'ran', 'use-none': 'failed' },
    });
    expect(await rig.read('used')).toBe('half\n');
    expect(await states(rig)).toMatchObject({ half: 'run', none: 'run' });
  });

  test('it is tried again the next time, and nothing of it counts as finished', async ({ rig }) => {
    await setUp(
      rig,
      {
        make: { cmd: 'echo half > out; test -e ready && echo whole > out', deps: ['in'], outs: ['out'] },
        use: { cmd: 'cp out used', deps: ['out'], outs: ['used'] },
      },
      { in: '' },
    );
    expect(await repro(rig)).toMatchObject({ code: 1, outcomes: { make: 'failed', use: 'blocked' } });
    expect(await repro(rig)).toMatchObject({ code: 1, outcomes: { make: 'failed', use: 'blocked' } });
    await rig.write({ ready: '' });
    expect(await outcomes(rig)).toEqual({ make: 'ran', use: 'ran' });
    expect(await rig.read('used')).toBe('whole\n');
    await expectAtRest(rig);
  });

  test('what was made before it failed is not lost: taking the change back restores it', async ({ rig }) => {
    await setUp(
      rig,
      { make: { cmd: 'test ${n} != 2 && echo ${n} > out', params: ['n'], outs: ['out'] } },
      { 'params.yaml': 'n: 1\n' },
    );
    await outcomes(rig);
    await rig.write({ 'params.yaml': 'n: 2\n' });
    expect(await repro(rig)).toMatchObject({ code: 1, outcomes: { make: 'failed' } });
    await rig.write({ 'params.yaml': 'n: 1\n' });
    expect(await outcomes(rig)).toEqual({ make: 'restored' });
  });

  test('a stage that edits its own dep has failed, and nothing of it is recorded', async ({ rig }) => {
    await setUp(rig, { edit: { cmd: 'cp in out; echo more >> in', deps: ['in'], outs: ['out'] } }, { in: '' });
    const { code, stderr } = await rig.pipe(['repro']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/PIPE_DEP_CHANGED.*in changed while "edit" ran/);
    expect(await states(rig)).toEqual({ edit: 'run' });
  });
});

describe('retry', () => {
  /** Fails until it has been tried so often; each attempt leaves a line. */
  const stubborn = (attempts: number) =>
    `echo try >> ../tries; test ! -e out && echo $(wc -l < ../tries) | tee out; test $(wc -l < ../tries) -ge ${attempts}`;

  test('tries again after growing pauses, from a clean start each time', async ({ rig }) => {
    await setUp(
      rig,
      {
        hard: { cmd: stubborn(3), deps: ['in'], outs: ['out'], retry: { count: 3, delay: '0.01s', factor: 3 } },
      },
      { in: '' },
    );
    const run = await repro(rig);
    expect(run).toMatchObject({ code: 0, outcomes: { hard: 'ran' } });
    expect(run.events.filter(({ type }) => type === 'stage-retry')).toMatchObject([
      { attempt: 1, delayMs: 10, problem: { code: 'PIPE_STAGE_FAILED' } },
      { attempt: 2, delayMs: 30 },
    ]);
    expect(run.events.filter(({ type }) => type === 'stage-start')).toMatchObject([
      { attempt: 1 },
      { attempt: 2 },
      { attempt: 3 },
    ]);
    expect(await rig.read('out')).toBe('3\n');
    expect((await rig.pipe(['logs', 'hard'])).stdout).toBe('3\n');
    expect(await outcomes(rig)).toEqual({ hard: 'fresh' });
  });

  test('gives up after the last attempt', async ({ rig }) => {
    await setUp(
      rig,
      { hard: { cmd: stubborn(9), deps: ['in'], outs: ['out'], retry: { count: 1, delay: '0.01s' } } },
      { in: '' },
    );
    const run = await repro(rig);
    expect(run).toMatchObject({ code: 1, outcomes: { hard: 'failed' } });
    expect(run.events.filter(({ type }) => type === 'stage-retry')).toHaveLength(1);
    const { stdout } = await rig.pipe(['repro'], { env: { X: '1' } });
    expect(stdout).toMatch(/hard: attempt 1 failed, trying again in 10 ms/);
    expect(stdout).toMatch(/hard: running again, attempt 2/);
  });
});

describe('timeout', () => {
  test('ends the command and all that it started, and the stage has failed', async ({ rig }) => {
    await setUp(rig, { slow: { cmd: 'sleep 60 & echo started; sleep 60', timeout: '0.5s', deps: ['in'] } }, { in: '' });
    const { code, stderr } = await rig.pipe(['repro']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/PIPE_STAGE_TIMEOUT.*"slow" took longer than its timeout of 0\.5 s/);
    expect(await rig.leftovers()).toEqual([]);
    expect((await rig.pipe(['logs', 'slow'])).stdout).toBe('started\n');
  });

  test('counts for all commands of a stage together, and for each attempt anew', async ({ rig }) => {
    await setUp(rig, {
      slow: { cmd: ['sleep 0.1', 'sleep 60'], timeout: '0.5s', retry: { count: 1, delay: '0.01s' } },
    });
    const run = await repro(rig);
    expect(run.events.filter(({ type }) => type === 'stage-retry')).toMatchObject([
      { problem: { code: 'PIPE_STAGE_TIMEOUT' } },
    ]);
    expect(run).toMatchObject({ code: 1, outcomes: { slow: 'failed' } });
  });

  test('that is not reached changes nothing', async ({ rig }) => {
    await setUp(rig, { quick: { cmd: 'true', timeout: '1h30m' } });
    expect(await outcomes(rig)).toEqual({ quick: 'ran' });
  });
});
