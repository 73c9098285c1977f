import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** Everybody in the group may write; what is made inside belongs to the same group. */
const SHARED = 0o2775;

/**
 * Makes a folder and those above it that are missing; what is there already stays as it is.
 * @param path absolute
 * @param shared whether the group may write into those that are made, whatever the umask says
 */
export function makeFolder(path: string, { shared }: { readonly shared: boolean }): void {
  const first = makeAll(path);
  if (!shared || first === undefined) return;
  for (let at = path; ; at = dirname(at)) {
    chmodSync(at, SHARED);
    if (at === first || at === dirname(at)) return;
  }
}

function makeAll(path: string): string | undefined {
  try {
    return mkdirSync(path, { recursive: true });
  } catch (error) {
    // So Node.js says of a disk that is read-only (EROFS).
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') mkdirSync(path);
    throw error;
  }
}
