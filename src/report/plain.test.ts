import { expect, test } from 'vitest';
import type { Event } from '../event/event.ts';
import { end, EPOCHS, MODEL, output, plan, planned, RUN, runEnd, start } from './fixture/events.ts';
import { Recorder } from './fixture/stream.ts';
import { plainReport } from './plain.ts';
import type { PlainOptions } from './plain.ts';

async function print(
  events: readonly Event[],
  options: Partial<PlainOptions> = {},
): Promise<{ out: string; err: string }> {
  const [stdout, stderr] = [new Recorder(), new Recorder()];
  const report = plainReport({ stdout, stderr, color: false, columns: 80, now: () => 0, ...options });
  events.forEach(report.emit);
  await report.finish();
  return { out: stdout.text, err: stderr.text };
}

test('a run is told line by line, each with the name of its stage, and summed up', async () => {
  const { out, err } = await print(RUN);
  expect(out).toMatchInlineSnapshot(`
    "6 stages: 1 to run, 2 may run, 1 to restore, 1 fresh, 1 skipped; 2 jobs
    train: running, params.yaml: train.epochs 20 → 30
    features: restored in 0.1 s, its run took 8.1 s
    train │ epoch 1 loss 0.5
    train │ epoch 2 loss 0.3
    train: done in 12.4 s
    evaluate: running
    evaluate │ reading model.bin
    evaluate: attempt 1 failed, trying again in 0.5 s
      PIPE_USAGE  "train" failed: \`node train.js\` exited with 3
        hint: the whole output: \`pipe logs train\`
    evaluate: running again, attempt 2
    evaluate: note: left processes running
      hint: wait for them

      ran        train
      restored   features
      skipped    deploy
      blocked    publish
      failed     evaluate
    Failed after 14.6 s: 1 failed, 1 blocked, 1 ran, 1 restored, 1 fresh, 1 skipped.
    Restoring saved 8.0 s.
    "
  `);
  expect(err).toMatchInlineSnapshot(`
    "evaluate: failed after 1.3 s
      PIPE_USAGE  "train" failed: \`node train.js\` exited with 3
        hint: the whole output: \`pipe logs train\`
      │ reading model.bin
      │ Error: no
    "
  `);
});

test('a run that needs nothing is one short line', async () => {
  const names = ['a', 'b', 'c', 'd'];
  const events = [
    plan(names.map((name) => planned(name, 'fresh'))),
    ...names.map((name) => end(name, 'fresh')),
    runEnd({ fresh: 4 }, 30),
  ];
  expect((await print(events)).out).toBe('Everything is up to date: 4 stages, nothing to run.\n');
});

test('verbose names what needs nothing, and gives every reason', async () => {
  const reasons = [EPOCHS, MODEL, EPOCHS, MODEL, EPOCHS];
  const events = [plan([planned('a', 'fresh'), planned('b', 'run', { reasons })]), end('a', 'fresh'), start('b')];
  const short = (await print(events)).out;
  expect(short).not.toContain('a: fresh');
  expect(short).toContain('; and 2 more');
  const long = (await print(events, { verbose: true })).out;
  expect(long).toContain('a: fresh');
  expect(long.match(/train\.epochs/g)).toHaveLength(3);
});

test('quiet prints problems only, with the last lines of output, to standard error', async () => {
  const { out, err } = await print(RUN, { quiet: true });
  expect(out).toBe('');
  expect(err).toMatchInlineSnapshot(`
    "evaluate: failed after 1.3 s
      PIPE_USAGE  "train" failed: \`node train.js\` exited with 3
        hint: the whole output: \`pipe logs train\`
      │ reading model.bin
      │ Error: no
    "
  `);
});

test('quiet prints what was noted where a run fails by that alone', async () => {
  const note: Event = { type: 'notice', stage: 'old', message: 'made is lost', hint: 'pipe unfreeze' };
  const lost = [note, { ...runEnd({ frozen: 1 }, 5), ok: false }];
  expect((await print(lost, { quiet: true })).err).toBe('old: made is lost\n  hint: pipe unfreeze\n');
  expect((await print([note, runEnd({ frozen: 1 }, 5)], { quiet: true })).err).toBe('');
  expect((await print([note, runEnd({ failed: 1 }, 5)], { quiet: true })).err).toBe('');
});

test('the last lines are not repeated where they stand right above', async () => {
  const tail = ['one', 'two'];
  const failed = end('a', 'failed', { durationMs: 100, tail });
  expect((await print([output('a', 'one'), output('a', 'two'), failed])).err).not.toContain('one');
  expect((await print([output('a', 'one'), output('b', 'x'), output('a', 'two'), failed])).err).toContain('│ one');
  const stderr = Object.assign(new Recorder(), { isTTY: true });
  await print([output('a', 'one'), output('a', 'two'), failed], { stderr });
  expect(stderr.text).toContain('│ one');
});

test('progress is printed at most once in ten seconds per stage', async () => {
  let now = 0;
  const events: Event[] = [start('a'), start('b')];
  const [stdout, stderr] = [new Recorder(), new Recorder()];
  const report = plainReport({ stdout, stderr, color: false, now: () => now });
  events.forEach(report.emit);
  for (; now <= 25_000; now += 500) {
    report.emit({ type: 'stage-progress', stage: 'a', fraction: now / 25_000, message: 'epoch' });
    report.emit({ type: 'stage-progress', stage: 'b' });
  }
  await report.finish();
  expect(stdout.text).toBe('a: running\nb: running\na: 40%, epoch\na: 80%, epoch\n');
});

test('names and messages of others cannot steer the terminal nor show credentials', async () => {
  const evil = 'x\u001b[2J\ny';
  const { out } = await print([
    plan([planned(evil, 'run', { reasons: [{ kind: 'dep', path: 'https://me:pw@host/x', change: 'modified' }] })]),
    start(evil),
    output(evil, evil),
    { type: 'notice', message: `cannot reach s3://key:pw@host ${evil}` },
    { type: 'stage-progress', stage: evil, message: evil },
    end(evil, 'ran', { durationMs: 5 }),
    runEnd({ ran: 1 }, 5),
  ]);
  // eslint-disable-next-line no-control-regex
  expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  expect(out).not.toContain('pw');
  expect(out.split('\n').some((line) => line.startsWith('y'))).toBe(false);
});

test('a thousand stages are written in few pieces', async () => {
  const stdout = new Recorder();
  const report = plainReport({ stdout, stderr: new Recorder(), color: false, now: () => 0 });
  const names = Array.from({ length: 1_000 }, (_, index) => `stage-${index}`);
  report.emit(plan(names.map((name) => planned(name, 'run', { reasons: [{ kind: 'new' }] }))));
  for (const name of names) {
    for (const event of [start(name), output(name, 'hello'), end(name, 'ran', { durationMs: 10 })]) report.emit(event);
  }
  report.emit(runEnd({ ran: 1_000 }, 4_000));
  await report.finish();
  expect(stdout.chunks.length).toBeLessThan(10);
  expect(stdout.text.split('\n').slice(-6)).toMatchInlineSnapshot(`
    [
      "",
      "  ran        stage-0, stage-1, stage-2, stage-3, stage-4, stage-5, stage-6, stage-7, stage-8,",
      "             stage-9, stage-10, stage-11, stage-12, stage-13, stage-14, stage-15, stage-16, stage-17,",
      "             and 982 more",
      "Done in 4.0 s: 1000 ran.",
      "",
    ]
  `);
});

test('what is gathered is written without waiting for the end', async () => {
  const stdout = new Recorder();
  const report = plainReport({ stdout, stderr: new Recorder(), color: false, now: () => 0 });
  report.emit(output('a', 'first'));
  await expect.poll(() => stdout.text).toBe('a │ first\n');
  await report.finish();
});
