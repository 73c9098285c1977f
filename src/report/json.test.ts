import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import type { Event } from '../event/event.ts';
import type { Reason } from '../event/reason.ts';
import { end, FAILURE, output, plan, planned, RUN, runEnd, start } from './fixture/events.ts';
import { Recorder } from './fixture/stream.ts';
import { jsonReport } from './json.ts';

const REASONS: readonly Reason[] = [
  { kind: 'new' },
  { kind: 'forced' },
  { kind: 'always-changed' },
  { kind: 'no-deps' },
  { kind: 'command', before: 'a', after: 'b' },
  { kind: 'wdir', before: '.', after: 'sub' },
  { kind: 'dep', path: 'data.csv', change: 'modified' },
  { kind: 'param', file: 'params.yaml', key: 'a.b', after: '2' },
  { kind: 'env', name: 'HOME', change: 'modified' },
  { kind: 'out', path: 'model.bin', change: 'missing' },
  { kind: 'upstream', stage: 'train' },
  { kind: 'download', path: 'data' },
  { kind: 'refused', path: 'data', message: 'nobody can tell' },
];

async function lines(events: readonly Event[], now = () => 0): Promise<Record<string, unknown>[]> {
  const stdout = new Recorder();
  const report = jsonReport({ stdout, now });
  events.forEach(report.emit);
  await report.finish();
  expect(stdout.text.endsWith('\n')).toBe(true);
  return stdout.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function validator() {
  const text = await readFile(new URL('../../schema/events.schema.json', import.meta.url), 'utf8');
  return new Ajv2020({ allErrors: true, strict: true }).compile(JSON.parse(text) as object);
}

test('every event is a line that the schema describes', async () => {
  const validate = await validator();
  const source = { file: 'pipeline.yaml', text: 'stages:\n  train: x\n' };
  const at = { source, offset: 10, length: 5 };
  const events: readonly Event[] = [
    ...RUN,
    plan([planned('a', 'frozen', { reasons: REASONS, expectedMs: 12.7 })]),
    end('a', 'failed', {
      durationMs: 1.5,
      problem: { ...FAILURE, at, related: [{ message: 'here', at }, { message: 'there' }] },
    }),
    end('b', 'restored', { durationMs: 3, savedMs: 10.25 }),
    { type: 'stage-progress', stage: 'c' },
    { type: 'notice', message: 'something' },
    { type: 'download', remote: 'r', stage: 'a', objects: 1, totalObjects: 2, bytes: 3, totalBytes: 4 },
    { type: 'downloaded', remote: 'r', paths: ['model'], objects: 2, bytes: 4, durationMs: 1.5 },
    { ...runEnd({ ran: 1 }, 2), downloaded: { objects: 2, bytes: 4, records: 1 } },
  ];
  const written = await lines(events);
  expect(written).toHaveLength(events.length);
  for (const line of written) expect([validate(line), validate.errors, line]).toEqual([true, null, line]);
});

test('the schema refuses what is none of it', async () => {
  const validate = await validator();
  const [line = {}] = await lines([start('a')]);
  expect(validate({ ...line, schema: 'pipe.events/2' })).toBe(false);
  expect(validate({ ...line, surprise: 1 })).toBe(false);
  expect(validate({ ...line, type: 'stage-end' })).toBe(false);
});

test('a line says its schema and time, and a problem its line and column', async () => {
  const source = { file: 'pipeline.yaml', text: 'stages:\n  train: x\n' };
  const problem = { ...FAILURE, at: { source, offset: 10, length: 5 } };
  const [line] = await lines([end('train', 'failed', { durationMs: 1_300.6, problem })], () =>
    Date.UTC(2024, 0, 2, 3, 4, 5, 6),
  );
  expect(line).toEqual({
    schema: 'pipe.events/1',
    time: '2024-01-02T03:04:05.006Z',
    type: 'stage-end',
    stage: 'train',
    outcome: 'failed',
    reasons: [],
    durationMs: 1301,
    problem: { ...FAILURE, at: { file: 'pipeline.yaml', line: 2, column: 3, length: 5 } },
  });
});

test('no URL keeps its credentials', async () => {
  const text = 'cannot reach https://me:pw@host/';
  const problem = { ...FAILURE, message: text, hint: text };
  const written = await lines([
    { type: 'notice', message: text, hint: text },
    output('a', text),
    end('a', 'failed', { durationMs: 1, problem }),
  ]);
  expect(JSON.stringify(written)).not.toContain('pw');
});

test('progress is written at most ten times a second per stage', async () => {
  let now = 0;
  const stdout = new Recorder();
  const report = jsonReport({ stdout, now: () => now });
  for (; now < 1_000; now += 1) {
    report.emit({ type: 'stage-progress', stage: 'a', fraction: now / 1_000 });
    report.emit({ type: 'stage-progress', stage: 'b', fraction: now / 1_000 });
  }
  await report.finish();
  expect(stdout.text.trimEnd().split('\n')).toHaveLength(20);
});

test('a line break in a name stays within its line', async () => {
  expect(await lines([start('a\nb\u2028c')])).toHaveLength(1);
});
