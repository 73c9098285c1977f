import { chmodSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Removes a file or folder, also one whose folders are not writable. */
export function removeTree(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') return; // a file lies above: nothing lies here
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    unlockFolders(path);
    rmSync(path, { recursive: true, force: true });
  }
}

/** Lets the owner change a folder and all folders below it; never one above, and never through a link. */
function unlockFolders(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return;
  chmodSync(path, 0o700);
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) unlockFolders(join(path, entry.name));
  }
}
