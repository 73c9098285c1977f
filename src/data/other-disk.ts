import { lstatSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { removeTree } from '../kit/remove-tree.ts';
import { temporaryBeside } from '../kit/temporary.ts';
import { PipeError } from '../problem/problem.ts';
import type { CopyOptions } from './copy-tree.ts';
import { copyTree } from './copy-tree.ts';

/**
 * Moves a file or folder to where no rename leads: it is copied beside its new place, put there in one step, and only
 * then goes from its old place, in one step, too: a part of it never lies there. Links stay links.
 * @param from absolute
 * @param to absolute; nothing lies there, its folder exists
 * @throws {PipeError} PIPE_FILE_CHANGED when something is written there meanwhile; an AbortError; all is left as it was
 * then
 */
export async function moveToOtherDisk(from: string, to: string, options: CopyOptions): Promise<void> {
  const temporary = temporaryBeside(to);
  try {
    const before = statsBelow(from);
    await copyTree(from, temporary, { ...options, keepTimes: true });
    if (statsBelow(from) !== before) throw changed(from);
    renameSync(temporary, to);
  } finally {
    removeTree(temporary);
  }
  const old = temporaryBeside(from);
  renameSync(from, old);
  removeTree(old);
}

/** Two of these are the same when nothing was changed between. */
function statsBelow(path: string): string {
  const lines: string[] = [];
  const look = (each: string): void => {
    const { mtimeMs, ctimeMs, size, ino, mode } = lstatSync(each);
    lines.push([each, mtimeMs, ctimeMs, size, ino, mode].join(' '));
    if (lstatSync(each).isDirectory()) for (const name of readdirSync(each).sort()) look(join(each, name));
  };
  look(path);
  return lines.join('\n');
}

function changed(path: string): PipeError {
  return new PipeError({
    code: 'PIPE_FILE_CHANGED',
    message: `${path} changed while it was copied to another disk`,
    hint: 'something else is writing it: wait until it is done, then try again',
  });
}
