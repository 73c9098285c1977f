import { rmdirSync, rmSync } from 'node:fs';
import { DIR } from '../index/section.ts';
import type { Engine } from '../run/engine.ts';
import { checkRowUntouched, checkUntouched } from '../store/untouched.ts';
import type { Seen } from './workspace.ts';
import { absoluteOf } from './workspace.ts';

/**
 * Removes from the workspace what was seen at a path. Files that `.pipeignore` leaves out stay, and so do the folders
 * around them.
 * @throws {PipeError} PIPE_FILE_CHANGED at the first file that was touched since
 */
export function removeData(engine: Engine, path: string, seen: Seen | undefined): void {
  if (seen?.entry === undefined) return;
  if (seen.entry.kind === 'dir') {
    removeFolder(engine, path);
    return;
  }
  const target = absoluteOf(engine.project, path);
  checkUntouched(seen.stat, { target, path });
  rmSync(target, { force: true });
}

function removeFolder(engine: Engine, path: string): void {
  for (const section of engine.index.folder(path).sections) {
    for (const [row, name] of section.names.entries()) {
      const child = `${path}/${name}`;
      if (section.kindOf(row) === DIR) removeFolder(engine, child);
      else {
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
