import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../kit/digest.ts';
import { writeDisposable } from '../kit/disposable-file.ts';
import { systemFault } from '../kit/system-fault.ts';
import { isAlive } from '../kit/owner.ts';
import { namesIn, temporaryPid } from '../kit/temporary.ts';
import { hexOf } from '../store/layout.ts';

/**
 * A file of tables, by its name; the tables at the ends of packs; the keys that the last push relied on; the lease that
 * it left.
 */
type Remembered = Digest | (typeof NAMED)[number];

const NAMED = ['tails', 'relied', 'lease'] as const;

/** What is remembered of a remote: files that anybody may have changed, to be checked as those of the remote. */
export interface TableCache {
  readonly read: (name: Remembered) => Buffer | undefined;
  readonly write: (name: Remembered, pieces: readonly Buffer[]) => void;
  /** Forgets all other files of tables. */
  readonly keep: (names: Iterable<Digest>) => void;
}

/** Opens what is remembered in a folder of the user's cache; without one, nothing is remembered. */
export function openTableCache(folder: string | undefined): TableCache {
  if (folder === undefined) return { read: () => undefined, write: () => undefined, keep: () => undefined };
  const tables = join(folder, 'tables');
  const pathOf = (name: Remembered): string => join(tables, hexOf(name as Digest));
  return {
    read: (name) => readIfThere(pathOf(name)),
    write: (name, pieces) => {
      writeDisposable(pathOf(name), pieces);
    },
    keep(names) {
      const kept = new Set<string>([...NAMED, ...[...names].map(hexOf)]);
      for (const name of namesIn(tables)) {
        // Another process may be about to give its file its name.
        if (!kept.has(name) && !isBeingWritten(name)) removeQuietly(join(tables, name));
      }
    },
  };
}

/** Whether a name is that of a file which a process that still runs has not finished. */
function isBeingWritten(name: string): boolean {
  const pid = temporaryPid(name);
  return pid !== undefined && isAlive(pid);
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || systemFault(error) !== undefined) return undefined;
    throw error;
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    if (systemFault(error) === undefined) throw error;
  }
}
