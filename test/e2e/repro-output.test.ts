import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectValid } from '../setup/schema.ts';
import { eventsOf, outcomes, repro, runOf, setUp } from './repro/project.ts';

const STAGES = {
  prepare: { cmd: 'cp raw.txt clean.txt; echo cleaned', deps: ['raw.txt'], outs: ['clean.txt'] },
  train: {
    cmd: 'cat clean.txt > model.txt; echo note >&2',
    deps: ['clean.txt'],
    params: ['epochs'],
    outs: ['model.txt'],
  },
};
const FILES = { 'raw.txt': '1', 'params.yaml': 'epochs: 1\n' };

/** Durations differ from run to run. */
function timeless(text: string): string {
  return text.replaceAll(/\d+(?:\.\d+)? (?:ms|s)\b/g, 'SOME TIME');
}

describe('piped', () => {
  test('each line names its stage, the last one says it all, and nothing goes to standard error', async ({ rig }) => {
    await setUp(rig, STAGES, FILES);
    const { code, stdout, stderr } = await rig.pipe(['repro']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(timeless(stdout)).toMatchInlineSnapshot(`
      "2 stages: 1 to run, 1 may run; 4 jobs
      prepare: running, it has not run before
      prepare │ cleaned
      prepare: done in SOME TIME
      train: running, it has not run before
      train │ note
      train: done in SOME TIME

        ran        prepare, train
      Done in SOME TIME: 2 ran.
      "
    `);
    expect((await rig.pipe(['repro'])).stdout).toBe('Everything is up to date: 2 stages, nothing to run.\n');
  });

  test('it says why a stage ran, and what restoring saved', async ({ rig }) => {
    await setUp(rig, STAGES, FILES);
    await outcomes(rig);
    await rig.write({ 'params.yaml': 'epochs: 2\n' });
    expect((await rig.pipe(['repro'])).stdout).toContain('train: running, params.yaml: epochs 1 → 2\n');
    await rig.write({ 'params.yaml': 'epochs: 1\n' });
    expect(timeless((await rig.pipe(['repro'])).stdout)).toContain(
      'train: restored in SOME TIME, its run took SOME TIME\n',
    );
  });

  test('a failure goes to standard error with its place, what the command said, and where to read more', async ({
    rig,
  }) => {
    await setUp(rig, STAGES, FILES);
    await rig.write({
      'pipeline.yaml':
        'stages:\n  bad:\n    cmd: echo first; echo last words >&2; exit 3\n    deps: [raw.txt]\n  next:\n    cmd: cp no x\n    deps: [no]\n',
      no: '',
    });
    const { code, stdout, stderr } = await rig.pipe(['repro', '-j', '1']);
    expect(code).toBe(1);
    expect(timeless(stderr)).toMatchInlineSnapshot(`
      "bad: failed after SOME TIME
        pipeline.yaml:2:3 PIPE_STAGE_FAILED  "bad" failed: \`echo first; echo last words >&2; exit 3\` exited with 3
          2 |   bad:
            |   ^^^
          hint: the whole output: \`pipe logs bad\`
      "
    `);
    expect(timeless(stdout)).toMatchInlineSnapshot(`
      "2 stages: 2 to run; 1 job
      bad: running, it has not run before
      bad │ first
      bad │ last words

        cancelled  next
        failed     bad
      Failed after SOME TIME: 1 failed, 1 cancelled.
      "
    `);
  });

  test('verbose output names what needed nothing', async ({ rig }) => {
    await setUp(rig, STAGES, FILES);
    await outcomes(rig);
    expect((await rig.pipe(['repro', '-v'])).stdout).toBe(
      'prepare: fresh\ntrain: fresh\nEverything is up to date: 2 stages, nothing to run.\n',
    );
  });

  test('there is no colour, unless FORCE_COLOR asks for it', async ({ rig }) => {
    await setUp(rig, STAGES, FILES);
    expect((await rig.pipe(['repro', '-v'], { env: { NO_COLOR: undefined } })).stdout).not.toContain('\x1b');
    const env = { NO_COLOR: undefined, FORCE_COLOR: '1' };
    expect((await rig.pipe(['repro', '-v'], { env })).stdout).toContain('\x1b[32mEverything is up to date\x1b[39m');
  });
});

describe('--json', () => {
  test('every line is an event, the plan first and the end of the run last', async ({ rig }) => {
    await setUp(rig, STAGES, FILES);
    const { events } = await repro(rig);
    expect(events.map((event) => `${event.type} ${'stage' in event ? event.stage : ''}`.trim())).toEqual([
      'plan',
      'stage-start prepare',
      'stage-output prepare',
      'stage-end prepare',
      'stage-start train',
      'stage-output train',
      'stage-end train',
      'run-end',
    ]);
    expect(events.at(-1)).toMatchObject({ ok: true, counts: { ran: 2, failed: 0 } });
    expect(events[4]).toMatchObject({ reasons: [{ kind: 'new' }], commands: [STAGES.train.cmd], attempt: 1 });
    expect(events[5]).toMatchObject({ stream: 'stderr', line: 'note' });
  });

  test('a failure is an event with its problem and the last lines, and nothing goes to standard error', async ({
    rig,
  }) => {
    await setUp(rig, {
      bad: { cmd: 'seq 30; exit 3' },
      after: { cmd: 'true', deps: ['x'] },
      make: { cmd: 'false', outs: ['x'] },
    });
    const run = await repro(rig, ['-k']);
    expect(run).toMatchObject({ code: 1, outcomes: { bad: 'failed', make: 'failed', after: 'blocked' } });
    const end = run.events.find((event) => event.type === 'stage-end' && event.stage === 'bad');
    expect(end).toMatchObject({
      problem: { code: 'PIPE_STAGE_FAILED', at: { file: 'pipeline.yaml', line: 1 } },
      tail: Array.from({ length: 20 }, (_, index) => String(index + 11)),
    });
    expect(run.events.at(-1)).toMatchObject({ ok: false, counts: { failed: 2, blocked: 1 } });
  });

  test('what keeps a run from starting is one more line, of the problems’ schema', async ({ rig }) => {
    await setUp(rig, { train: { cmd: 'true', deps: ['gone', 'lost'] } });
    const { code, stdout, stderr } = await rig.pipe(['repro', '--json']);
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(eventsOf(`${lines[0] ?? ''}\n`)).toMatchObject([{ type: 'plan' }]);
    expect(lines).toHaveLength(2);
    const document = JSON.parse(lines[1] ?? '') as { problems: unknown[] };
    expectValid(document);
    expect(document.problems).toHaveLength(2);
    const unknown = await rig.pipe(['repro', '--json', 'nobody']);
    expectValid(unknown.json());
    expect(unknown).toMatchObject({ code: 2, stderr: '' });
    for (const command of ['status', 'explain', 'logs'])
      expectValid((await rig.pipe([command, '--json', 'nobody'])).json());
  });

  test('nothing else is printed for a project without stages', async ({ rig }) => {
    await rig.pipe(['init', '--no-scm']);
    expect(runOf(await rig.pipe(['repro', '--json']))).toMatchObject({ code: 0, outcomes: {} });
  });
});

describe('on a terminal', () => {
  /** Stages that a test holds, so that a view stands still. */
  async function held(rig: Rig) {
    const command = await rig.command();
    await setUp(
      rig,
      {
        prepare: { cmd: 'cp raw.txt clean.txt', deps: ['raw.txt'], outs: ['clean.txt'] },
        'train-a-rather-long-name-of-a-model': { cmd: command.line, deps: ['clean.txt'] },
      },
      FILES,
    );
    return command;
  }

  test('a view of 60 columns shows what runs, its progress and its last lines, and ends with a summary', async ({
    rig,
  }) => {
    const command = await held(rig);
    const terminal = rig.terminal(['repro'], { columns: 60, rows: 20 });
    const call = await command.next();
    await call.print('words of the stage\n::progress 0.42 epoch 5/12\n');
    await terminal.shows(/epoch 5\/12/);
    await terminal.shows(/words of the stage/);
    const screen = terminal.screen();
    expect(screen.join('\n')).toMatch(/prepare/);
    expect(screen.join('\n')).toMatch(/42\s?%/);
    for (const line of screen) expect(line.length).toBeLessThanOrEqual(60);
    await call.exit();
    expect(await terminal.done).toBe(0);
    expect(terminal.history().join('\n')).toMatch(/Done in .*: 2 ran\./);
    expect(terminal.raw).not.toMatch(/\x1b\[3\dm/); // eslint-disable-line no-control-regex -- no colour: NO_COLOR is set
    for (const line of terminal.history()) expect(line.length).toBeLessThanOrEqual(60);
  });

  test('colours appear unless NO_COLOR is set', async ({ rig }) => {
    await setUp(rig, STAGES, FILES);
    const terminal = rig.terminal(['repro'], { columns: 60, env: { NO_COLOR: undefined } });
    expect(await terminal.done).toBe(0);
    expect(terminal.raw).toMatch(/\x1b\[3\dm/); // eslint-disable-line no-control-regex
    expect(terminal.history().join('\n')).toMatch(/✓ prepare[\s\S]*✓ train[\s\S]*2 ran/);
  });

  test('a failure stays on the screen with what the command said', async ({ rig }) => {
    await setUp(rig, { bad: { cmd: 'echo last words; exit 3' } });
    const terminal = rig.terminal(['repro'], { columns: 60 });
    expect(await terminal.done).toBe(1);
    const text = terminal.history().join('\n');
    expect(text).toMatch(/✗ bad/);
    expect(text).toMatch(/PIPE_STAGE_FAILED/);
    expect(text).toMatch(/last words/);
    expect(text).toMatch(/Failed after .*: 1 failed/);
  });

  test('Ctrl-C stops the run and says so', async ({ rig }) => {
    const command = await held(rig);
    const terminal = rig.terminal(['repro'], { columns: 60 });
    const call = await command.next();
    terminal.type('\x03');
    await call.ended();
    expect(await terminal.done).toBe(130);
    expect(terminal.history().join('\n')).toMatch(/Stopped after .*1 cancelled/);
    expect(await rig.leftovers()).toEqual([]);
  });

  test('questions of --interactive are asked below what has happened, and Ctrl-C answers them with no', async ({
    rig,
  }) => {
    await setUp(rig, STAGES, FILES);
    const terminal = rig.terminal(['repro', '-i'], { columns: 60 });
    await terminal.shows(/Run "prepare"\? \[y\/N\] $/);
    terminal.type('y\r');
    await terminal.shows(/prepare: done[\s\S]*Run "train"\? \[y\/N\] $/);
    terminal.type('\x03');
    expect(await terminal.done).toBe(130);
    expect(terminal.history().join('\n')).toMatch(/Stopped after .*: 1 cancelled, 1 ran/);
    expect(await rig.exists('model.txt')).toBe(false);
  });
});

test('a reader that goes away early is no bug', async ({ rig }) => {
  await setUp(rig, { talk: { cmd: 'seq 20000', outs: [], deps: ['raw.txt'] } }, FILES);
  const { stdout, stderr } = await rig.run('sh', ['-c', 'pipe repro --json | head -n 1']);
  expect(eventsOf(stdout)).toMatchObject([{ type: 'plan' }]);
  expect(stderr).toBe('');
});
