import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { isAlive, processFields } from '../kit/owner.ts';
import { endOrphans, groupIsAlive, RUN_ID_VARIABLE, signalGroup } from './process-group.ts';

/** Starts a shell in a group of its own and gives the numbers that it prints first. */
async function start(
  command: string,
  runId = 'none',
): Promise<{ pid: number; printed: number[]; exited: Promise<unknown> }> {
  const child = spawn('/bin/sh', ['-c', command], {
    detached: true,
    env: { PATH: process.env['PATH'], [RUN_ID_VARIABLE]: runId },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    pid: child.pid ?? 0,
    printed: chunk.toString().trim().split(/\s+/).map(Number),
    exited: once(child, 'exit'),
  };
}

test('a group lives as long as one of its members runs', async () => {
  const { pid, exited } = await start('sleep 60 & echo 1; exit');
  await exited;
  expect(groupIsAlive(pid)).toBe(true);
  signalGroup(pid, 'SIGKILL');
  await expect.poll(() => groupIsAlive(pid)).toBe(false);
  signalGroup(pid, 'SIGKILL');
});

test('a member that has ended does not keep a group alive, even if nobody asks how', async () => {
  // The parent becomes a program that never waits for the child that it has: the child stays a zombie.
  const { pid, printed, exited } = await start('setsid sleep 0.1 & echo $!; exec sleep 60');
  const [zombie = 0] = printed;
  await expect.poll(() => processFields(zombie)?.slice(0, 3)).toEqual(['Z', String(pid), String(zombie)]);
  expect([isAlive(-zombie), groupIsAlive(zombie)]).toEqual([true, false]);
  signalGroup(pid, 'SIGKILL');
  await exited;
});

test('what a dead run left behind is ended, also what has left its group; others are not touched', async () => {
  const orphan = await start('sleep 60 & setsid sleep 60 & echo $!; wait', 'host+boot+1+2+abc');
  const stranger = await start('echo 1; sleep 60', 'host+boot+1+2+abcd');
  const found: number[] = [];
  const ending = endOrphans('host+boot+1+2+abc', [], (count) => found.push(count));
  await Promise.all([ending, orphan.exited]);
  expect(found).toEqual([3]);
  expect([orphan.pid, ...orphan.printed].map((each) => groupIsAlive(each))).toEqual([false, false]);
  expect(groupIsAlive(stranger.pid)).toBe(true);
  signalGroup(stranger.pid, 'SIGKILL');
  await endOrphans('host+boot+1+2+abc', [], () => found.push(0));
  expect(found).toEqual([3]);
});
