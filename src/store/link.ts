import type { Stats } from 'node:fs';
import { linkSync, realpathSync, symlinkSync } from 'node:fs';
import type { StatIndex } from '../index/stat-index.ts';
import type { Digest } from '../kit/digest.ts';

/** How a loose object comes into the workspace. */
export type LinkType = 'reflink' | 'hardlink' | 'symlink' | 'copy';

/** Which ways are tried, in this order. */
export interface Links {
  readonly types: readonly LinkType[];
  /** Told that the system does not let this user link to an object, so that the next way is taken. */
  readonly onRefused?: (() => void) | undefined;
}

/**
 * Which objects were seen to hold the right bytes, and have not been touched since. What is linked can be edited in
 * place, so that an object with links is trusted only while inode, size and mtime are those of its record. ctime is
 * left out: every new link changes it.
 */
export interface LinkTrust {
  /** What the record of an object says of one with these stat values; `unknown` when there is no record. */
  judge(path: string, digest: Digest, stat: Stats): 'right' | 'touched' | 'unknown';
  /** `at` is when the bytes were read, in ms since 1970. */
  add(path: string, digest: Digest, seen: { readonly stat: Stats; readonly at: number }): void;
}

/** Keeps the record in an index of its own, whose paths are absolute. */
export function linkTrust(index: StatIndex): LinkTrust {
  const untimed = (stat: Stats): Stats => Object.assign(Object.create(stat), { ctimeMs: stat.mtimeMs }) as Stats;
  return {
    judge(path, digest, stat) {
      if (!index.knows(path)) return 'unknown';
      return index.lookup(path, untimed(stat)) === digest ? 'right' : 'touched';
    },
    add: (path, digest, { stat, at }) => {
      index.record(path, untimed(stat), { digest, at });
    },
  };
}

/** Trusts nothing: each object is read before it is linked. */
export const NO_TRUST: LinkTrust = { judge: () => 'unknown', add: () => undefined };

/** Errors that say that a disk, or two of them, cannot have such a link, or not for this user. */
const UNLINKABLE = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'EACCES', 'ENOSYS', 'EINVAL']);

/**
 * Links a file to an object.
 * @returns the code of the error that says why the disk cannot do it; `undefined` when it is done
 * @throws what the system says of anything else, such as EEXIST
 */
export function linkObject(type: 'hardlink' | 'symlink', source: string, target: string): string | undefined {
  try {
    if (type === 'hardlink') linkSync(source, target);
    else symlinkSync(source, target);
    return undefined;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!UNLINKABLE.has(code)) throw error;
    return code;
  }
}

/** The end of an object's path: `<2 hex>/<62 hex>`. */
const OBJECT = /^(\/.*)\/[0-9a-f]{2}\/[0-9a-f]{62}$/;

/** Whether the text of a symbolic link names an object of the store whose loose objects lie in `looseFolder`. */
export function leadsToObject(text: string, looseFolder: string): boolean {
  const folder = OBJECT.exec(text)?.[1];
  if (folder === undefined) return false;
  return folder === looseFolder || realFolder(folder) === (realFolder(looseFolder) ?? looseFolder);
}

function realFolder(folder: string): string | undefined {
  try {
    return realpathSync(folder);
  } catch {
    return undefined;
  }
}
