import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../kit/make-folder.ts';
import { systemFault } from '../kit/system-fault.ts';
import type { StoreLayout } from './layout.ts';
import { putBack } from './limbo.ts';

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
