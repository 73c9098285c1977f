import { cpSync, lstatSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { removeTree } from '../kit/remove-tree.ts';
import { temporaryBeside } from '../kit/temporary.ts';
import { PipeError } from '../problem/problem.ts';

/**
 * Moves a file or folder to where no rename leads: it is copied beside its new place, put there in one step, and only
 * then removed. Links stay links.
 * @param from absolute
 * @param to absolute; nothing lies there, its folder exists
 * @throws {PipeError} PIPE_FILE_CHANGED when something is written there meanwhile; all is left as it was then
 */
export function moveToOtherDisk(from: string, to: string): void {
  const temporary = temporaryBeside(to);
  try {
    const before = statsBelow(from);
    cpSync(from, temporary, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    if (statsBelow(from) !== before) throw changed(from);
    renameSync(temporary, to);
  } finally {
    removeTree(temporary);
  }
  removeTree(from);
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
