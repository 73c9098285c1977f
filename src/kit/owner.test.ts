import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { isAlive, isGone, ownedName, ownerOfName, processFields, startOf, stateOf, thisOwner } from './owner.ts';

test('the owner can be read back from a file name, whatever its host is called', () => {
  for (const host of ['box', 'my.host.example', 'a+b', 'ünï/cödé', '%zz', '..']) {
    const owner = { ...thisOwner(), host };
    const name = ownedName(owner);
    expect(name).not.toContain('/');
    expect(ownerOfName(`${name}.log`)).toEqual(owner);
    expect(ownerOfName(name)).toEqual(owner);
  }
  expect(ownedName(thisOwner())).not.toBe(ownedName(thisOwner()));
});

test('names that pipe did not give have no owner', () => {
  for (const name of [
    '',
    'x.log',
    'a+b+c+d',
    'a+b+1',
    'a+b+-1+2+3',
    'a+b+1e3+2+3',
    '%zz+b+1+2+3',
    '+++',
    'a+b+0+2+3',
  ]) {
    expect(ownerOfName(name), name).toBeUndefined();
  }
  expect(ownerOfName(`a+b+${'9'.repeat(30)}+2+3`)).toBeUndefined();
});

test('a running process is not gone; one that ended is', () => {
  expect(isGone(thisOwner())).toBe(false);
  const { pid } = spawnSync('true');
  expect(isGone({ ...thisOwner(), pid, start: '1' })).toBe(true);
  expect(isGone({ ...thisOwner(), pid, start: '' })).toBe(true);
});

test('a later process with the same id is not mistaken for the owner', () => {
  expect(isGone({ ...thisOwner(), start: '1' })).toBe(true);
});

test('every process of an earlier start of the machine is gone', () => {
  expect(isGone({ ...thisOwner(), boot: 'earlier' })).toBe(true);
});

test('a process that has ended is gone even while nobody asks for its exit code', async () => {
  // Its parent becomes a program that never waits for it.
  const parent = spawn('/bin/sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [printed] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(printed.toString());
  await expect.poll(() => processFields(pid)?.[0]).toBe('Z');
  expect([isAlive(pid), isGone({ ...thisOwner(), pid, start: startOf(pid) ?? '' })]).toEqual([true, true]);
  parent.kill('SIGKILL');
});

test('a process on another host counts as alive', () => {
  expect(isGone({ ...thisOwner(), host: `not-${hostname()}`, pid: 1, boot: 'x' })).toBe(false);
});

test('a process of another user is alive', () => {
  expect(isAlive(1)).toBe(true);
  expect(isAlive(Number(execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' })))).toBe(false);
});

test('a process in another PID namespace counts as alive: its number means nothing here', () => {
  const { pid } = spawnSync('true');
  const owner = { ...thisOwner(), pid, start: '1', namespace: '1' };
  expect([stateOf(owner), stateOf({ ...owner, namespace: thisOwner().namespace })]).toEqual(['unknown', 'gone']);
});

test('a name that an earlier version gave tells of no namespace, and the process is asked for here', () => {
  const { host, boot, pid, start } = thisOwner();
  const owner = ownerOfName(`${[host, boot, pid, start].join('+')}+0123abcd.lease`);
  expect(owner).toEqual({ host, boot, pid, start, namespace: '' });
  expect([stateOf(owner ?? thisOwner()), isGone({ ...thisOwner(), namespace: '', start: '1' })]).toEqual([
    'runs',
    true,
  ]);
});
