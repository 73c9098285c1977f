import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RunningStage } from '../state.ts';
import { arrange } from './arrange.ts';

function running(count: number, message?: string): RunningStage[] {
  return Array.from({ length: count }, (_, index) => ({
    stage: `s${index}`,
    startedAt: 0,
    attempt: 1,
    tail: [],
    progress: { type: 'stage-progress', stage: `s${index}`, ...(message === undefined ? {} : { message }) },
  }));
}

test('one stage shows more of its output than each of several', () => {
  expect(arrange(running(1), { columns: 100, rows: 30 })).toMatchObject({ tail: 8, hidden: 0 });
  expect(arrange(running(2), { columns: 100, rows: 30 })).toMatchObject({ tail: 3, hidden: 0 });
});

test('stages that find no room are counted', () => {
  const { shown, hidden, tail } = arrange(running(40), { columns: 100, rows: 20 });
  expect([shown.length, hidden, tail]).toEqual([15, 25, 0]);
});

test('a message moves below its stage where the terminal is narrow', () => {
  expect(arrange(running(2, 'epoch 1'), { columns: 60, rows: 20 }).messageBelow).toBe(true);
  expect(arrange(running(2, 'epoch 1'), { columns: 120, rows: 20 }).messageBelow).toBe(false);
  expect(arrange(running(16, 'epoch 1'), { columns: 60, rows: 20 }).messageBelow).toBe(false);
});

test('the view never fills the screen, whatever runs', () => {
  const size = fc.record({ columns: fc.integer({ min: 20, max: 200 }), rows: fc.integer({ min: 6, max: 60 }) });
  fc.assert(
    fc.property(fc.nat(80), fc.option(fc.constant('m'), { nil: undefined }), size, (count, message, screen) => {
      const { shown, hidden, tail, messageBelow } = arrange(running(count, message), screen);
      const stages = shown.length * (1 + tail + (messageBelow ? 1 : 0)) + (hidden > 0 ? 1 : 0);
      // An empty row, the header, the waiting stages and the row of the cursor come on top.
      expect(stages + 4).toBeLessThanOrEqual(screen.rows);
      expect(shown.length + hidden).toBe(count);
    }),
  );
});
