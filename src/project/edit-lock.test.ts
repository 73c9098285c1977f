import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ownedName, thisOwner } from '../kit/owner.ts';
import { withEditLock } from './edit-lock.ts';
import { temporaryFolder, write } from './fixture/folder.ts';

test('the lock’s folder exists while it is held, and holds one ticket', () => {
  const folder = join(temporaryFolder(), 'deep/lock');
  const held = withEditLock(folder, () => readdirSync(folder));
  expect(held).toHaveLength(1);
  expect(existsSync(folder)).toBe(false);
});

test('an error of the change lets the lock go', () => {
  const folder = join(temporaryFolder(), 'lock');
  expect(() =>
    withEditLock(folder, () => {
      throw new TypeError('no');
    }),
  ).toThrow(TypeError);
  expect(existsSync(folder)).toBe(false);
});

test('the ticket of a process that was killed is no hindrance', () => {
  const folder = join(temporaryFolder(), 'lock');
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  write(folder, {
    [ownedName({ ...thisOwner(), pid: dead })]: '',
    [ownedName({ ...thisOwner(), boot: 'earlier' })]: '',
  });
  expect(withEditLock(folder, () => readdirSync(folder).length)).toBe(1);
});

test('the ticket of another machine is respected, until the wait is over', () => {
  const folder = join(temporaryFolder(), 'lock');
  write(folder, { [ownedName({ ...thisOwner(), host: 'elsewhere' })]: '' });
  expect(() => withEditLock(folder, () => 'in', 50)).toThrow(/PIPE_FILE_BUSY/);
  expect(readdirSync(folder)).toHaveLength(1);
});
