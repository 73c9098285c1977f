import { PassThrough } from 'node:stream';
import { render } from 'ink';
import { expect, test } from 'vitest';
import type { Event } from '../../event/event.ts';
import { displayWidth } from '../../kit/width.ts';
import { end, output, plan, planned, RUN, start } from '../fixture/events.ts';
import { EMPTY_STATE, reduce } from '../state.ts';
import { LiveView } from './LiveView.tsx';
import type { LiveViewProps } from './LiveView.tsx';

class FakeStdout extends PassThrough {
  readonly frames: string[] = [];
  columns: number;

  constructor(columns: number) {
    super();
    this.columns = columns;
  }

  override write(text: unknown): boolean {
    this.frames.push(String(text));
    return true;
  }
}

/** The frame of a view at a fixed size, 3.2 s after the first event. */
function frame(events: readonly Event[], props: Partial<LiveViewProps> = {}): string {
  const state = events.reduce((so, event) => reduce(so, event, 1_000), EMPTY_STATE);
  const all = { state, now: 4_200, color: false, columns: 60, rows: 20, closing: false, ...props };
  const stdout = new FakeStdout(all.columns);
  const stdin = new PassThrough();
  const { unmount } = render(<LiveView {...all} />, {
    stdout: stdout as unknown as NodeJS.WriteStream,
    stdin: stdin as unknown as NodeJS.ReadStream,
    debug: true,
    patchConsole: false,
    exitOnCtrlC: false,
  });
  const shown = stdout.frames.at(-1) ?? '';
  unmount();
  return shown;
}

const TRAINING: readonly Event[] = [
  plan([
    planned('prepare', 'run', { reasons: [{ kind: 'dep', path: 'data/raw.csv', change: 'modified' }] }),
    planned('train', 'run', { expectedMs: 30_000 }),
    planned('features', 'run'),
    planned('evaluate', 'may-run'),
    planned('publish', 'may-run'),
  ]),
  start('prepare'),
  end('prepare', 'ran', { durationMs: 2_100, reasons: [{ kind: 'dep', path: 'data/raw.csv', change: 'modified' }] }),
  start('train'),
  start('features'),
  { type: 'stage-progress', stage: 'train', fraction: 0.47, message: 'epoch 28/60 loss 0.0131' },
  ...[1, 2, 3, 4].map((epoch) => output('train', `epoch ${epoch} of a line that is longer than the terminal is wide`)),
];

test('a narrow terminal shows what finished, what runs with its progress and output, and what waits', () => {
  expect(frame(TRAINING)).toMatchInlineSnapshot(`
    "✓ prepare     2.1 s  dep data/raw.csv changed

    1 of 5 stages done · 2 running · 3 s
    ⠹ train     █████░░░░░  47%  3 s of ~30 s
      epoch 28/60 loss 0.0131
      │ epoch 2 of a line that is longer than the terminal is w…
      │ epoch 3 of a line that is longer than the terminal is w…
      │ epoch 4 of a line that is longer than the terminal is w…
    ⠹ features  3 s
    2 waiting: evaluate, publish"
  `);
});

test('a wide terminal has the message beside the bar', () => {
  expect(frame(TRAINING, { columns: 100, rows: 30 })).toMatchInlineSnapshot(`
    "✓ prepare     2.1 s  dep data/raw.csv changed

    1 of 5 stages done · 2 running · 3 s
    ⠹ train     █████████░░░░░░░░░░░  47%  3 s of ~30 s  epoch 28/60 loss 0.0131
      │ epoch 2 of a line that is longer than the terminal is wide
      │ epoch 3 of a line that is longer than the terminal is wide
      │ epoch 4 of a line that is longer than the terminal is wide
    ⠹ features  3 s
    2 waiting: evaluate, publish"
  `);
});

test('a failure stays with its problem and its last lines', () => {
  expect(frame(RUN, { closing: true })).toMatchInlineSnapshot(`
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
    "
  `);
});

test('colours are there only when asked for', () => {
  expect(frame(TRAINING)).not.toContain('\u001b');
  expect(frame(TRAINING, { color: true })).toContain('\u001b[32m✓\u001b[39m');
});

test('forty running stages and a thousand waiting ones fit into twenty rows of sixty columns', () => {
  const names = Array.from({ length: 1_000 }, (_, index) => `a stage with quite a long name ${index}`);
  const rows = frame([
    plan(names.map((name) => planned(name, 'run'))),
    ...names.slice(0, 40).map((name) => start(name)),
  ]).split('\n');
  expect(rows.length).toBeLessThanOrEqual(18);
  for (const row of rows) expect(displayWidth(row)).toBeLessThanOrEqual(60);
  expect(rows.at(-2)).toBe('  and 25 more running');
  expect(rows.at(-1)).toMatch(/^960 waiting: .*…$/);
});

test('names and output of others cannot steer the terminal', () => {
  const evil = '\u001b[2J\u001b]0;x\u0007\r\nz';
  const shown = frame([
    plan([planned(evil, 'run'), planned(`${evil}2`, 'run')]),
    start(evil),
    output(evil, evil),
    { type: 'stage-progress', stage: evil, fraction: 0.2, message: evil },
    { type: 'notice', message: evil },
  ]);
  // eslint-disable-next-line no-control-regex
  expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
});
