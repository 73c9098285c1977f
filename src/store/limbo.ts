import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { ownedName, thisOwner } from '../kit/owner.ts';
import { systemFault } from '../kit/system-fault.ts';
import { namesIn } from '../kit/temporary.ts';
import { makeFolder } from '../kit/make-folder.ts';
import type { StoreLayout } from './layout.ts';
import { isStorePath } from './layout.ts';

/**
 * Where things go on their way out of a store, until it is sure that no process has just begun to rely on them. Names
 * tell where they came from: the path with `+` for its separators.
 */
export interface Limbo {
  /** Moves a file of the store aside; `false` when it is not there. */
  take(path: string): boolean;
  /** Everything that lies here: where it lies, and where it came from. */
  taken(): { readonly path: string; readonly from: string }[];
  /** Puts back what lies here still, after a failure, and removes the folder. */
  close(): void;
}

/** A new limbo of this process. */
export function openLimbo(layout: StoreLayout): Limbo {
  const folder = join(layout.limbo, ownedName(thisOwner()));
  makeFolder(folder, layout);
  return {
    take(path) {
      const name = relative(layout.base, path).replaceAll(sep, '+');
      return renamed(path, join(folder, name));
    },
    taken: () => contents(layout, folder),
    close() {
      try {
        emptyLimbo(layout, basename(folder));
      } catch (error) {
        // The next one that writes puts it back.
        if (systemFault(error) === undefined) throw error;
      }
    },
  };
}

/** Puts back what a process that is gone had taken. */
export function emptyLimbo(layout: StoreLayout, name: string): void {
  const folder = join(layout.limbo, name);
  for (const { path, from } of contents(layout, folder)) putBack(path, from);
  rmSync(folder, { recursive: true, force: true });
}

/** Moves a file to where it came from, unless somebody has put the same there since. */
export function putBack(path: string, from: string): void {
  if (existsSync(from)) {
    rmSync(path, { force: true });
    return;
  }
  mkdirSync(dirname(from), { recursive: true });
  renamed(path, from);
}

function contents(layout: StoreLayout, folder: string): { path: string; from: string }[] {
  return namesIn(folder).flatMap((name) => {
    const from = name.replaceAll('+', '/');
    // Anybody may have put a name there that leads elsewhere.
    return isStorePath(from) ? [{ path: join(folder, name), from: join(layout.base, from) }] : [];
  });
}

function renamed(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
