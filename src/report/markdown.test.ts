import { expect, test } from 'vitest';
import type { Event } from '../event/event.ts';
import { EPOCHS, FAILURE, RUN, end, plan, planned, runEnd } from './fixture/events.ts';
import { markdownSummary, planMarkdown } from './markdown.ts';

function summaryOf(events: readonly Event[]): string {
  const summary = markdownSummary();
  events.forEach(summary.emit);
  return summary.text();
}

test('a summary has a row for each stage that something happened to, and says what failed', () => {
  expect(summaryOf(RUN)).toBe(`**Failed** in 14.6 s: 1 failed, 1 ran, 1 restored, 1 blocked, 1 fresh, 1 skipped.

| Stage | Outcome | Time | Why |
| --- | --- | --- | --- |
| \`evaluate\` | **failed** | 1.3 s | \`dep model.bin changed\` |
| \`train\` | ran | 12.4 s | \`params.yaml: train.epochs 20 → 30\` |
| \`features\` | restored, saved 8.1 s | 0.1 s |  |
| \`publish\` | blocked |  |  |

\`evaluate\`: \`"train" failed: ’node train.js’ exited with 3\`

<details><summary>Output</summary>

\`\`\`text
reading model.bin
Error: no
\`\`\`

</details>

> \`left processes running\``);
});

test('a run that did nothing is one sentence; what came from elsewhere is told', () => {
  expect(summaryOf([plan([planned('a', 'fresh')]), end('a', 'fresh'), runEnd({ fresh: 1 }, 20)])).toBe(
    '**Everything is up to date** in 20 ms: 1 fresh.',
  );
  const restored = end('a', 'restored', { savedMs: 2000, from: 'storage', durationMs: 100 });
  const last = { ...runEnd({ restored: 1 }, 300), downloaded: { objects: 2, bytes: 1500, records: 1 } } as const;
  expect(summaryOf([restored, last])).toBe(`**Done** in 0.3 s: 1 restored. Downloaded 2 objects, 1.5 KB.

| Stage | Outcome | Time | Why |
| --- | --- | --- | --- |
| \`a\` | restored from \`storage\`, saved 2.0 s | 0.1 s |  |`);
});

test('a plan names what is not up to date', () => {
  expect(planMarkdown([planned('a', 'fresh'), planned('b', 'run', { reasons: [EPOCHS] })])).toBe(
    `**Changed**: 1 will run, 1 up to date.

| Stage | State | Why |
| --- | --- | --- |
| \`b\` | will run | \`params.yaml: train.epochs 20 → 30\` |`,
  );
});

test('nothing in names, messages or output breaks out of its place', () => {
  const tail = ['```', '</details><script>', '@everyone', '\u001b[31mred'];
  const problem = { ...FAILURE, message: '`x` | @everyone <img src=x>' };
  const text = summaryOf([
    end('train@fr|x`y', 'failed', { problem, tail, reasons: [{ kind: 'dep', path: 'a|b`\n@all', change: 'added' }] }),
    runEnd({ failed: 1 }, 1),
  ]);
  expect(text).toContain('| `train@fr\\|x’y` | **failed** |');
  expect(text).toMatch(/`dep a\\\|b’.*@all was added` \|/);
  expect(text).toContain('`train@fr|x’y`: `’x’ | @everyone <img src=x>`');
  expect(text).toContain('````text\n```\n</details><script>\n@everyone\nred\n````');
});
