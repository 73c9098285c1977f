import type { Stats } from 'node:fs';
import { lstatSync } from 'node:fs';
import type { Section } from '../index/section.ts';
import { DIR } from '../index/section.ts';
import { PipeError } from '../problem/problem.ts';

/** A path of the workspace. */
interface Spot {
  /** Absolute. */
  readonly target: string;
  /** What messages call it. */
  readonly path: string;
}

/**
 * What lies at a path now; `undefined` when nothing does, also where a file lies above.
 */
export function statNow(target: string): Stats | undefined {
  try {
    return lstatSync(target, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/**
 * To be called just before a file or link is replaced or removed, or something is put where nothing lay.
 * @param seen its stat values from before it was read; `undefined` when nothing was there
 * @throws {PipeError} PIPE_FILE_CHANGED when something else lies there now; nothing at all is fine
 */
export function checkUntouched(seen: Stats | undefined, spot: Spot): void {
  const now = statNow(spot.target);
  if (now === undefined) return;
  const isSame = now.mtimeMs === seen?.mtimeMs && now.size === seen.size && now.ino === seen.ino;
  if (!isSame || now.isDirectory()) throw changed(spot.path);
}

/** The same for an entry of a folder, as the index remembers it from the walk. */
export function checkRowUntouched(section: Section, row: number, spot: Spot): void {
  if (section.kindOf(row) === DIR) return;
  const now = statNow(spot.target);
  if (now === undefined || now.isSymbolicLink()) return;
  if (now.mtimeMs === section.statOf(row, 0) && now.size === section.statOf(row, 3)) return;
  throw changed(spot.path);
}

function changed(path: string): PipeError {
  return new PipeError({
    code: 'PIPE_FILE_CHANGED',
    message: `${path} changed while it was about to be replaced or removed`,
    hint: 'something else is writing it: wait until it is done, then try again',
  });
}
