import { renameSync } from 'node:fs';
import { removeTree } from '../kit/remove-tree.ts';
import { temporaryBeside } from '../kit/temporary.ts';

/** A file replaces a file in one step; a folder cannot be replaced, so the old one is moved away first. */
export function swap(temporary: string, target: string, isFolder: boolean): void {
  if (!isFolder) {
    try {
      renameSync(temporary, target);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EISDIR' && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    }
  }
  const old = temporaryBeside(target);
  try {
    renameSync(target, old);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  renameSync(temporary, target);
  removeTree(old);
}
