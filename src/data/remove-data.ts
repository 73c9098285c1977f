import { rmdirSync, rmSync } from 'node:fs';
import { DIR } from '../index/section.ts';
import { takeTurn } from '../kit/turn.ts';
import type { Engine } from '../run/engine.ts';
import { checkRowUntouched, checkUntouched } from '../store/untouched.ts';
import type { Seen } from './workspace.ts';
import { absoluteOf } from './workspace.ts';

/** After so many files others have their turn. */
const TURN_FILES = 256;

/** What is to go. */
export interface Going {
  /** As it was seen; nothing goes where nothing was. */
  readonly seen: Seen | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Removes from the workspace what was seen at a path. Files that `.pipeignore` leaves out stay, and so do the folders
 * around them.
 * @throws {PipeError} PIPE_FILE_CHANGED at the first file that was touched since; an AbortError: the rest stays
 */
export async function removeData(engine: Engine, path: string, { seen, signal }: Going): Promise<void> {
  if (seen?.entry === undefined) return;
  if (seen.entry.kind === 'dir') {
    await removeFolder(engine, path, { files: 0, signal });
    return;
  }
  const target = absoluteOf(engine.project, path);
  checkUntouched(seen.stat, { target, path });
  rmSync(target, { force: true });
}

interface Removing {
  /** How many are gone so far. */
  files: number;
  readonly signal: AbortSignal | undefined;
}

async function removeFolder(engine: Engine, path: string, removing: Removing): Promise<void> {
  for (const section of engine.index.folder(path).sections) {
    for (const [row, name] of section.names.entries()) {
      const child = `${path}/${name}`;
      if (section.kindOf(row) === DIR) await removeFolder(engine, child, removing);
      else {
        if ((removing.files += 1) % TURN_FILES === 0) await takeTurn(removing.signal);
        const target = absoluteOf(engine.project, child);
        checkRowUntouched(section, row, { target, path: child });
        rmSync(target, { force: true });
      }
    }
  }
  engine.index.recordFolder(path, []);
  try {
    rmdirSync(absoluteOf(engine.project, path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT') throw error;
  }
}
