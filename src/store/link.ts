import type { Stats } from 'node:fs';
import { accessSync, constants, linkSync, readlinkSync, realpathSync, statSync, symlinkSync } from 'node:fs';
import type { KeptStat, StatIndex } from '../index/stat-index.ts';
import type { Digest } from '../kit/digest.ts';
import { parseDigest } from '../kit/digest.ts';

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
  /** Whether there is a record of an object. */
  knows(path: string): boolean;
  /** What the record of an object says of one with these stat values; `unknown` when there is no record. */
  judge(path: string, digest: Digest, stat: Stats): 'right' | 'touched' | 'unknown';
  /** `at` is when the bytes were read, in ms since 1970. */
  add(path: string, digest: Digest, seen: { readonly stat: Stats; readonly at: number }): void;
}

/** Keeps the record in an index of its own, whose paths are absolute. */
export function linkTrust(index: StatIndex): LinkTrust {
  const untimed = ({ mtimeMs, ino, size }: Stats): KeptStat => ({ mtimeMs, ctimeMs: mtimeMs, ino, size });
  return {
    knows: (path) => index.knows(path),
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
export const NO_TRUST: LinkTrust = { knows: () => false, judge: () => 'unknown', add: () => undefined };

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

/** What the text of a symbolic link says that names an object. */
export interface ObjectLink {
  /** The object's, by its name. What lies there may be something else. */
  readonly digest: Digest;
  /** The folder of loose objects that it leads to, absolute. */
  readonly folder: string;
  /** Whether that is the cache in use: pipe made the link, and may read through it. Any other link may be a trap. */
  readonly isOwn: boolean;
}

/** The path of an object: `<loose>/<2 hex>/<62 hex>`. */
const OBJECT = /^(\/.*)\/([0-9a-f]{2})\/([0-9a-f]{62})$/s;

/** How the folder of loose objects of any cache ends. */
const LOOSE = '/v1/loose';

/**
 * What a symbolic link says that leads to a loose object, be it of the cache in use or of one at another place: caches
 * and projects are moved. `undefined` for links of users.
 * @param looseFolder that of the cache in use, absolute; without one, every cache is another one
 */
export function objectLink(text: string, looseFolder: string | undefined): ObjectLink | undefined {
  const [, folder = '', shard = '', rest = ''] = OBJECT.exec(text) ?? [];
  const digest = parseDigest(`b3:${shard}${rest}`);
  if (digest === undefined) return undefined;
  const isOwn = looseFolder !== undefined && isSameFolder(folder, looseFolder);
  return isOwn || folder.endsWith(LOOSE) ? { digest, folder, isOwn } : undefined;
}

/** The same for what lies at a path (absolute), if it is a symbolic link. */
export function objectLinkAt(path: string, looseFolder: string | undefined): ObjectLink | undefined {
  try {
    return objectLink(readlinkSync(path), looseFolder);
  } catch (error) {
    // It is gone, or something else by now.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EINVAL' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** The stat values of the file that a link to an object leads to; `undefined` where there is none that can be read. */
export function linkedFile(path: string): Stats | undefined {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isFile() !== true) return undefined;
    accessSync(path, constants.R_OK);
    return stat;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (UNREADABLE.has(code)) return undefined;
    throw error;
  }
}

/** A link into the cache of somebody else may lead where this user must not look. */
const UNREADABLE = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG']);

function isSameFolder(folder: string, looseFolder: string): boolean {
  return folder === looseFolder || realFolder(folder) === (realFolder(looseFolder) ?? looseFolder);
}

function realFolder(folder: string): string | undefined {
  try {
    return realpathSync(folder);
  } catch {
    return undefined;
  }
}
