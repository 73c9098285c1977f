import { expect, test } from 'vitest';
import type { PlanEvent } from '../event/event.ts';
import { displayWidth } from '../kit/width.ts';
import { EPOCHS, MODEL, planned } from './fixture/events.ts';
import { renderExplanation, renderPlan } from './plan.ts';

const PLAN: PlanEvent = {
  type: 'plan',
  jobs: 2,
  stages: [
    planned('prepare', 'fresh'),
    planned('train', 'run', {
      reasons: [EPOCHS, MODEL, { kind: 'dep', path: 'data/a.csv', change: 'modified' }, MODEL],
    }),
    planned('features', 'restore', { reasons: [MODEL] }),
    planned('evaluate', 'may-run', { reasons: [{ kind: 'upstream', stage: 'train' }] }),
    planned('old', 'frozen'),
  ],
};

test('a plan lists what will happen and why, and counts the rest', () => {
  expect(renderPlan(PLAN, { color: false, columns: 80 })).toMatchInlineSnapshot(`
    "will run  train     params.yaml: train.epochs 20 → 30; dep model.bin changed; d…
    restored  features  dep model.bin changed
    may run   evaluate  train runs first

    1 will run, 1 may run, 1 restored, 1 fresh, 1 frozen."
  `);
});

test('a verbose plan lists every stage and every reason', () => {
  expect(renderPlan(PLAN, { color: false, columns: 80, verbose: true })).toMatchInlineSnapshot(`
    "fresh     prepare
    will run  train     params.yaml: train.epochs 20 → 30; dep model.bin changed; dep data/a.csv changed; dep model.bin changed
    restored  features  dep model.bin changed
    may run   evaluate  train runs first
    frozen    old

    1 will run, 1 may run, 1 restored, 1 fresh, 1 frozen."
  `);
});

test('a plan keeps to the width', () => {
  for (const line of renderPlan(PLAN, { color: false, columns: 60 }).split('\n')) {
    expect(displayWidth(line)).toBeLessThanOrEqual(60);
  }
});

test('a plan with nothing to do says so in the words of the summary', () => {
  const stages = [planned('a', 'fresh'), planned('b', 'frozen')];
  expect(renderPlan({ ...PLAN, stages }, { color: false })).toBe(
    'Everything is up to date: 2 stages, nothing to run (1 frozen).',
  );
  expect(renderPlan({ ...PLAN, stages: [] }, { color: false })).toBe('There are no stages to run.');
});

test('an explanation gives every reason, a changed command before and after', () => {
  const reasons = [{ kind: 'command', before: 'python train.py', after: 'python train.py\n--fast' } as const, EPOCHS];
  const stage = planned('train', 'run', { reasons, needs: ['prepare'], expectedMs: 12_400 });
  expect(renderExplanation(stage, { color: false })).toMatchInlineSnapshot(`
    "train will run:
      its command changed
        - python train.py
        + python train.py
        + --fast
      params.yaml: train.epochs 20 → 30
      (needs prepare; its last run took 12.4 s)"
  `);
});

test('an explanation without a reason is a sentence', () => {
  expect(renderExplanation(planned('a', 'fresh'), { color: false })).toBe(
    'a is fresh: nothing changed since its last run.',
  );
  expect(renderExplanation(planned('a', 'skip'), { color: false })).toBe(
    'a is skipped: its `when` is false, or it needs a stage that is skipped.',
  );
});

test('colour is there only when asked for', () => {
  expect(renderPlan(PLAN, { color: false })).not.toContain('\u001b');
  expect(renderPlan(PLAN, { color: true })).toContain('\u001b[32mwill run');
});
