import { availableParallelism } from 'node:os';
import { describe, expect } from 'vitest';
import { memoryBytes } from '../../src/command/machine.ts';
import type { Event } from '../../src/event/event.ts';
import type { Call } from '../rig/call.ts';
import type { FakeCommand } from '../rig/command.ts';
import { test } from '../rig/test.ts';
import { outcomes, repro, runOf, setUp } from './repro/project.ts';

/** How many stages ran at the same moment at most. */
function mostAtOnce(events: readonly Event[]): number {
  const running = new Set<string>();
  let most = 0;
  for (const event of events) {
    if (event.type === 'stage-start') running.add(event.stage);
    if (event.type === 'stage-end') running.delete(event.stage);
    most = Math.max(most, running.size);
  }
  return most;
}

/** The stages in the order in which their commands started. */
function order(events: readonly Event[]): string[] {
  return events.flatMap((event) => (event.type === 'stage-start' ? [event.stage] : []));
}

/** The next runs, by the word that each was given. */
async function calls(command: FakeCommand, count: number): Promise<Record<string, Call>> {
  const found: Record<string, Call> = {};
  for (let left = count; left > 0; left -= 1) {
    const call = await command.next();
    found[call.started.args[0] ?? ''] = call;
  }
  return found;
}

const named = (command: FakeCommand, names: readonly string[], more: object = {}) =>
  Object.fromEntries(names.map((name) => [name, { cmd: `${command.line} ${name}`, ...more }]));

test('stages that do not need each other run at once', async ({ rig }) => {
  const command = await rig.command();
  await setUp(rig, named(command, ['a', 'b', 'c']));
  const running = rig.spawn(['repro', '--json']);
  const started = await calls(command, 3);
  expect(Object.keys(started).sort()).toEqual(['a', 'b', 'c']);
  for (const call of Object.values(started)) await call.exit();
  const run = runOf(await running.done);
  expect(run.outcomes).toEqual({ a: 'ran', b: 'ran', c: 'ran' });
  expect(mostAtOnce(run.events)).toBe(3);
});

test('a stage starts as soon as what it needs has ended, whatever else still runs', async ({ rig }) => {
  const command = await rig.command();
  await setUp(rig, {
    slow: { cmd: `${command.line} slow` },
    quick: { cmd: 'echo 1 > quick.out', outs: ['quick.out'] },
    next: { cmd: `${command.line} next`, deps: ['quick.out'] },
  });
  const running = rig.spawn(['repro', '--json']);
  const { slow, next } = await calls(command, 2);
  await next?.exit();
  await slow?.exit();
  expect(runOf(await running.done).outcomes).toEqual({ slow: 'ran', quick: 'ran', next: 'ran' });
});

test('never more than --jobs run at once; core.jobs counts without it', async ({ rig }) => {
  const command = await rig.command();
  await setUp(rig, named(command, ['a', 'b', 'c', 'd', 'e']));
  const running = rig.spawn(['repro', '--json', '-j', '2']);
  for (let ended = 0; ended < 5; ended += 1) await (await command.next()).exit();
  const run = runOf(await running.done);
  expect(run).toMatchObject({
    code: 0,
    events: [{ type: 'plan', jobs: 2 }, ...Array<object>(run.events.length - 1).fill({})],
  });
  expect(mostAtOnce(run.events)).toBe(2);
  await rig.pipe(['config', 'core.jobs', '3']);
  expect((await repro(rig, ['--dry'])).events[0]).toMatchObject({ jobs: 3 });
});

describe('resources', () => {
  test('memory: stages whose sum the machine lacks run one after the other', async ({ rig }) => {
    const most = Math.floor(memoryBytes() * 0.6);
    await setUp(rig, {
      a: { cmd: 'true', resources: { memory: most } },
      b: { cmd: 'true', resources: { memory: most } },
      small: { cmd: 'true', resources: { memory: '1MB' } },
    });
    const run = await repro(rig);
    expect(run.outcomes).toEqual({ a: 'ran', b: 'ran', small: 'ran' });
    const [first, last] = [order(run.events).indexOf('a'), order(run.events).indexOf('b')].sort((x, y) => x - y);
    expect(last).toBeGreaterThan(first ?? 0);
    const both = run.events.filter((event) => 'stage' in event && (event.stage === 'a' || event.stage === 'b'));
    expect(mostAtOnce(both)).toBe(1);
  });

  test('cpus: a stage that takes all cores runs alone', async ({ rig }) => {
    const cores = availableParallelism();
    const all = { cmd: 'true', resources: { cpus: cores } };
    await setUp(rig, { a: all, b: all, c: { cmd: 'true' } });
    const run = await repro(rig, ['-j', String(cores)]);
    expect(run.outcomes).toEqual({ a: 'ran', b: 'ran', c: 'ran' });
    expect(mostAtOnce(run.events)).toBe(1);
  });

  test('more than the machine has is a problem before anything runs', async ({ rig }) => {
    await setUp(rig, {
      greedy: { cmd: 'touch ran', resources: { cpus: 100_000, memory: '900TB', gpus: 99 } },
      fine: { cmd: 'touch ran' },
    });
    const { code, stderr } = await rig.pipe(['repro']);
    expect(code).toBe(2);
    expect(stderr.match(/PIPE_RESOURCES/g)).toHaveLength(3);
    expect(await rig.exists('ran')).toBe(false);
  });
});

describe('the longest way to the end goes first', () => {
  test('by the durations of earlier runs, not by the order of the file', async ({ rig }) => {
    await setUp(
      rig,
      {
        head: { cmd: 'echo 1 > head.out', deps: ['in'], outs: ['head.out'] },
        tail: { cmd: 'true', deps: ['head.out'] },
        long: { cmd: 'sleep 0.5', deps: ['in'] },
      },
      { in: '' },
    );
    // Nobody knows how long anything takes: two stages are longer than one.
    expect(order((await repro(rig, ['-j', '1'])).events)[0]).toBe('head');
    expect(order((await repro(rig, ['-j', '1', '--force'])).events)[0]).toBe('long');
  });
});

test('a hundred stages in ten layers all run, each after what it needs', async ({ rig }) => {
  const stages: Record<string, unknown> = {};
  for (let layer = 0; layer < 10; layer += 1) {
    for (let at = 0; at < 10; at += 1) {
      const deps = layer === 0 ? ['in'] : [`o${layer - 1}-${at}`, `o${layer - 1}-${(at + 3) % 10}`];
      stages[`s${layer}-${at}`] = {
        cmd: `cat ${deps.join(' ')} | tail -c 9 > o${layer}-${at}`,
        deps,
        outs: [`o${layer}-${at}`],
      };
    }
  }
  await setUp(rig, stages, { in: 'x' });
  const run = await repro(rig);
  expect(run).toMatchObject({ code: 0 });
  expect(Object.values(run.outcomes)).toEqual(Array(100).fill('ran'));
  expect(mostAtOnce(run.events)).toBeGreaterThan(1);
  expect(new Set(Object.values(await outcomes(rig)))).toEqual(new Set(['fresh']));
});
