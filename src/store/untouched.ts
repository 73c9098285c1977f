import type { Stats } from 'node:fs';
import { lstatSync } from 'node:fs';
import type { Section } from '../index/section.ts';
import { DIR, KINDS } from '../index/section.ts';
import { PipeError } from '../problem/problem.ts';
import { linkedFile } from './link.ts';

const LINK = KINDS.indexOf('link');

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
  if (now === undefined || isAsWalked(section, row, { now, target: spot.target })) return;
  throw changed(spot.path);
}

function isAsWalked(section: Section, row: number, { now, target }: { now: Stats; target: string }): boolean {
  const [mtimeMs, ino, size] = [0, 2, 3].map((column) => section.statOf(row, column));
  const isSeen = (stat: Stats): boolean => stat.mtimeMs === mtimeMs && stat.size === size;
  if (!now.isSymbolicLink()) return isSeen(now);
  // A link itself, which some disks say another length of than its target has; or what a link to an object leads to.
  if (now.mtimeMs === mtimeMs && now.ino === ino) return true;
  const leads = section.kindOf(row) === LINK ? undefined : linkedFile(target);
  return leads !== undefined && leads.ino === ino && isSeen(leads);
}

function changed(path: string): PipeError {
  return new PipeError({
    code: 'PIPE_FILE_CHANGED',
    message: `${path} changed while it was about to be replaced or removed`,
    hint: 'something else is writing it: wait until it is done, then try again',
  });
}
