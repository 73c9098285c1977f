import { expect } from 'vitest';
import { test } from '../rig/test.ts';
import { setUp } from './faults/problem.ts';

const SLOW = { cmd: 'sleep 60; echo x > late', deps: ['d'], outs: ['late'] };

test.for([
  ['standard output', 'pipe repro | head -n 1'],
  ['both outputs', 'pipe repro 2>&1 | head -n 1'],
] as const)('when nobody reads %s any more, a run stops and ends its commands', async ([, line], { rig }) => {
  await setUp(rig, { soon: { cmd: 'echo hello', deps: ['d'] }, slow: SLOW }, { d: '' });
  const run = await rig.run('bash', ['-c', `set -o pipefail; ${line}`]);
  expect({ code: run.code, lines: run.stdout.split('\n').length }).toEqual({ code: 141, lines: 2 });
  expect(await rig.leftovers()).toEqual([]);
  expect(await rig.exists('late')).toBe(false);
});

test('a command that runs nothing ends well when nobody reads on', async ({ rig }) => {
  const stages = Array.from({ length: 3_000 }, (_, at) => [`s${String(at)}`, { cmd: 'x'.repeat(100) }] as const);
  await setUp(rig, Object.fromEntries(stages), {});
  const run = await rig.run('bash', ['-c', 'set -o pipefail; pipe stage list --json | head -n 1']);
  expect(run).toMatchObject({ code: 0, stderr: '' });
});

test('Ctrl-C while large deps are read stops at once, and what is there stays', async ({ rig }) => {
  const large = { cmd: 'cp d late', deps: ['d'], outs: ['late'] };
  await setUp(rig, { large }, { late: 'mine' });
  await rig.run('truncate', ['-s', '2T', 'd']);
  const running = rig.spawn(['repro'], { limit: 20_000 });
  // Nothing tells that it reads but the kernel.
  await rig.run('bash', [
    '-c',
    `until readlink /proc/${String(running.pid)}/fd/* | grep -q /project/d$; do sleep 0.02; done`,
  ]);
  running.kill('SIGINT');
  const { code, stderr } = await running.done;
  expect({ code, stopped: stderr.includes('PIPE_CANCELLED') }).toEqual({ code: 130, stopped: true });
  expect(await rig.read('late')).toBe('mine');
});

test('what stands in the place of the folder of a restored out is one problem', async ({ rig }) => {
  await setUp(rig, { s: { cmd: 'mkdir -p f; echo x > f/a', deps: ['d'], outs: ['f/a'] } }, { d: '' });
  expect((await rig.pipe(['repro'])).code).toBe(0);
  await rig.remove('f');
  await rig.write({ f: 'mine' });
  const run = await rig.pipe(['repro']);
  expect({ code: run.code, told: run.stderr.includes('PIPE_STORE_WRITE') }).toEqual({ code: 1, told: true });
  expect(await rig.read('f')).toBe('mine');
});

test('a store that is a file is one problem, also for who only looks', async ({ rig }) => {
  await setUp(rig, { s: { cmd: 'echo x > a', deps: ['d'], outs: ['a'] } }, { d: '', file: '' });
  await rig.pipe(['config', 'cache.dir', rig.path('file')]);
  for (const command of ['status', 'repro']) {
    const run = await rig.pipe([command]);
    expect({ code: run.code, told: run.stderr.startsWith('PIPE_SYSTEM  cannot use ') }).toEqual({
      code: 2,
      told: true,
    });
  }
});
