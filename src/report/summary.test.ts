import { expect, test } from 'vitest';
import type { StageOutcome } from '../event/event.ts';
import { end, RUN, runEnd } from './fixture/events.ts';
import { styleFor } from './style.ts';
import { summaryLines } from './summary.ts';
import type { SummaryOptions } from './summary.ts';
import { EMPTY_TALLY, tallied } from './tally.ts';

const BASE = { style: styleFor(false), columns: 100, recap: false, tally: EMPTY_TALLY };

function lastLine(counts: Partial<Record<StageOutcome, number>>, options: Partial<SummaryOptions> = {}): string {
  return summaryLines({ ...BASE, end: runEnd(counts, 2_500), ...options }).join('\n');
}

test('the last sentence says how it went, how long it took and what came of the stages', () => {
  expect(lastLine({ ran: 2, restored: 1, fresh: 3 })).toBe('Done in 2.5 s: 2 ran, 1 restored, 3 fresh.');
  expect(lastLine({ failed: 1, blocked: 2, ran: 1 })).toBe('Failed after 2.5 s: 1 failed, 2 blocked, 1 ran.');
  expect(lastLine({ cancelled: 2, ran: 1 })).toBe('Stopped after 2.5 s: 2 cancelled, 1 ran.');
  expect(lastLine({}, { end: { ...runEnd({ failed: 1, ran: 1 }, 9_000), ok: true } })).toBe(
    'Done with failures after 9.0 s: 1 failed, 1 ran.',
  );
});

test('a run that needed nothing says so, and what was left out', () => {
  expect(lastLine({ fresh: 1 })).toBe('Everything is up to date: 1 stage, nothing to run.');
  expect(lastLine({ fresh: 2, frozen: 1, skipped: 3 })).toBe(
    'Everything is up to date: 6 stages, nothing to run (1 frozen, 3 skipped).',
  );
  expect(lastLine({})).toBe('There are no stages to run.');
});

test('what was saved by restoring is said when it is worth a word', () => {
  const saved = (savedMs: number): string => lastLine({ restored: 1 }, { tally: { ...EMPTY_TALLY, savedMs } });
  expect(saved(12_400)).toBe('Done in 2.5 s: 1 restored. Restoring saved 12.4 s.');
  expect(saved(20)).toBe('Done in 2.5 s: 1 restored.');
});

test('stages that did not do well are named; with a recap, also those that did', () => {
  const tally = RUN.reduce((so, event) => (event.type === 'stage-end' ? tallied(so, event) : so), EMPTY_TALLY);
  const labels = (recap: boolean): string[] =>
    summaryLines({ ...BASE, tally, recap, end: runEnd({ failed: 1 }, 1) }).map(
      (line) => line.trim().split(' ')[0] ?? '',
    );
  expect(labels(false)).toEqual(['skipped', 'blocked', 'failed', 'Failed']);
  expect(labels(true)).toEqual(['ran', 'restored', 'skipped', 'blocked', 'failed', 'Failed']);
});

test('many names break between names and are counted past three lines', () => {
  const ends = Array.from({ length: 40 }, (_, index) => end(`stage-${index}`, 'failed'));
  const tally = ends.reduce(tallied, EMPTY_TALLY);
  expect(summaryLines({ ...BASE, tally, columns: 50, end: runEnd({ failed: 40 }, 1) })).toMatchInlineSnapshot(`
    [
      "  failed     stage-0, stage-1, stage-2, stage-3,",
      "             stage-4, stage-5, stage-6, stage-7,",
      "             and 32 more",
      "Failed after 1 ms: 40 failed.",
    ]
  `);
  const few = ends.slice(0, 9).reduce(tallied, EMPTY_TALLY);
  expect(summaryLines({ ...BASE, tally: few, columns: 50, end: runEnd({ failed: 9 }, 1) })).toMatchInlineSnapshot(`
    [
      "  failed     stage-0, stage-1, stage-2, stage-3,",
      "             stage-4, stage-5, stage-6, stage-7,",
      "             stage-8",
      "Failed after 1 ms: 9 failed.",
    ]
  `);
});

test('the sentence keeps to the width, with colours too', () => {
  const counts = { failed: 1, blocked: 2, cancelled: 3, ran: 4, restored: 5, fresh: 6, frozen: 7, skipped: 8 };
  const lines = summaryLines({ ...BASE, columns: 60, style: styleFor(true), end: runEnd(counts, 1) });
  expect(lines).toHaveLength(2);
  expect(lines[0]).toContain('\u001b[31mFailed\u001b[39m after');
});
