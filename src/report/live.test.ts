import { expect, test } from 'vitest';
import { end, output, plan, planned, RUN, runEnd, start } from './fixture/events.ts';
import { FakeTerminal } from './fixture/terminal.ts';
import { liveReport } from './live.ts';
import { plainReport } from './plain.ts';
import { Recorder } from './fixture/stream.ts';

const clock = (): number => performance.now();

test('a run that needs nothing writes one line, and nothing else, to the terminal', async () => {
  const terminal = new FakeTerminal(60, 20);
  const report = liveReport({ stdout: terminal.stream, color: false, now: clock });
  for (const event of [plan([planned('a', 'fresh')]), end('a', 'fresh'), runEnd({ fresh: 1 }, 20)]) report.emit(event);
  await report.finish();
  expect(terminal.raw).toBe('Everything is up to date: 1 stage, nothing to run.\n');
});

test('a run that is over at once is told without a live view', async () => {
  const terminal = new FakeTerminal(60, 20);
  const report = liveReport({ stdout: terminal.stream, color: false, now: clock });
  RUN.forEach(report.emit);
  await report.finish();
  expect(terminal.raw).not.toContain('\u001b');
  expect(terminal.raw).toMatchInlineSnapshot(`
    "↺ features    0.1 s  restored, its run took 8.1 s
    ✓ train      12.4 s  params.yaml: train.epochs 20 → 30
    ↻ evaluate  attempt 1 failed, trying again in 0.5 s
      PIPE_USAGE  "train" failed: \`node train.js\` exited with 3
        hint: the whole output: \`pipe logs train\`
    ! evaluate  left processes running
      hint: wait for them
    ✗ evaluate    1.3 s  failed
      PIPE_USAGE  "train" failed: \`node train.js\` exited with 3
        hint: the whole output: \`pipe logs train\`
      │ reading model.bin
      │ Error: no

      skipped    deploy
      blocked    publish
      failed     evaluate
    Failed after 14.6 s: 1 failed, 1 blocked, 1 ran, 1 restored,
    1 fresh, 1 skipped. Restoring saved 8.0 s.
    "
  `);
});

test('a longer run gets a live view, which leaves the same words and the cursor behind', async () => {
  const terminal = new FakeTerminal(60, 20);
  const report = liveReport({ stdout: terminal.stream, color: false, now: clock });
  const at = RUN.findIndex((event) => event.type === 'stage-end' && event.stage === 'train');
  RUN.slice(0, at).forEach(report.emit);
  await expect.poll(() => terminal.text(), { timeout: 10_000 }).toContain('1 of 4 stages done · 1 running');
  expect(terminal.cursorShown).toBe(false);
  RUN.slice(at).forEach(report.emit);
  await report.finish();
  expect(terminal.cursorShown).toBe(true);

  const direct = new FakeTerminal(60, 20);
  const short = liveReport({ stdout: direct.stream, color: false, now: clock });
  RUN.forEach(short.emit);
  await short.finish();
  const squeezed = async (each: FakeTerminal): Promise<string> => (await each.text()).replaceAll(/\s+/g, ' ');
  expect(await squeezed(terminal)).toBe(await squeezed(direct));
});

test('the last sentence is that of the plain report', async () => {
  const terminal = new FakeTerminal(60, 20);
  const stdout = new Recorder();
  const live = liveReport({ stdout: terminal.stream, color: false, now: clock });
  const plain = plainReport({ stdout, stderr: new Recorder(), color: false, columns: 60, now: clock });
  for (const report of [live, plain]) {
    RUN.forEach(report.emit);
    await report.finish();
  }
  const sentence = (text: string): string => text.slice(text.indexOf('Failed after'));
  expect(sentence(terminal.raw)).toBe(sentence(stdout.text));
});

test('a narrower window breaks nothing, and what stood above the view stays', async () => {
  const terminal = new FakeTerminal(100, 30);
  terminal.write('earlier\n');
  const report = liveReport({ stdout: terminal.stream, color: false, now: clock });
  report.emit(plan([planned('train', 'run'), planned('evaluate', 'may-run')]));
  report.emit(start('train'));
  for (let line = 0; line < 8; line += 1) report.emit(output('train', `${line} ${'long '.repeat(18)}`));
  await expect.poll(() => terminal.text(), { timeout: 10_000 }).toContain('7 long');
  for (const [columns, rows] of [
    [60, 30],
    [40, 30],
    [100, 30],
  ] as const) {
    await terminal.resize(columns, rows);
    await expect
      .poll(() => terminal.text())
      .toMatch(/^earlier\n0 of 2 stages done[^\n]*\n.+ train[^\n]*\n( {2}│ [^\n]*\n){8}1 waiting: evaluate$/);
  }
  report.emit(end('train', 'ran', { durationMs: 5 }));
  report.emit(runEnd({ ran: 1 }, 5));
  await report.finish();
  expect(await terminal.text()).toBe('earlier\n✓ train        5 ms\n\nDone in 5 ms: 1 ran.');
});

test('a run that breaks off gives the terminal back', async () => {
  const terminal = new FakeTerminal(60, 20);
  const report = liveReport({ stdout: terminal.stream, color: false, now: clock });
  report.emit(plan([planned('train', 'run')]));
  report.emit(start('train'));
  await expect.poll(() => terminal.text(), { timeout: 10_000 }).toContain('train');
  await report.finish();
  expect(terminal.cursorShown).toBe(true);
  expect(await terminal.text()).toBe('');
});
