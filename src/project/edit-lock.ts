import { mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isGone, ownedName, ownerOfName, thisOwner } from '../kit/owner.ts';
import { PipeError } from '../problem/problem.ts';
import { writeProblem } from '../kit/atomic-file.ts';
import { systemFault } from '../kit/system-fault.ts';

const WAIT_MS = 10_000;

/** The lock under which files that people write are changed: pipeline files and pointers. */
export function editLockFolder(pipeDir: string): string {
  return join(pipeDir, 'tmp', 'pipeline-lock');
}

/**
 * Runs a short, synchronous change of a file while no other process runs one under the same lock.
 *
 * Each process puts a ticket of its own into the lock's folder and then looks: alone, it holds the lock; else it takes
 * its ticket back and tries again. Of two processes, the later one to put its ticket sees the other, so both are never
 * alone; and a ticket whose process is gone is simply removed, which cannot hit the wrong one since no name comes twice.
 * @param folder absolute; it exists only while somebody is in it
 * @throws {PipeError} PIPE_FILE_BUSY when others hold it for ten seconds.
 */
export function withEditLock<T>(folder: string, change: () => T, waitMs = WAIT_MS): T {
  const ticket = join(folder, ownedName(thisOwner()));
  const deadline = performance.now() + waitMs;
  for (;;) {
    putTicket(folder, ticket);
    try {
      const other = otherTicket(folder, ticket);
      if (other === undefined) return change();
      if (performance.now() > deadline) throw busy(join(folder, other));
    } finally {
      rmSync(ticket, { force: true });
      removeIfEmpty(folder);
    }
    // Random, so that two processes that saw each other do not meet again for ever.
    sleepSync(1 + Math.random() * 15);
  }
}

/**
 * Does what takes long while no other process does under the same lock, which works as that of {@link withEditLock}.
 * @param folder absolute; it exists only while somebody is in it
 * @param options told once when others are in it
 */
export async function withLongLock<T>(
  folder: string,
  { signal, onWait }: { readonly signal: AbortSignal; readonly onWait?: () => void },
  work: () => Promise<T>,
): Promise<T> {
  const ticket = join(folder, ownedName(thisOwner()));
  let isTold = false;
  try {
    for (;;) {
      putTicket(folder, ticket);
      if (isAlone(folder, ticket)) return await work();
      rmSync(ticket, { force: true });
      if (!isTold) onWait?.();
      isTold = true;
      await setTimeout(50 + Math.random() * 100, undefined, { signal });
    }
  } finally {
    rmSync(ticket, { force: true });
    removeIfEmpty(folder);
  }
}

function putTicket(folder: string, ticket: string): void {
  for (;;) {
    try {
      mkdirSync(folder, { recursive: true });
      writeFileSync(ticket, '');
      return;
    } catch (error) {
      // Another process has just removed the folder, empty as it was; but for a link that leads nowhere.
      const isGone = (error as NodeJS.ErrnoException).code === 'ENOENT' && systemFault(error) === undefined;
      if (!isGone) throw writeProblem(folder, error);
    }
  }
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT') throw error;
  }
}

function otherTicket(folder: string, ours: string): string | undefined {
  return readdirSync(folder).find((name) => {
    const path = join(folder, name);
    if (path === ours) return false;
    const owner = ownerOfName(name);
    if (owner !== undefined && !isGone(owner)) return true;
    if (owner !== undefined) rmSync(path, { force: true });
    return false;
  });
}

/** Whether nobody else has a ticket, nor has removed the folder with ours in it. */
function isAlone(folder: string, ours: string): boolean {
  try {
    return otherTicket(folder, ours) === undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function busy(path: string): PipeError {
  return new PipeError({
    code: 'PIPE_FILE_BUSY',
    message: 'another pipe has been changing files of this project for ten seconds',
    hint: `wait for it to end; if it ran on another machine or in a container that is gone, remove ${path}`,
  });
}

function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
