import { appendFileSync, chmodSync } from 'node:fs';
import { writeFileAtomic } from '../kit/atomic-file.ts';
import type { Digest } from '../kit/digest.ts';
import type { StoreLayout } from './layout.ts';

/** For a group, whatever the umask says. */
const GROUP_FILE = 0o664;

/**
 * Writes a file of a store in one step, so that all who share the store can read it.
 * @throws {PipeError} PIPE_FILE_WRITE
 */
export function writeShared({ shared }: Pick<StoreLayout, 'shared'>, path: string, content: string | Uint8Array): void {
  writeFileAtomic(path, content);
  if (shared) shareFile(path);
}

/** Lets the group read and write a file. That of somebody else is left as it is: its owner has done so. */
export function shareFile(path: string): void {
  try {
    chmodSync(path, GROUP_FILE);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EPERM' && code !== 'ENOENT') throw error;
  }
}

/** Says of what a pack holds wrong bytes: hex digests, a line each. */
export function noteBad(layout: Pick<StoreLayout, 'shared' | 'bad'>, pack: Digest, lines: string): void {
  const file = layout.bad(pack);
  appendFileSync(file, lines);
  if (layout.shared) shareFile(file);
}
