import { randomBytes } from 'node:crypto';
import { lstatSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest, RawDigest } from '../kit/digest.ts';
import { parseDigest } from '../kit/digest.ts';
import { makeFolder } from '../kit/make-folder.ts';
import { systemFault } from '../kit/system-fault.ts';
import { namesIn } from '../kit/temporary.ts';
import type { StoreLayout } from './layout.ts';
import { putBack } from './limbo.ts';

/** For so long wrong bytes lie in the quarantine in any case, for whoever wants to look into them. */
const QUARANTINE_DAYS = 14;

const DAY_MS = 86_400_000;

/** The name of an object in the quarantine; those of packs and run records are others. */
const OBJECT = /^([0-9a-f]{64})-[0-9a-f]{8}$/;

/** The objects that wrong bytes of lie in the quarantine. */
export function quarantined({ quarantine }: Pick<StoreLayout, 'quarantine'>): Set<Digest> {
  const hexes = namesIn(quarantine).map((name) => OBJECT.exec(name)?.[1]);
  return new Set(hexes.flatMap((hex) => parseDigest(`b3:${hex ?? ''}`) ?? []));
}

/**
 * What has lain in the quarantine for {@link QUARANTINE_DAYS} and is of no use any more, absolute paths.
 * @param isLacking whether right bytes of an object are wanted still
 */
export function* outdatedQuarantine(
  { quarantine }: Pick<StoreLayout, 'quarantine'>,
  { now, isLacking }: { readonly now: number; readonly isLacking: (digest: RawDigest) => boolean },
): Generator<string> {
  for (const name of namesIn(quarantine)) {
    const path = join(quarantine, name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    // What is moved keeps its mtime.
    if (stat === undefined || now - Math.max(stat.mtimeMs, stat.ctimeMs) < QUARANTINE_DAYS * DAY_MS) continue;
    const [, hex] = OBJECT.exec(name) ?? [];
    if (hex === undefined || !isLacking(Buffer.from(hex, 'hex'))) yield path;
  }
}

/** A new name in the quarantine. */
function placeAside(layout: Pick<StoreLayout, 'quarantine'>, name: string): string {
  return join(layout.quarantine, `${name}-${randomBytes(4).toString('hex')}`);
}

/** Puts wrong bytes into the quarantine; returns where, `undefined` where the store cannot be changed. */
export function copyAside(layout: StoreLayout, name: string, bytes: Uint8Array): string | undefined {
  const path = placeAside(layout, name);
  try {
    makeFolder(layout.quarantine, layout);
    writeFileSync(path, bytes);
    return path;
  } catch (error) {
    if (systemFault(error) === undefined) throw error;
    return undefined;
  }
}

/**
 * Moves a damaged file of the store aside; whoever looked at it may have done so long ago, so what was moved is looked at
 * once more, and put back if somebody put it right meanwhile.
 * @param isRight told where the file lies now; a disk that cannot read it makes it wrong
 * @returns where it lies; `right` when it stays, `gone` when another process was first
 * @throws what the system says where the store cannot be changed
 */
export function moveAside(
  layout: StoreLayout,
  { path, name }: { readonly path: string; readonly name: string },
  isRight: (path: string) => boolean,
): { readonly movedTo: string } | 'right' | 'gone' {
  const movedTo = placeAside(layout, name);
  makeFolder(layout.quarantine, layout);
  try {
    renameSync(path, movedTo);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'gone';
    throw error;
  }
  if (!isReadableAndRight(movedTo, isRight)) return { movedTo };
  putBack(movedTo, path);
  return 'right';
}

function isReadableAndRight(path: string, isRight: (path: string) => boolean): boolean {
  try {
    return isRight(path);
  } catch (error) {
    if (systemFault(error) === undefined) throw error;
    return false;
  }
}
