import { expect, test } from 'vitest';
import { createReport } from './create.ts';
import type { ReportOptions } from './create.ts';
import { RUN } from './fixture/events.ts';
import { Recorder } from './fixture/stream.ts';
import { FakeTerminal } from './fixture/terminal.ts';

const FIRST_PLAIN = /^6 stages: 1 to run/;

async function onTerminal(options: Partial<ReportOptions> = {}): Promise<{ out: string; err: string }> {
  const terminal = new FakeTerminal(80, 24);
  const stderr = new Recorder();
  const report = await createReport({
    mode: 'auto',
    stdout: terminal.stream,
    stderr,
    env: { TERM: 'xterm' },
    ...options,
  });
  RUN.forEach(report.emit);
  await report.finish();
  return { out: terminal.raw, err: stderr.text };
}

test('a terminal gets the live view, in colour', async () => {
  const { out } = await onTerminal();
  expect(out).toContain('\u001b[32m✓\u001b[39m');
  expect(out).not.toMatch(FIRST_PLAIN);
});

test('NO_COLOR leaves the live view without colour', async () => {
  expect((await onTerminal({ env: { TERM: 'xterm', NO_COLOR: '1' } })).out).toMatch(/^✓ train|^↺ features/);
});

test('CI, a dumb terminal, verbose and the plain mode get lines', async () => {
  for (const options of [
    { env: { TERM: 'xterm', CI: 'true' } },
    { env: { TERM: 'dumb' } },
    { env: { NO_COLOR: '1' }, verbose: true },
    { env: { NO_COLOR: '1' }, mode: 'plain' },
  ] as const) {
    expect((await onTerminal(options)).out).toMatch(FIRST_PLAIN);
  }
  expect((await onTerminal({ env: { TERM: 'xterm', CI: 'false', NO_COLOR: '1' } })).out).not.toMatch(FIRST_PLAIN);
});

test('a pipe gets lines without colour', async () => {
  const stdout = new Recorder();
  const report = await createReport({ mode: 'auto', stdout, stderr: new Recorder(), env: { TERM: 'xterm' } });
  RUN.forEach(report.emit);
  await report.finish();
  expect(stdout.text).toMatch(FIRST_PLAIN);
  expect(stdout.text).not.toContain('\u001b');
});

test('quiet writes problems only, JSON is JSON whatever else is asked for', async () => {
  const quiet = await onTerminal({ quiet: true });
  expect(quiet.out).toBe('');
  expect(quiet.err).toContain('failed after');
  const json = await onTerminal({ mode: 'json', quiet: true, verbose: true });
  expect(
    json.out
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type),
  ).toEqual(RUN.map(({ type }) => type));
});
