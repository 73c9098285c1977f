import {
  constants,
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** Ways for a file to come out of the cache, other than a copy. */
export type LinkType = 'reflink' | 'hardlink' | 'symlink';

const LINKS: Readonly<Record<LinkType, (from: string, to: string) => void>> = {
  reflink: (from, to) => {
    copyFileSync(from, to, constants.COPYFILE_FICLONE_FORCE);
  },
  hardlink: linkSync,
  symlink: symlinkSync,
};

/** What systems answer when a disk cannot do it, or two disks cannot together. */
const UNABLE = new Set(['ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'EINVAL', 'ENOSYS', 'ENOTTY', 'EPERM', 'EACCES', 'EMLINK']);

/**
 * Finds out by trying which links work from one folder into another; both exist and can be written. Leaves nothing.
 * @returns the kinds that work, cheapest first
 */
export function workingLinks(from: string, to: string): LinkType[] {
  const source = mkdtempSync(join(from, '.pipe-tmp-link-'));
  const target = mkdtempSync(join(to, '.pipe-tmp-link-'));
  try {
    const file = join(source, 'file');
    writeFileSync(file, 'linked');
    const kinds = Object.keys(LINKS) as LinkType[];
    return kinds.filter((kind) =>
      works(() => {
        LINKS[kind](file, join(target, kind));
        return readFileSync(join(target, kind), 'utf8') === 'linked';
      }),
    );
  } finally {
    for (const folder of [source, target]) rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether names that differ only in case, or only in Unicode form, are one file in a folder. */
export function foldedNames(folder: string): { readonly case: boolean; readonly unicode: boolean } {
  const probe = mkdtempSync(join(folder, '.pipe-tmp-name-'));
  const isOne = (a: string, b: string): boolean => {
    mkdirSync(join(probe, a));
    return !works(() => {
      mkdirSync(join(probe, b));
      return true;
    }, 'EEXIST');
  };
  try {
    return { case: isOne('a', 'A'), unicode: isOne('\u00e9', 'e\u0301') };
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
}

function works(attempt: () => boolean, expected?: string): boolean {
  try {
    return attempt();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === expected || (expected === undefined && UNABLE.has(code))) return false;
    throw error;
  }
}
