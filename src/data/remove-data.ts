import { rmdirSync, rmSync } from 'node:fs';
import { DIR } from '../index/section.ts';
import type { Engine } from '../run/engine.ts';
import type { Entry } from '../store/tree.ts';
import { absoluteOf } from './workspace.ts';

/**
 * Removes from the workspace what `lookAt` has just seen at a path. Files that `.pipeignore` leaves out stay, and so do
 * the folders around them.
 */
export function removeData(engine: Engine, path: string, present: Entry | undefined): void {
  if (present === undefined) return;
  if (present.kind === 'dir') removeFolder(engine, path);
  else rmSync(absoluteOf(engine.project, path), { force: true });
}

function removeFolder(engine: Engine, path: string): void {
  for (const section of engine.index.folder(path).sections) {
    for (const [row, name] of section.names.entries()) {
      const child = `${path}/${name}`;
      if (section.kindOf(row) === DIR) removeFolder(engine, child);
      else rmSync(absoluteOf(engine.project, child), { force: true });
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
