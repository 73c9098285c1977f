import { randomBytes } from 'node:crypto';
import { lstatSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { removeTree } from './remove-tree.ts';

/** How names begin of what is not finished yet; they never count as data. */
export const TEMPORARY_PREFIX = '.pipe-tmp-';

/** A new name beside `path`, on the same disk, to be renamed when it is finished. It tells the process that made it. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `${prefixOf(process.pid)}${randomBytes(6).toString('hex')}`);
}

/** Removes from a folder what a process that is gone has not finished. */
export function removeTemporaries(folder: string, pid: number): void {
  for (const name of namesIn(folder)) {
    if (name.startsWith(prefixOf(pid))) removeTree(join(folder, name));
  }
}

/** The same for a path and all folders below it; what lies behind symbolic links is left alone. */
export function removeTemporariesBelow(path: string, pid: number): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const below = join(path, entry.name);
    if (entry.name.startsWith(prefixOf(pid))) removeTree(below);
    else if (entry.isDirectory()) removeTemporariesBelow(below, pid);
  }
}

/** The process that made a name of {@link temporaryBeside}; `undefined` for other names. */
export function temporaryPid(name: string): number | undefined {
  const [, pid] = /^-([1-9]\d{0,9})-[0-9a-f]+$/.exec(name.slice(TEMPORARY_PREFIX.length - 1)) ?? [];
  return name.startsWith(TEMPORARY_PREFIX) && pid !== undefined ? Number(pid) : undefined;
}

function prefixOf(pid: number): string {
  return `${TEMPORARY_PREFIX}${String(pid)}-`;
}

/** The names in a folder; none where there is no folder. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
