import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Event, StageOutcome } from '../event/event.ts';
import { end, FAILURE, output, plan, planned, RUN, runEnd, start } from './fixture/events.ts';
import { EMPTY_STATE, reduce, TAIL_LINES } from './state.ts';
import type { LiveState } from './state.ts';

function after(events: readonly Event[]): LiveState {
  return events.reduce((state, event, index) => reduce(state, event, index * 100), EMPTY_STATE);
}

test('only stages that something happens to are waited for and counted', () => {
  const state = after(RUN.slice(0, 2));
  expect(state.waiting).toEqual(['train', 'features', 'evaluate', 'publish']);
  expect([state.total, state.settled]).toEqual([4, 0]);
  expect(state.tally.counts.fresh).toBe(1);
});

test('a stage moves from waiting to running to done', () => {
  const events = [plan([planned('a', 'run', { expectedMs: 5_000 })]), start('a'), end('a', 'ran', { durationMs: 9 })];
  expect(after(events.slice(0, 2)).waiting).toEqual([]);
  expect(after(events.slice(0, 2)).running.get('a')).toMatchObject({ startedAt: 100, expectedMs: 5_000 });
  const done = after(events);
  expect([done.running.size, done.settled, done.history]).toEqual([0, 1, [events[2]]]);
});

test('what was restored, failed or stopped stays on the screen; what needed nothing does not', () => {
  const outcomes: StageOutcome[] = ['ran', 'restored', 'failed', 'cancelled', 'fresh', 'frozen', 'skipped', 'blocked'];
  const state = after(outcomes.map((outcome) => end(outcome, outcome, { durationMs: 5 })));
  expect(state.history.map((entry) => 'stage' in entry && entry.stage)).toEqual([
    'ran',
    'restored',
    'failed',
    'cancelled',
  ]);
  expect(after([end('a', 'cancelled')]).history).toEqual([]);
});

test('a stage that looked fresh and runs after all is counted', () => {
  const state = after([plan([planned('a', 'fresh')]), start('a'), end('a', 'ran')]);
  expect([state.total, state.settled]).toEqual([1, 1]);
});

test('the last lines of a running stage are kept, cleaned, and no more of them than may be shown', () => {
  const lines = Array.from({ length: 50 }, (_, index) => output('a', `\u001b[2J${index}\tx`));
  const { tail = [] } = after([start('a'), ...lines]).running.get('a') ?? {};
  expect(tail).toHaveLength(TAIL_LINES);
  expect(tail.at(-1)).toBe('49    x');
});

test('a retry forgets the progress of the attempt before and is told', () => {
  const progress: Event = { type: 'stage-progress', stage: 'a', fraction: 0.5 };
  const retry: Event = { type: 'stage-retry', stage: 'a', attempt: 1, delayMs: 10, problem: FAILURE };
  const state = after([start('a'), progress, retry]);
  expect(state.running.get('a')?.progress).toBeUndefined();
  expect(state.history).toEqual([retry]);
  expect(after([start('a'), progress, retry, start('a', 2)]).running.get('a')?.attempt).toBe(2);
});

test('time saved is what restoring took less than running', () => {
  expect(after(RUN).tally.savedMs).toBe(8_000);
  expect(after([end('a', 'restored', { durationMs: 50, savedMs: 10 })]).tally.savedMs).toBe(0);
});

test('the events of a thousand stages leave nothing running or waiting, in whatever order they end', () => {
  const names = Array.from({ length: 1_000 }, (_, index) => `s${index}`);
  fc.assert(
    fc.property(fc.shuffledSubarray(names, { minLength: names.length }), (order) => {
      const state = after([
        plan(names.map((name) => planned(name, 'run'))),
        ...order.flatMap((name) => [start(name), end(name, 'ran')]),
        runEnd({ ran: names.length }, 1),
      ]);
      expect([state.running.size, state.waiting.length, state.settled, state.total]).toEqual([0, 0, 1_000, 1_000]);
    }),
    { numRuns: 3 },
  );
});

test('output, progress and ends of stages that nobody announced are no error', () => {
  expect(after([output('x', 'y'), { type: 'stage-progress', stage: 'x' }, end('x', 'fresh')]).running.size).toBe(0);
});
