import type { Stats } from 'node:fs';
import type { Digest } from '../kit/digest.ts';
import { hexOf } from './layout.ts';

/** Below the microsecond, systems and Node.js round in several ways: the middle of one is aimed at. */
const HALF_US = 0.5;

/** Microseconds of a second that a digest stands for. */
function microsOf(digest: Digest): number {
  return Number.parseInt(hexOf(digest).slice(0, 8), 16) % 1_000_000;
}

/**
 * The time, in seconds since 1970, that an object's file is given as its mtime: a moment ago, with the microseconds that
 * its digest stands for. Whoever writes to the file sets others, so that everybody can see that it was left alone.
 */
export function markedTime(digest: Digest, nowMs: number): number {
  // In the past, as that of a file that does not change any more.
  return Math.floor(nowMs / 1000) - 2 + (microsOf(digest) + HALF_US) / 1_000_000;
}

/** Whether a file with these stat values has been left alone since it was made for a digest. */
export function isMarked(digest: Digest, { mtimeMs }: Pick<Stats, 'mtimeMs'>): boolean {
  return Math.abs((mtimeMs % 1000) * 1000 - (microsOf(digest) + HALF_US)) < 1;
}
