import type { Entry } from '../store/tree.ts';
import type { LockEntry } from './block.ts';

/** How the lock writes what lies at a path. */
export function lockEntry(path: string, entry: Entry): LockEntry {
  return {
    path,
    digest: entry.digest,
    size: entry.size,
    ...(entry.kind === 'dir' ? { files: entry.files } : {}),
    ...(entry.kind === 'exec' ? { exec: true } : {}),
    ...(entry.kind === 'link' ? { link: true } : {}),
  };
}

/** What a line of the lock says lies at its path. */
export function entryOf(locked: LockEntry): Entry {
  const { digest, size, files } = locked;
  if (files !== undefined) return { kind: 'dir', digest, size, files };
  return { kind: locked.exec === true ? 'exec' : locked.link === true ? 'link' : 'file', digest, size };
}
