import { statSync } from 'node:fs';

/**
 * Tells a folder from another one that is made in its place later; empty where nothing is.
 * @param absolute an absolute path
 */
export function folderIdentity(absolute: string): string {
  const stat = statSync(absolute, { throwIfNoEntry: false });
  return stat === undefined ? '' : `${String(stat.dev)} ${String(stat.ino)} ${String(stat.birthtimeMs)}`;
}
