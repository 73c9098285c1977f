import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectAtRest, outcomes, runOf, setUp } from './repro/project.ts';

/** first → held → last: the test holds the one in the middle. */
async function held(rig: Rig, before = '') {
  const command = await rig.command();
  await setUp(
    rig,
    {
      first: { cmd: 'cp in first.out', deps: ['in'], outs: ['first.out'] },
      held: { cmd: `${before}${command.line}`, deps: ['first.out'], outs: ['held.out'] },
      last: { cmd: 'cp held.out last.out', deps: ['held.out'], outs: ['last.out'] },
    },
    { in: '1' },
  );
  return command;
}

describe.for([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s', ([signal, code]) => {
  test('reaches the running commands, which may end by themselves; nothing else starts', async ({ rig }) => {
    const command = await held(rig);
    const running = rig.spawn(['repro', '--json']);
    const call = await command.next();
    await call.hold(signal);
    running.kill(signal);
    await call.signalled(signal);
    await call.write({ 'held.out': 'half' });
    await call.exit(1);
    const run = runOf(await running.done);
    expect(run).toMatchObject({ code, outcomes: { first: 'ran', held: 'cancelled', last: 'cancelled' } });
    expect(run.events.at(-1)).toMatchObject({ type: 'run-end', ok: false, counts: { ran: 1, cancelled: 2 } });
    expect(await rig.leftovers()).toEqual([]);
  });

  test('twice ends commands that do not listen, with all that they started', async ({ rig }) => {
    const command = await held(rig, "trap '' INT TERM; (sleep 60; sleep 60) & ");
    const running = rig.spawn(['repro', '--json']);
    const call = await command.next();
    await call.hold(signal);
    running.kill(signal);
    await call.signalled(signal);
    expect(running.ended).toBe(false);
    running.kill(signal);
    await call.ended();
    expect(runOf(await running.done)).toMatchObject({ code, outcomes: { held: 'cancelled' } });
    expect(await rig.leftovers()).toEqual([]);
  });
});

test('after a stop the next run goes on where it was', async ({ rig }) => {
  const command = await held(rig);
  const running = rig.spawn(['repro', '--json']);
  const call = await command.next();
  await call.write({ 'held.out': 'half' });
  running.kill('SIGINT');
  expect((await running.done).code).toBe(130);
  const again = rig.spawn(['repro', '--json']);
  const second = await command.next();
  await second.write({ 'held.out': 'whole' });
  await second.exit();
  expect(runOf(await again.done)).toMatchObject({ code: 0, outcomes: { first: 'fresh', held: 'ran', last: 'ran' } });
  expect(await rig.read('last.out')).toBe('whole');
  await expectAtRest(rig);
});

test('Ctrl-C at a terminal’s process group ends a run once, not twice', async ({ rig }) => {
  const command = await held(rig);
  const running = rig.spawn(['repro', '--json']);
  const call = await command.next();
  await call.hold('SIGINT');
  running.killGroup('SIGINT');
  await call.signalled('SIGINT');
  expect(call.signals).toEqual(['SIGINT']);
  await call.exit();
  expect((await running.done).code).toBe(130);
});

test('a stop ends the pause before a further attempt', async ({ rig }) => {
  await setUp(rig, { hard: { cmd: 'exit 3', retry: { count: 5, delay: '1h', max_delay: '1h' } } });
  const running = rig.spawn(['repro', '--json']);
  await running.printed(/stage-retry/);
  running.kill('SIGINT');
  expect(runOf(await running.done)).toMatchObject({ code: 130, outcomes: { hard: 'cancelled' } });
});

test('a stop before anything runs cancels everything', async ({ rig }) => {
  const command = await rig.command();
  await setUp(rig, { slow: { cmd: command.line, deps: ['in'], outs: ['out'] } }, { in: '' });
  const first = rig.spawn(['repro']);
  const call = await command.next();
  const waiting = rig.spawn(['repro', '--json']);
  await waiting.printed(/waiting for process/);
  waiting.kill('SIGINT');
  expect(runOf(await waiting.done)).toMatchObject({ code: 130, outcomes: { slow: 'cancelled' } });
  await call.write({ out: '1' });
  await call.exit();
  expect((await first.done).code).toBe(0);
  expect(await outcomes(rig)).toEqual({ slow: 'fresh' });
});

test('people are told what was stopped and what was kept', async ({ rig }) => {
  const command = await held(rig);
  const running = rig.spawn(['repro']);
  await command.next();
  running.kill('SIGINT');
  const { code, stdout, stderr } = await running.done;
  expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
  expect(stdout).toMatch(/held: cancelled after/);
  expect(stdout).toMatch(/ {2}ran +first\n {2}cancelled +held, last\nStopped after .*: 2 cancelled, 1 ran\.\n$/);
});
