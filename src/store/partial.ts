import { lstatSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../kit/digest.ts';
import { parseDigest } from '../kit/digest.ts';
import { namesIn } from '../kit/temporary.ts';
import type { StoreLayout } from './layout.ts';
import { hexOf } from './layout.ts';

/**
 * The beginnings of large objects whose download was interrupted, so that the next one goes on. Nothing in them is
 * believed: whoever goes on hashes all of it. While one is written, it is its process' own temporary file; what is left
 * of it lies in `tmp` under the digest of the object.
 */

const PARTIAL = '.partial';

/** What nobody has gone on with for so long goes, in milliseconds. */
const OLD_MS = 7 * 86_400_000;

/** How the name of a temporary file ends that the beginning of an object is written to. */
export function partialEnd(digest: Digest): string {
  return `.${hexOf(digest)}`;
}

/** The object whose beginning a temporary file has, by its name; `undefined` for other files. */
export function partialOfTemporary(name: string): Digest | undefined {
  const [, hex] = /\.([0-9a-f]{64})$/.exec(name) ?? [];
  return hex === undefined ? undefined : parseDigest(`b3:${hex}`);
}

/**
 * Moves the beginning of an object that was left to `target`, where it is the caller's alone.
 * @returns its bytes; 0 where there is none, and nothing lies at `target` then
 */
export function claimPartial(layout: Pick<StoreLayout, 'tmp'>, digest: Digest, target: string): number {
  return claimAt(ownPlace(layout, digest), target) || claimAt(placeOf(layout, digest), target);
}

function claimAt(left: string, target: string): number {
  try {
    if (!isOurs(left)) return 0;
    renameSync(left, target);
    // Somebody else might have put another one there meanwhile, and write to it after it was hashed.
    const size = isOurs(target) ? lstatSync(target).size : 0;
    if (size === 0) rmSync(target, { recursive: true, force: true });
    return size;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EACCES' || code === 'EPERM') return 0;
    throw error;
  }
}

function isForeign(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined && !isOurs(path);
}

function isOurs(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.nlink === 1 && stat.uid === process.getuid?.();
}

function placeOf({ tmp }: Pick<StoreLayout, 'tmp'>, digest: Digest): string {
  return join(tmp, `${hexOf(digest)}${PARTIAL}`);
}

/** Where a user leaves a beginning when that of somebody else, who shares the cache, is in the way. */
function ownPlace({ tmp }: Pick<StoreLayout, 'tmp'>, digest: Digest): string {
  return join(tmp, `${hexOf(digest)}.${String(process.getuid?.() ?? 0)}${PARTIAL}`);
}

/**
 * Leaves the beginning of an object, a file in `tmp`, to whoever goes on. Of two of one user the longer one stays; that of
 * another user, which this one could not go on with, is left alone.
 */
export function leavePartial(layout: Pick<StoreLayout, 'tmp'>, digest: Digest, file: string): void {
  const usual = placeOf(layout, digest);
  const place = isForeign(usual) ? ownPlace(layout, digest) : usual;
  const size = (path: string): number => lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size(file) > size(place)) renameSync(file, place);
  else rmSync(file, { force: true });
}

/** Removes what nobody has gone on with for a week. */
export function removeOldPartials({ tmp }: Pick<StoreLayout, 'tmp'>, now: number): void {
  for (const name of namesIn(tmp)) {
    const path = join(tmp, name);
    if (!name.endsWith(PARTIAL)) continue;
    const written = lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now;
    if (now - written > OLD_MS) rmSync(path, { recursive: true, force: true });
  }
}
