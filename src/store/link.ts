import type { Stats } from 'node:fs';
import { linkSync, symlinkSync } from 'node:fs';
import type { StatIndex } from '../index/stat-index.ts';
import type { Digest } from '../kit/digest.ts';

/** How a loose object comes into the workspace. */
export type LinkType = 'reflink' | 'hardlink' | 'symlink' | 'copy';

/** Which ways are tried, in this order, and what is known of the objects that links lead to. */
export interface Links {
  readonly types: readonly LinkType[];
  readonly trust: LinkTrust;
}

/**
 * Which objects were seen to hold the right bytes, and have not been touched since. What is linked can be edited in
 * place, so that an object with links is trusted only while inode, size and mtime are those of its record. ctime is
 * left out: every new link changes it.
 */
export interface LinkTrust {
  has(path: string, digest: Digest, stat: Stats): boolean;
  /** `at` is when the bytes were read, in ms since 1970. */
  add(path: string, digest: Digest, seen: { readonly stat: Stats; readonly at: number }): void;
}

/** Keeps the record in an index of its own, whose paths are absolute. */
export function linkTrust(index: StatIndex): LinkTrust {
  const untimed = (stat: Stats): Stats => Object.assign(Object.create(stat), { ctimeMs: stat.mtimeMs }) as Stats;
  return {
    has: (path, digest, stat) => index.lookup(path, untimed(stat)) === digest,
    add: (path, digest, { stat, at }) => {
      index.record(path, untimed(stat), { digest, at });
    },
  };
}

/** Errors that say that a disk, or two of them, cannot have such a link. */
const UNLINKABLE = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'EACCES', 'ENOSYS', 'EINVAL']);

/**
 * Links a file to an object; `false` where the disk cannot do it.
 * @throws what the system says of anything else, such as EEXIST
 */
export function linkObject(type: 'hardlink' | 'symlink', source: string, target: string): boolean {
  try {
    if (type === 'hardlink') linkSync(source, target);
    else symlinkSync(source, target);
    return true;
  } catch (error) {
    if (!UNLINKABLE.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return false;
  }
}
