import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemFault, systemProblem } from './system-fault.ts';

function fault(code: string, more: Readonly<Record<string, string>> = {}): Error {
  return Object.assign(new Error(code), { code, ...more });
}

test('a full disk is told from a folder that is not ours', () => {
  expect(systemFault(fault('ENOSPC'))).toEqual({
    reason: 'no space left on the disk',
    hint: 'free some space and run again',
  });
  expect(systemFault(fault('EACCES'))).toEqual({
    reason: 'permission denied',
    hint: 'check the folder, its owner and its mode',
  });
});

test('a bug stays a bug', () => {
  for (const bug of [fault('ENOENT'), new TypeError('oops'), 'text', undefined, { code: 'EACCES' }])
    expect([systemFault(bug), systemProblem(bug)]).toEqual([undefined, undefined]);
});

test('the problem names the place, or what was asked of the system', () => {
  expect(systemProblem(fault('ENOTDIR', { path: '/cache/v1' }))).toMatchObject([
    { code: 'PIPE_SYSTEM', message: 'cannot use /cache/v1: a part of its path is a file' },
  ]);
  expect(systemProblem(fault('EMFILE', { syscall: 'spawn' }))).toMatchObject([
    { message: 'the system refuses spawn: too many files are open' },
  ]);
});

test('a link that leads nowhere is one of the machine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pipe-fault-'));
  try {
    symlinkSync('nowhere', join(folder, 'link'));
    for (const path of ['link', 'link/a/b']) {
      const error = caught(() => readFileSync(join(folder, path)));
      expect(systemFault(error)?.reason).toBe(`${join(folder, 'link')} is a symbolic link that leads nowhere`);
    }
    expect(systemFault(caught(() => readFileSync(join(folder, 'absent'))))).toBeUndefined();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function caught(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}
